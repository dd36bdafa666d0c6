"""The kinds and states of sealed files."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SealedFileKind(TextChoices):
    """The contents of a sealed file."""

    OWN_DATA = "own_data", _("Your data")
    LOGS = "logs", _("Logs of your company")


class SealedFileState(TextChoices):
    """How far a sealed file is."""

    MAKING = "making", _("Being made")
    SEALED = "sealed", _("Not released yet")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    GONE = "gone", _("Deleted")
