"""The scopes of a legal hold, and the states of a closing."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class HoldScope(TextChoices):
    """The scope of a legal hold."""

    ITEM = "item", _("Everybody's data of one kind")
    PERSON = "person", pgettext_lazy("hold", "One person")
    CUSTOMER = "customer", pgettext_lazy("hold", "The people of one company")


class ClosingState(TextChoices):
    """How far the closing of an account is."""

    WAITING = "waiting", pgettext_lazy("closing", "Waiting")
    CANCELLED = "cancelled", pgettext_lazy("closing", "Cancelled")
    STARTED = "started", pgettext_lazy("closing", "Erasing")
