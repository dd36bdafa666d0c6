"""The closed lists about policies."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PolicyKind(TextChoices):
    """The kinds of policies: people accept an agreement, and acknowledge a notice."""

    AGREEMENT = "agreement", _("Agreement")
    NOTICE = "notice", pgettext_lazy("policy", "Notice")


class AskedOf(TextChoices):
    """The people or companies that answer a policy."""

    PERSON = "person", _("Each person")
    COMPANY = "company", _("Each company, by a Super User")
    NOBODY = "nobody", _("Nobody")


class Verb(TextChoices):
    """The answers to a version."""

    ACCEPTED = "accepted", pgettext_lazy("policy", "Accepted")
    ACKNOWLEDGED = "acknowledged", pgettext_lazy("policy", "Acknowledged")
    DECLINED = "declined", pgettext_lazy("policy", "Declined")


POSITIVE = (Verb.ACCEPTED, Verb.ACKNOWLEDGED)
ANSWERS = {  # the answers that a policy of each kind takes
    PolicyKind.AGREEMENT: (Verb.ACCEPTED, Verb.DECLINED),
    PolicyKind.NOTICE: (Verb.ACKNOWLEDGED,),
}


class Way(TextChoices):
    """The way in which an answer was given."""

    PAGE = "page", pgettext_lazy("answer", "On our pages")
    INVITATION = "invitation", pgettext_lazy("answer", "With the invitation")
    PAPER = "paper", pgettext_lazy("answer", "On paper")
    EMAIL = "email", pgettext_lazy("answer", "By email")


RECORDED_WAYS = (Way.PAPER, Way.EMAIL)  # staff record these


class VersionState(TextChoices):
    """The states of a version, which follow from its dates and its announcement."""

    DRAFT = "draft", pgettext_lazy("policy", "Draft")
    PUBLISHED = "published", pgettext_lazy("policy", "Published")
    ANNOUNCED = "announced", pgettext_lazy("policy", "Announced")
    IN_FORCE = "in_force", pgettext_lazy("policy", "In force")
    SUPERSEDED = "superseded", pgettext_lazy("policy", "Replaced")
    WITHDRAWN = "withdrawn", pgettext_lazy("policy", "Withdrawn")
