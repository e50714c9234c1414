from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import set_script_prefix
from django.utils import timezone, translation

from apps.core.templatetags import figures


def written(source: str, **context: object) -> str:
    return Template("{% load figures %}" + source).render(Context(context))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    ("source", "value", "text"),
    [
        ("quantity", Decimal("1200.0000"), "1,200"),
        ("quantity", Decimal("1234.5600"), "1,234.56"),
        ("quantity", Decimal("-40.0000"), "−40"),
        ("quantity", Decimal("-0.0000"), "0"),
        ("quantity", Decimal("99999999999999.9999"), "99,999,999,999,999.9999"),
        ("quantity", 1000000, "1,000,000"),
        ("quantity", Decimal("1E+3"), "1,000"),
        ("quantity", None, "—"),
        ("quantity", "", "—"),
        ("quantity", Decimal("NaN"), "—"),
        ("quantity", "abc", "—"),
        ("signed", Decimal("-40"), "−40"),
        ("signed", Decimal("16.5000"), "+16.5"),
        ("signed", 0, "0"),
        ("signed", None, "—"),
        ("money", Decimal("-1072"), "−¥1,072.00"),
        ("money", Decimal("1895.8"), "¥1,895.80"),
        ("money", Decimal("-0.001"), "¥0.00"),
        ("money", Decimal("0.005"), "¥0.01"),
        ("money", Decimal("-0.005"), "−¥0.01"),
        ("money:'USD'", Decimal("3"), "$3.00"),
        ("money:'SGD'", Decimal("-3"), "−SGD 3.00"),
        ("money:''", Decimal("3"), "¥3.00"),
        ("money", None, "—"),
        ("signed_money", Decimal("10807.2"), "+¥10,807.20"),
        ("signed_money", 0, "¥0.00"),
        ("percent", Decimal("0.0333"), "3.3%"),
        ("percent:0", 0.88, "88%"),
        ("percent:2", Decimal("0.98654"), "98.65%"),
        ("percent", Decimal("-0.0001"), "0.0%"),
        ("signed_percent", Decimal("0.9375"), "+93.8%"),
        ("signed_percent", Decimal("-0.122"), "−12.2%"),
        ("percent", None, "—"),
        ("tone", Decimal("-1"), "loss"),
        ("tone", Decimal("0.0001"), "gain"),
        ("tone", 0, ""),
        ("tone", None, ""),
        ("dash", None, "—"),
        ("dash", "", "—"),
        ("dash", 0, "0"),
        ("certainty_level", Decimal("0.90"), "4"),
        ("certainty_level", Decimal("0.8999"), "3"),
        ("certainty_level", 0.4, "2"),
        ("certainty_level", 0, "1"),
        ("minutes", timedelta(seconds=61), "2"),
        ("minutes", None, "0"),
    ],
)
def test_figures_are_written_the_same_in_both_languages(language: str, source: str, value: object, text: str) -> None:
    with translation.override(language):
        assert written("{{ value|" + source + " }}", value=value) == text


@pytest.mark.parametrize(
    ("part", "whole", "width"),
    [(5, 13, "38.46"), (20, 10, "100.00"), (-1, 10, "0.00"), (1, 0, "0"), (None, 3, "0.00"), (1, None, "0")],
)
def test_a_share_is_a_width_whatever_it_is_made_of(part: object, whole: object, width: str) -> None:
    assert figures.share(part, whole) == width


def test_moments_are_told_in_the_current_zone() -> None:
    at = datetime(2023, 12, 30, 10, 0, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert figures.moment(at) == "2023-12-30 18:00"
        assert figures.moment(at, "short") == "12-30 18:00"
        assert figures.day(datetime(2023, 12, 30, 17, 0, tzinfo=UTC)) == "2023-12-31"
    assert figures.moment(date(2023, 12, 30)) == "2023-12-30"
    assert figures.moment(datetime(2023, 12, 30, 18, 0)) == "2023-12-30 18:00"
    assert (figures.moment(None), figures.day(None)) == ("—", "—")


def test_an_icon_is_silent_unless_it_has_a_label() -> None:
    assert written("{% icon 'home' 's' %}") == (
        '<svg class="i s" aria-hidden="true"><use href="/static/stockcheck/icons.svg#i-home"/></svg>'
    )
    assert written("{% icon 'warn' '' label %}", label="<late>") == (
        '<svg class="i" role="img" aria-label="&lt;late&gt;"><use href="/static/stockcheck/icons.svg#i-warn"/></svg>'
    )


def test_site_url_leads_out_of_an_organization() -> None:
    set_script_prefix("/o/alpha/")
    try:
        assert written("{% site_url 'account_login' %}") == "/accounts/login/"
        assert written("{% load static %}{% static 'x.css' %}") == "/static/x.css"
    finally:
        set_script_prefix("/")


@pytest.mark.parametrize(
    ("address", "source", "text"),
    [
        ("/?zone=A&page=3", "{% query sort='-value' %}", "?zone=A&amp;sort=-value"),
        ("/?zone=A&page=3", "{% query page=4 %}", "?zone=A&amp;page=4"),
        ("/?zone=A&zone=B", "{% query page=2 %}", "?zone=A&amp;zone=B&amp;page=2"),
        ("/?zone=A", "{% query zone=None %}", "?"),
        ("/?q=%E6%9D%AF", "{% query zone='' %}", "?q=%E6%9D%AF"),
    ],
)
def test_query_changes_what_it_is_told_and_starts_at_page_one(address: str, source: str, text: str) -> None:
    assert written(source, request=RequestFactory().get(address)) == text


def test_query_works_on_pages_without_a_request() -> None:
    assert written("{% query page=2 %}") == "?page=2"
