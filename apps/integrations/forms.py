from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class BundleForm(forms.Form):
    """What the import page asks for."""

    file = forms.FileField(
        label=_("file"),
        help_text=_("A zip of CSV files, an Excel workbook (.xlsx), or a single CSV file."),
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,.xlsx,.csv,.gz"}),
    )
    dry_run = forms.BooleanField(
        label=_("only check"), required=False, help_text=_("Everything is checked and nothing is kept.")
    )
