from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tracking(models.TextChoices):
    NONE = "none", _("not tracked")
    LOT = "lot", _("by lot")
    SERIAL = "serial", _("by serial number")
