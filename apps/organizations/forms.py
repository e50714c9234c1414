from __future__ import annotations

import zoneinfo
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.organizations.enums import Role, TokenScope
from apps.organizations.models import Department, Member, Organization, User
from apps.organizations.selectors import operators, people, with_login
from apps.organizations.services import SUPPORT_DAYS
from apps.organizations.validators import validate_code, validate_currency, validate_time_zone

CURRENCIES = ("CNY", "HKD", "TWD", "USD", "EUR", "GBP", "JPY")


class RolesField(forms.MultipleChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple, **kwargs)


class _InOrganization(forms.Form):
    """Choices of rows are asked for when the form is made: then an organization is active."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = self.rows(name)

    def rows(self, name: str) -> Any:
        raise NotImplementedError


class MemberForm(_InOrganization):
    """A member's data; the staff code stands on documents and stays."""

    username = forms.CharField(
        label=_("staff code"), max_length=100, help_text=_("As it stands on documents and in files.")
    )
    name = forms.CharField(label=pgettext_lazy("person", "name"), max_length=100)
    email = forms.EmailField(label=_("e-mail"), required=False)
    department = forms.ModelChoiceField(None, label=_("department"), required=False)
    roles = RolesField(required=False)
    is_active = forms.BooleanField(label=_("active"), required=False, initial=True)

    def __init__(self, *args: Any, member: Member | None = None, **kwargs: Any) -> None:
        if member is not None:
            names = ("username", "name", "email", "department", "roles", "is_active")
            kwargs["initial"] = {name: getattr(member, name) for name in names}
        super().__init__(*args, **kwargs)
        if member is not None:
            self.fields["username"].disabled = True
        else:
            del self.fields["is_active"]

    def rows(self, name: str) -> Any:
        return Department.objects.all()


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("e-mail"))
    name = forms.CharField(label=pgettext_lazy("person", "name"), max_length=100)
    roles = RolesField()


def _zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(zoneinfo.available_timezones()) if "/" in name]


class OrganizationForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("time zone"), choices=_zones)
    currency = forms.ChoiceField(label=_("currency"), choices=[(code, code) for code in CURRENCIES])
    language = forms.ChoiceField(
        label=_("language"), choices=settings.LANGUAGES, help_text=_("Of mails and documents.")
    )

    class Meta:
        model = Organization
        fields = ["name", "time_zone", "currency", "language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.currency not in CURRENCIES:
            self.fields["currency"].choices += [(self.instance.currency, self.instance.currency)]

    def _post_clean(self) -> None:
        """The service checks and writes; the instance stays as it was loaded."""


class DepartmentForm(_InOrganization):
    code = forms.CharField(label=_("code"), max_length=50)
    name = forms.CharField(label=_("name"), max_length=100)
    manager = forms.ModelChoiceField(None, label=_("head"), required=False)

    def rows(self, name: str) -> Any:
        return people().filter(is_active=True)


class SupportForm(forms.Form):
    operator = forms.ModelChoiceField(None, label=_("platform operator"))
    reason = forms.CharField(label=_("reason"), max_length=200)
    days = forms.TypedChoiceField(
        label=_("for how long"),
        coerce=int,
        choices=lambda: [(days, _("%(days)s days") % {"days": days}) for days in range(1, SUPPORT_DAYS + 1)],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["operator"].queryset = operators()

    def until(self) -> Any:
        """The chosen end; a minute less than the days, so that the longest choice is within the limit."""
        return timezone.now() + timedelta(days=self.cleaned_data["days"], minutes=-1)


class TokenForm(_InOrganization):
    name = forms.CharField(label=_("name"), max_length=100, help_text=_("What it is for."))
    member = forms.ModelChoiceField(None, label=_("speaks for"))
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=TokenScope.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a scope the token may do what its member may."),
    )

    def rows(self, name: str) -> Any:
        return with_login()


class OpeningForm(forms.Form):
    """A company that the platform opens, and its first owner, who gets a mail."""

    code = forms.CharField(
        label=_("code"),
        max_length=32,
        validators=[validate_code],
        help_text=_("Small letters, digits and hyphens; it becomes part of the address and stays."),
    )
    name = forms.CharField(label=_("name of the company"), max_length=100)
    owner_name = forms.CharField(label=_("name of the first owner"), max_length=100)
    owner_email = forms.EmailField(label=_("e-mail of the first owner"))
    time_zone = forms.CharField(label=_("time zone"), initial="Asia/Shanghai", validators=[validate_time_zone])
    currency = forms.CharField(label=_("currency"), initial="CNY", max_length=3, validators=[validate_currency])


class AccountForm(forms.Form):
    """The new login of somebody who was invited."""

    username = forms.CharField(label=_("user name"), max_length=150, validators=[User.username_validator], strip=True)
    password = forms.CharField(
        label=_("password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        help_text=password_validation.password_validators_help_text_html,
    )
    again = forms.CharField(
        label=_("password again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") != data.get("again"):
            self.add_error("again", _("The two passwords are not the same."))
        return data
