from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("reason"), max_length=200, help_text=_("It is kept in the audit log and on the document.")
    )
