"""The closed lists about breaches."""

from datetime import timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LONGEST_HOLD = timedelta(days=30)
# A hold that nobody reviewed ends then: one person alone can't stop a notice for long.
REVIEW_WITHIN = timedelta(days=3)
PARTS = ("circumstances", "period", "items", "measures", "advice", "contact")


class BreachRole(TextChoices):
    """Whether the provider controls the data or processes it for companies."""

    CONTROLLER = "controller", pgettext_lazy("breach", "Controller: it is our own data")
    PROCESSOR = (
        "processor",
        pgettext_lazy("breach", "Processor: the data belongs to companies that we work for"),
    )
    BOTH = "both", pgettext_lazy("breach", "Both")


class BreachRisk(TextChoices):
    """The decision on the risk of significant harm."""

    UNDECIDED = "undecided", pgettext_lazy("risk", "Not decided")
    NONE = "none", pgettext_lazy("risk", "No real risk")
    REAL = "real", pgettext_lazy("risk", "Real risk of significant harm")


class BreachState(TextChoices):
    """The state of a breach, which follows from its facts."""

    NOTED = "noted", pgettext_lazy("breach", "Noted")
    NO_NOTICE = "no_notice", pgettext_lazy("breach", "No notice needed")
    NOTIFY = "notify", pgettext_lazy("breach", "Notice needed")
    HELD = "held", pgettext_lazy("breach", "On hold")
    SENDING = "sending", pgettext_lazy("breach", "Sending")
    FOLLOWING_UP = "following_up", pgettext_lazy("breach", "Following up")
    CLOSED = "closed", pgettext_lazy("breach", "Closed")


class AffectedSource(TextChoices):
    """How somebody came into the list of affected people."""

    FILTER = "filter", pgettext_lazy("affected", "Filter")
    IMPORT = "import", pgettext_lazy("affected", "Import")
    HAND = "hand", pgettext_lazy("affected", "By hand")


class Outcome(TextChoices):
    """The outcome of a notice to one person."""

    TO_TELL = "to_tell", pgettext_lazy("notice", "Not told yet")
    WAITING = "waiting", pgettext_lazy("notice", "Email waiting")
    SENT = "sent", pgettext_lazy("notice", "Sent, no report")
    LETTER = "letter", pgettext_lazy("notice", "Needs a letter")
    PRINTED = "printed", pgettext_lazy("notice", "Letter to post")
    PROVED = "proved", pgettext_lazy("notice", "Proved")
    EXHAUSTED = "exhausted", pgettext_lazy("notice", "Exhausted")
    INDIRECT = "indirect", pgettext_lazy("notice", "Told publicly")


ENDS = (Outcome.EXHAUSTED, Outcome.INDIRECT)


class Ground(TextChoices):
    """Why somebody is told publicly instead of by name (SOR/2018-64, section 5)."""

    HARM = "harm", pgettext_lazy("ground", "A direct notice would cause further harm")
    HARDSHIP = "hardship", pgettext_lazy("ground", "A direct notice would be an undue hardship")
    NO_CONTACT = "no_contact", pgettext_lazy("ground", "There is no contact information")


class Regulator(TextChoices):
    """The authorities that may have to be told."""

    OPC = "opc", _("Privacy Commissioner of Canada")
    CAI = "cai", _("Commission d'accès à l'information (Quebec)")
    ALBERTA = "ab", _("Information and Privacy Commissioner of Alberta")
    BC = "bc", _("Information and Privacy Commissioner for British Columbia")
    GDPR = "gdpr", _("Data protection authority (GDPR)")
    CALIFORNIA = "california", _("Attorney General of California")


class Need(TextChoices):
    """Whether a regulator has to be told."""

    UNDECIDED = "undecided", pgettext_lazy("report", "Not decided")
    NEEDED = "needed", pgettext_lazy("report", "Needed")
    NOT_NEEDED = "not_needed", pgettext_lazy("report", "Not needed")
