"""Forms of the investigation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.forms import NumberField
from apps.core.permissions import may
from apps.movements.models import DocumentLine
from apps.organizations.models import Department, Member
from apps.organizations.selectors import people
from apps.variances.models import Cause, CauseType, Variance
from apps.variances.selectors import cause_types


class CauseForm(forms.Form):
    """A cause of one variance; the quantity is prefilled with what is unexplained."""

    cause_type = forms.ModelChoiceField(label=_("cause"), queryset=CauseType.objects.none())
    quantity = NumberField(
        label=_("quantity"), help_text=_("With the sign of what it did: −20 means 20 too few in the count.")
    )
    department = forms.ModelChoiceField(label=_("department"), queryset=Department.objects.none(), required=False)
    person = forms.ModelChoiceField(
        label=_("responsible person"),
        queryset=Member.objects.none(),
        required=False,
        help_text=_("Only where you have established it. Operators on documents are facts, not causes."),
    )
    note = forms.CharField(
        label=_("what was established"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    document_lines = forms.ModelMultipleChoiceField(
        label=_("documents"), queryset=DocumentLine.objects.none(), required=False, widget=forms.MultipleHiddenInput
    )

    def __init__(self, *args: Any, variance: Variance, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["cause_type"].queryset = cause_types()
        fields["department"].queryset = Department.objects.order_by("code")
        fields["person"].queryset = people().filter(is_active=True)
        fields["document_lines"].queryset = DocumentLine.objects.all()
        if variance.unexplained:
            fields["quantity"].initial = variance.unexplained


class EvidenceForm(forms.Form):
    """A file, a note, or both as one piece of evidence."""

    file = forms.FileField(
        label=_("file"),
        required=False,
        help_text=_("Photo, PDF, Excel, Word, CSV or text, at most 10 MB."),
    )
    note = forms.CharField(label=_("note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    cause = forms.ModelChoiceField(
        label=_("belongs to"),
        queryset=Cause.objects.none(),
        required=False,
        empty_label=_("the whole variance"),
    )

    def __init__(self, *args: Any, variance: Variance, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cause: Any = self.fields["cause"]
        cause.queryset = Cause.objects.filter(variance=variance).select_related("cause_type")


class AssignForm(forms.Form):
    """Who finds out, and until when."""

    assignee = forms.ModelChoiceField(
        label=_("investigator"), queryset=Member.objects.none(), required=False, empty_label=_("nobody")
    )
    due_on = forms.DateField(
        label=_("to be explained by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: today."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = [member.pk for member in people() if member.is_active and may(member, "variances.variance.view")]
        assignee: Any = self.fields["assignee"]
        assignee.queryset = people().filter(pk__in=able)
