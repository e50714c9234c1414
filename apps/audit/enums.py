"""Words for what was done: the last part of an action's code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

DONE = {
    "accepted": pgettext_lazy("audit", "accepted"),
    "added": pgettext_lazy("audit", "added"),
    "answered": pgettext_lazy("audit", "answered"),
    "approved": pgettext_lazy("audit", "approved"),
    "asked": pgettext_lazy("audit", "asked"),
    "assigned": pgettext_lazy("audit", "assigned"),
    "cancelled": pgettext_lazy("audit", "cancelled"),
    "changed": pgettext_lazy("audit", "changed"),
    "claimed": pgettext_lazy("audit", "claimed"),
    "closed": pgettext_lazy("audit", "closed"),
    "commented": pgettext_lazy("audit", "commented"),
    "compared": pgettext_lazy("audit", "compared"),
    "computed": pgettext_lazy("audit", "computed"),
    "confirmed": pgettext_lazy("audit", "confirmed"),
    "created": pgettext_lazy("audit", "created"),
    "decided": pgettext_lazy("audit", "decided"),
    "deleted": pgettext_lazy("audit", "deleted"),
    "delivered": pgettext_lazy("audit", "delivered"),
    "entered": pgettext_lazy("audit", "entered"),
    "explained": pgettext_lazy("audit", "explained"),
    "exported": pgettext_lazy("audit", "exported"),
    "granted": pgettext_lazy("audit", "granted"),
    "imported": pgettext_lazy("audit", "imported"),
    "loaded": pgettext_lazy("audit", "loaded"),
    "login_linked": pgettext_lazy("audit", "given a login"),
    "noticed": pgettext_lazy("audit", "noticed"),
    "opened": pgettext_lazy("audit", "opened"),
    "posted": pgettext_lazy("audit", "posted"),
    "prepared": pgettext_lazy("audit", "prepared"),
    "proposed": pgettext_lazy("audit", "proposed"),
    "read": pgettext_lazy("audit", "read"),
    "recorded": pgettext_lazy("audit", "recorded"),
    "rejected": pgettext_lazy("audit", "rejected"),
    "released": pgettext_lazy("audit", "released"),
    "removed": pgettext_lazy("audit", "removed"),
    "rendered": pgettext_lazy("audit", "rendered"),
    "reopened": pgettext_lazy("audit", "reopened"),
    "requested": pgettext_lazy("audit", "requested"),
    "reversed": pgettext_lazy("audit", "reversed"),
    "revoked": pgettext_lazy("audit", "revoked"),
    "saved": pgettext_lazy("audit", "saved"),
    "sent": pgettext_lazy("audit", "sent"),
    "set": pgettext_lazy("audit", "set"),
    "settled": pgettext_lazy("audit", "settled"),
    "signed": pgettext_lazy("audit", "signed"),
    "started": pgettext_lazy("audit", "started"),
    "submitted": pgettext_lazy("audit", "submitted"),
    "voided": pgettext_lazy("audit", "voided"),
    "withdrawn": pgettext_lazy("audit", "withdrawn"),
}
"""A service whose code ends otherwise fails a test until its word stands here."""

CHANNELS = {
    "page": _("page"),
    "api": _("API"),
    "admin": _("administration"),
    "command": _("command"),
    "job": _("job"),
    "shell": _("shell"),
}
