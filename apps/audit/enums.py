"""Words for what was done: the last part of an action's code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

DONE = {
    "accepted": _("accepted"),
    "added": _("added"),
    "answered": _("answered"),
    "approved": _("approved"),
    "asked": _("asked"),
    "assigned": _("assigned"),
    "cancelled": _("cancelled"),
    "changed": _("changed"),
    "closed": _("closed"),
    "computed": _("computed"),
    "confirmed": _("confirmed"),
    "created": _("created"),
    "decided": _("decided"),
    "deleted": _("deleted"),
    "entered": _("entered"),
    "explained": _("explained"),
    "exported": _("exported"),
    "granted": _("granted"),
    "imported": _("imported"),
    "loaded": _("loaded"),
    "noticed": _("noticed"),
    "opened": _("opened"),
    "posted": _("posted"),
    "prepared": _("prepared"),
    "proposed": _("proposed"),
    "read": _("read"),
    "recorded": _("recorded"),
    "rejected": _("rejected"),
    "released": _("released"),
    "removed": _("removed"),
    "rendered": _("rendered"),
    "requested": _("requested"),
    "reversed": _("reversed"),
    "revoked": _("revoked"),
    "saved": _("saved"),
    "sent": _("sent"),
    "set": _("set"),
    "settled": _("settled"),
    "signed": _("signed"),
    "started": _("started"),
    "submitted": _("submitted"),
    "voided": _("voided"),
    "withdrawn": _("withdrawn"),
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
