from __future__ import annotations

import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

validate_code = RegexValidator(
    r"^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]\Z",
    _("Use 3 to 32 small letters, digits and hyphens; it becomes part of the address."),
)


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone."), code="time_zone", params={"value": value})
