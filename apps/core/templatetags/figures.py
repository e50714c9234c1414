"""How figures, times, icons and links are written on every page.

Figures look the same in Chinese and English: thousands separated by commas, a true minus (−), half rounded
up. Nothing to show is a dash, never an empty cell.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import template
from django.conf import settings
from django.http import QueryDict
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

DASH = "—"
MINUS = "\u2212"
SYMBOLS = {"CNY": "¥", "HKD": "HK$", "TWD": "NT$", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥"}
FULL_CERTAINTY = ((Decimal("0.9"), 4), (Decimal("0.7"), 3), (Decimal("0.4"), 2))


def _number(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _write(number: Decimal, *, places: int | None = None, plus: bool = False, symbol: str = "") -> str:
    if places is not None:
        number = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    digits = f"{abs(number):,f}"
    if places is None and "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    sign = MINUS if number < 0 else "+" if plus and number > 0 else ""
    return f"{sign}{symbol}{digits}"


@register.filter
def quantity(value: Any) -> str:
    """1234.5000 -> 1,234.5, without a plus and without zeros that say nothing."""
    number = _number(value)
    return DASH if number is None else _write(number)


@register.filter
def signed(value: Any) -> str:
    """A difference: −40, +16, and 0 as 0."""
    number = _number(value)
    return DASH if number is None else _write(number, plus=True)


@register.filter
def money(value: Any, currency: str | None = "CNY") -> str:
    """−¥1,072.00; the currency is a code, one without a sign of its own stands before the number."""
    return _money(value, currency, plus=False)


@register.filter
def signed_money(value: Any, currency: str | None = "CNY") -> str:
    """+¥1,072.00, for differences."""
    return _money(value, currency, plus=True)


def _money(value: Any, currency: str | None, *, plus: bool) -> str:
    number = _number(value)
    code = currency or "CNY"
    return DASH if number is None else _write(number, places=2, plus=plus, symbol=SYMBOLS.get(code, f"{code} "))


@register.filter
def percent(value: Any, places: int = 1) -> str:
    """A ratio as a percentage: 0.0333 -> 3.3%."""
    return _percent(value, places, plus=False)


@register.filter
def signed_percent(value: Any, places: int = 1) -> str:
    return _percent(value, places, plus=True)


def _percent(value: Any, places: int, *, plus: bool) -> str:
    number = _number(value)
    return DASH if number is None else _write(number * 100, places=places, plus=plus) + "%"


@register.filter
def share(part: Any, whole: Any) -> str:
    """Part of a whole as a width for drawings: 0 to 100 with a point in every language, 0 of nothing."""
    part_number, whole_number = _number(part) or Decimal(0), _number(whole) or Decimal(0)
    if not whole_number:
        return "0"
    ratio = min(max(part_number / whole_number, Decimal(0)), Decimal(1))
    return str((ratio * 100).quantize(Decimal("0.01"), ROUND_HALF_UP))


@register.filter
def tone(value: Any) -> str:
    """The class that colours a difference. The sign says the same, colour is never alone."""
    number = _number(value)
    if not number:
        return ""
    return "loss" if number < 0 else "gain"


@register.filter
def certainty_level(value: Any) -> int:
    """Bars of the certainty meter: 4 from 90 %, 3 from 70 %, 2 from 40 %, else 1."""
    number = _number(value) or Decimal(0)
    return next((level for least, level in FULL_CERTAINTY if number >= least), 1)


@register.filter
def dash(value: Any) -> Any:
    """A dash for nothing; zero and False are something."""
    return DASH if value is None or value == "" else value


@register.filter
def moment(value: datetime | date | None, style: str = "full") -> str:
    """2023-12-30 18:00 in the current time zone; `moment:"short"` leaves out the year. A date stays one."""
    if value is None:
        return DASH
    day = "%m-%d" if style == "short" else "%Y-%m-%d"
    if not isinstance(value, datetime):
        return value.strftime(day)
    return _local(value).strftime(f"{day} %H:%M")


@register.filter
def day(value: datetime | date | None) -> str:
    """The date of a moment in the current time zone: 2023-12-30."""
    if value is None:
        return DASH
    return (_local(value) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


@register.filter
def minutes(value: timedelta | None) -> int:
    """A span of time in whole minutes, rounded up: who waits that long has waited enough."""
    return 0 if value is None else -(-int(value.total_seconds()) // 60)


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """A symbol of the sprite; `size` is "", "s" or "l". Decoration, unless it has a label."""
    voice = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="{}" {}><use href="{}#i-{}"/></svg>',
        f"i {size}".strip(),
        voice,
        static("stockcheck/icons.svg"),
        name,
    )


@register.simple_tag
def site_url(name: str, *args: Any, **kwargs: Any) -> str:
    """Link out of an organization to a page of the platform.

    Inside an organization the URLs and the script prefix are its own, where plain `{% url %}` stays.
    """
    prefix = get_script_prefix()
    set_script_prefix("/")
    try:
        return reverse(name, urlconf=settings.ROOT_URLCONF, args=args, kwargs=kwargs)
    finally:
        set_script_prefix(prefix)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """This page's query with changes; None or "" takes a parameter out.

    The page number is dropped unless it is what changes: another sort order or filter starts at page one.
    """
    request = context.get("request")
    parameters = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in {"page": None, **changes}.items():
        if value is None or value == "":
            parameters.pop(key, None)
        else:
            parameters[key] = value
    return "?" + parameters.urlencode()
