from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.integrations.enums import PullKind
from apps.integrations.layouts.catalogue import LAYOUTS

ACCEPTED = ".zip,.xlsx,.xls,.csv,.gz,.txt,.tsv"


class FileInput(forms.ClearableFileInput):
    """Several at once; called as it is, so that the field component draws the place to drop them."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several."""

    widget = FileInput(attrs={"accept": ACCEPTED, "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, (list, tuple)) else [data]
        return [super(FilesField, self).clean(file, initial) for file in files or [None]]


class UploadForm(forms.Form):
    """What the import page asks for."""

    file = FilesField(
        label=_("file"),
        help_text=_(
            "Excel (.xlsx), CSV, or a zip of them; several at once. Your own lists and exports of other systems."
        ),
    )


class ReworkForm(forms.Form):
    """Mended rows."""

    file = forms.FileField(
        label=_("mended rows"), widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}), required=True
    )


class ReadingForm(forms.Form):
    """Of what layout a table is and where its headings stand."""

    layout = forms.ChoiceField(label=_("layout"))
    header = forms.IntegerField(label=_("row of the headings"), min_value=1, max_value=30)
    height = forms.TypedChoiceField(
        label=_("rows of headings"), choices=[(1, _("one row")), (2, _("two rows"))], coerce=int
    )
    left_out = forms.BooleanField(label=_("leave this table out"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[str, list[tuple[str, str]]] = {}
        for layout in LAYOUTS.values():
            groups.setdefault(layout.system or str(_("stockcheck")), []).append((layout.key, layout.title))
        self.fields["layout"].choices = list(groups.items())  # type: ignore[attr-defined]


class PullForm(forms.Form):
    """A place from which files are fetched."""

    name = forms.CharField(label=_("name"), max_length=60)
    kind = forms.ChoiceField(label=_("kind"), choices=PullKind.choices)
    address = forms.CharField(
        label=_("address"),
        max_length=500,
        required=False,
        help_text=_("A folder inside your own on this server, sftp://host/folder, or https://host/file.csv."),
    )
    pattern = forms.CharField(label=_("file names"), max_length=100, initial="*", help_text=_("For example *.xlsx"))
    username = forms.CharField(label=_("user name"), max_length=100, required=False)
    password = forms.CharField(
        label=_("password"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty keeps the one that is stored."),
    )
    host_key = forms.CharField(
        label=_("host key"), max_length=100, required=False, help_text=_("Learned at the first visit over SFTP.")
    )
    hour = forms.IntegerField(
        label=_("hour"), min_value=0, max_value=23, required=False, help_text=_("0 to 23; empty is every hour.")
    )
    is_active = forms.BooleanField(label=_("active"), required=False, initial=True)
