"""Forms of counts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.forms import NumberField
from apps.catalog.models import Location, Warehouse
from apps.counts.enums import CountMode
from apps.counts.selectors.overview import who_may_count, zones
from apps.organizations.models import Member


class CountForm(forms.Form):
    """A plan for one warehouse: everything, whole zones, or chosen places."""

    name = forms.CharField(label=_("name"), max_length=100, required=False)
    count_no = forms.CharField(
        label=_("count number"), max_length=60, required=False, help_text=_("Empty: the next number of the day.")
    )
    mode = forms.ChoiceField(label=_("mode"), choices=CountMode.choices, initial=CountMode.STATIC)
    blind = forms.BooleanField(
        label=_("blind"),
        required=False,
        initial=True,
        help_text=_("Counters do not see the book quantity before the count is closed."),
    )
    due_on = forms.DateField(
        label=_("due on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("note"), max_length=500, required=False)
    scope = forms.ChoiceField(
        label=_("locations"),
        choices=[
            ("all", _("the whole warehouse")),
            ("zones", _("whole zones")),
            ("places", _("chosen locations")),
        ],
        initial="all",
    )
    zones = forms.MultipleChoiceField(label=_("zones"), required=False)
    places = forms.ModelMultipleChoiceField(queryset=Location.objects.none(), label=_("locations"), required=False)

    def __init__(self, *args: Any, warehouse: Warehouse, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warehouse = warehouse
        self.zone_places = zones(warehouse)
        self.fields["zones"].choices = [(zone, zone) for zone, _places in self.zone_places]  # type: ignore[attr-defined]
        self.fields["places"].queryset = Location.objects.filter(warehouse=warehouse)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        scope = data.get("scope")
        if scope == "zones" and not data.get("zones"):
            self.add_error("scope", _("Choose at least one zone."))
        if scope == "places" and not data.get("places"):
            self.add_error("scope", _("Choose at least one location."))
        return data

    def chosen_places(self) -> list[Location]:
        """What was ticked, to show it again."""
        return list(self.cleaned_data.get("places") or []) if self.is_bound and hasattr(self, "cleaned_data") else []

    def locations(self) -> list[Location] | None:
        """What was chosen; None for all."""
        scope = self.cleaned_data["scope"]
        if scope == "all":
            return None
        if scope == "zones":
            chosen = set(self.cleaned_data["zones"])
            return [place for zone, places in self.zone_places if zone in chosen for place in places]
        return list(self.cleaned_data["places"])


class WarehouseForm(forms.Form):
    warehouse = forms.ModelChoiceField(queryset=Warehouse.objects.none(), label=_("warehouse"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["warehouse"].queryset = Warehouse.objects.filter(is_active=True).order_by("code")  # type: ignore[attr-defined]


class _CounterChoice(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} · {'、'.join(obj.role_names)}"


class ReleaseForm(forms.Form):
    counters = _CounterChoice(
        queryset=Member.objects.none(),
        label=_("counters"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tasks are dealt to them in turn. Nobody chosen: any counter may claim a task."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["counters"].queryset = who_may_count()  # type: ignore[attr-defined]


class AssignForm(forms.Form):
    assignee = forms.ModelChoiceField(
        queryset=Member.objects.none(), label=_("counter"), required=False, empty_label=_("nobody yet")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = who_may_count()  # type: ignore[attr-defined]


class RecountForm(forms.Form):
    assignee = forms.ModelChoiceField(queryset=Member.objects.none(), label=_("recounted by"))
    reason = forms.CharField(label=_("reason"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = who_may_count()  # type: ignore[attr-defined]


class CloseForm(forms.Form):
    uncounted = forms.ChoiceField(
        label=_("Lines that nobody counted"),
        choices=[
            ("keep", _("stay not counted: no variance, no adjustment")),
            ("zero", _("are empty: count them as zero in my name")),
        ],
        widget=forms.RadioSelect,
        initial="keep",
    )
    reason = forms.CharField(label=_("reason, if they count as zero"), max_length=200, required=False)
    abandon_recounts = forms.BooleanField(
        label=_("close without the open recounts"),
        required=False,
        help_text=_("Then what was counted before stands."),
    )


class ToleranceForm(forms.Form):
    percent = NumberField(label=_("limit in per cent of the book"), required=False)
    quantity = NumberField(label=_("limit in base units"), required=False)
    value = NumberField(label=_("limit in money"), required=False)


class SheetForm(forms.Form):
    file = forms.FileField(
        label=_("filled sheet"), help_text=_("The xlsx file that you downloaded here, or a CSV with the same columns.")
    )
