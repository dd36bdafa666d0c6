"""How a step of an erasure ended, and the grounds on which data is kept."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ERASED_DOMAIN = "erased.invalid"  # no email is ever delivered there (RFC 2606)


class ErasureOutcome(TextChoices):
    """The outcome of an erasure for one data item."""

    DONE = "done", pgettext_lazy("data", "Erased")
    KEPT = "kept", pgettext_lazy("data", "Kept")


class KeepGround(TextChoices):
    """Why data is kept although its person asked to erase it."""

    RECORD = "record", _("a record that must be kept")
    HOLD = "hold", _("a legal hold")
    OPEN_REQUEST = "open_request", _("an open request about this data")
    UNPAID = "unpaid", _("an unpaid charge")
    BREACH = "breach", _("a notice about a security breach")
    OTHERS = "others", _("the rights of other people")
    LAW = "law", _("the law wants it kept")
    CLAIM = "claim", _("a legal claim")
    IN_PROGRESS = "in_progress", _("an email or sign-out on its way")


# The grounds that staff name when they refuse a request, or answer it in part.
NAMED_GROUNDS = (
    KeepGround.HOLD, KeepGround.UNPAID, KeepGround.BREACH, KeepGround.OTHERS, KeepGround.LAW,
    KeepGround.CLAIM,
)  # fmt: skip
