from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Warehouse
from apps.movements.enums import LIMIT, LIMITS, DocumentType
from apps.movements.models import ChainNode
from apps.organizations.models import Department

WITHOUT_LIMIT = frozenset({DocumentType.ADJUSTMENT, DocumentType.ASSEMBLY_IN})


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("reason"), max_length=200, help_text=_("It is kept in the audit log and on the document.")
    )


class LimitsForm(forms.Form):
    """Hours per type of document; an empty field stands for the shipped limit."""

    def __init__(self, *args: Any, nodes: dict[str, ChainNode], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nodes = nodes
        for doc_type in DocumentType:
            if doc_type in WITHOUT_LIMIT:
                continue
            node = nodes.get(doc_type)
            shipped = int(LIMITS.get(doc_type, LIMIT).total_seconds() // 3600)
            self.fields[doc_type.value] = forms.IntegerField(
                label=doc_type.label,
                required=False,
                min_value=1,
                max_value=8760,
                initial=None if node is None or node.limit is None else int(node.limit.total_seconds() // 3600),
                widget=forms.NumberInput(attrs={"placeholder": shipped}),
            )

    def rows(self) -> Iterator[dict[str, Any]]:
        for bound in self:
            yield {"field": bound, "node": self.nodes.get(bound.name)}


class PortraitForm(forms.Form):
    since = forms.DateField(label=_("from"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    warehouse = forms.ModelChoiceField(
        label=_("warehouse"), required=False, queryset=Warehouse.objects.none(), empty_label=_("All")
    )
    department = forms.ModelChoiceField(
        label=_("department"), required=False, queryset=Department.objects.none(), empty_label=_("All")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["warehouse"].queryset = Warehouse.objects.order_by("code")
        self.fields["department"].queryset = Department.objects.order_by("code")


class CardForm(forms.Form):
    """Which part of an item's story: by place, lot and day of posting."""

    warehouse = forms.ModelChoiceField(
        label=_("warehouse"), required=False, queryset=Warehouse.objects.none(), empty_label=_("All")
    )
    location = forms.CharField(label=_("location"), required=False, max_length=40)
    lot = forms.CharField(label=_("lot"), required=False, max_length=60)
    since = forms.DateField(label=_("from"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["warehouse"].queryset = Warehouse.objects.order_by("code")
