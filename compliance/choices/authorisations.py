"""The acts that a company can authorise for a profile on another platform."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ManagedAct(TextChoices):
    """One act of the provider on a company's profile."""

    PUBLISH = "publish", _("Publish posts")
    REPLY = "reply", _("Answer comments and messages")
    EDIT = "edit", _("Change the profile")
    ADVERTISE = "advertise", _("Run advertisements")
    STATISTICS = "statistics", _("See statistics")


class AuthorisationEnd(TextChoices):
    """How an authorisation ended."""

    COMPANY = "company", pgettext_lazy("authorisation", "Ended by the company")
    PROVIDER = "provider", pgettext_lazy("authorisation", "Ended by the provider")
    EXPIRED = "expired", pgettext_lazy("authorisation", "Expired")
    GIVER = "giver", pgettext_lazy("authorisation", "Its giver no longer acts for the company")
