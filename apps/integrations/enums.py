from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

KIND = "integrations.bundle"
"""The kind of the jobs that load a bundle."""

SHOWN = 500
"""How many findings a job's result holds; the file of errors holds all."""

PULL = "integrations.pull"
"""The kind of the jobs that fetch files."""


class PullKind(TextChoices):
    FOLDER = "folder", _("folder of the server")
    SFTP = "sftp", _("SFTP")
    HTTP = "http", _("web address")


class DeliveryState(TextChoices):
    NOTHING = "nothing", _("nothing new")
    FETCHED = "fetched", _("fetched")
    FAILED = "failed", _("failed")
