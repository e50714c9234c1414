from __future__ import annotations

import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

validate_code = RegexValidator(
    r"^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]\Z",
    _("Use 3 to 32 small letters, digits and hyphens; it becomes part of the address."),
)

validate_currency = RegexValidator(r"^[A-Z]{3}\Z", _("Use the currency's three letters, such as CNY."))


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone."), code="time_zone", params={"value": value})


def validate_language(value: str) -> None:
    if value not in dict(settings.LANGUAGES):
        raise ValidationError(
            _("“%(value)s” is not a language of this site."), code="language", params={"value": value}
        )
