from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Category, Warehouse
from apps.core.permissions import may
from apps.core.templatetags.figures import moment
from apps.organizations.models import Member
from apps.organizations.selectors import people
from apps.reports.models import ReportSchedule


def readers() -> Any:
    """People who may read reports and have an address to send them to."""
    fit = [
        member.pk for member in people().filter(is_active=True).exclude(email="") if may(member, "reports.report.view")
    ]
    return Member.objects.filter(pk__in=fit).order_by("name")


class SignForm(forms.Form):
    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), strip=False
    )
    comment = forms.CharField(label=_("Comment, printed on the report"), required=False, max_length=500)


class CommentForm(forms.Form):
    text = forms.CharField(label=_("Comment"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class SendForm(forms.Form):
    members: Any = forms.ModelMultipleChoiceField(
        label=_("Recipients"), queryset=None, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].queryset = readers()


class ScheduleForm(forms.Form):
    is_active = forms.BooleanField(label=_("Send reports every month"), required=False)
    day = forms.IntegerField(label=_("Day of the month"), min_value=1, max_value=28)
    hour = forms.IntegerField(
        label=_("Hour"), min_value=0, max_value=23, help_text=_("In the organization's time zone.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    recipients: Any = forms.ModelMultipleChoiceField(
        label=_("Recipients"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("People who may read reports and have an e-mail address."),
    )

    def __init__(self, *args: Any, schedule: ReportSchedule | None, **kwargs: Any) -> None:
        initial = {"is_active": True, "day": 1, "hour": 8, "language": "zh-hans"}
        if schedule is not None:
            initial = {name: getattr(schedule, name) for name in initial}
            initial["recipients"] = list(schedule.recipients.all())
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["recipients"].queryset = readers()


class UploadForm(forms.Form):
    file = forms.FileField(label=_("PDF file"), widget=forms.FileInput(attrs={"accept": "application/pdf"}))


class ReconciliationForm(forms.Form):
    """At which moment of the finance book, and which items."""

    q = forms.CharField(label=_("Find"), required=False, max_length=100)
    as_of = forms.ChoiceField(label=_("as of"), required=False)
    warehouse: Any = forms.ModelChoiceField(label=_("warehouse"), queryset=None, required=False)
    category: Any = forms.ModelChoiceField(label=_("category"), queryset=None, required=False)

    def __init__(self, *args: Any, moments: list[datetime], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["as_of"].choices = [(given.isoformat(), moment(given)) for given in moments]
        self.fields["warehouse"].queryset = Warehouse.objects.order_by("code")
        self.fields["category"].queryset = Category.objects.order_by("path")
