"""The closed lists of the referral and reseller programmes."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Relation(TextChoices):
    """How a referrer knows their contact (SOR/2013-221, section 4)."""

    BUSINESS = "business", _("We do business together")
    PERSONAL = "personal", _("We know each other personally")
    FAMILY = "family", _("We are family")


class ReferralState(TextChoices):
    """How far a referral is."""

    ASKED = "asked", _("Email sent")
    INTERESTED = "interested", _("Interested")
    DECLINED = "declined", pgettext_lazy("referral", "Declined")
    LAPSED = "lapsed", _("No email, or no answer")


class ResellerRequestState(TextChoices):
    """How a request to join the reseller programme ended, or that it is open."""

    OPEN = "open", pgettext_lazy("reseller request", "To answer")
    APPROVED = "approved", pgettext_lazy("reseller request", "Approved")
    DECLINED = "declined", pgettext_lazy("reseller request", "Declined")
