"""The capacities of representatives on file, and how one ended."""

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy


class Capacity(TextChoices):
    """Why somebody may act for a company."""

    ADMINISTRATOR = "administrator", pgettext_lazy("capacity", "Administrator")
    OFFICER = "officer", pgettext_lazy("capacity", "Officer")
    DIRECTOR = "director", pgettext_lazy("capacity", "Director")
    APPOINTED = "appointed", pgettext_lazy("capacity", "Appointed by the company")


class Ending(TextChoices):
    """How a representative ended."""

    COMPANY = "company", pgettext_lazy("representative", "Ended by a Super User")
    PROVIDER = "provider", pgettext_lazy("representative", "Ended by the provider")
    REFUSED = "refused", pgettext_lazy("representative", "Not confirmed")
    LEFT = "left", pgettext_lazy("representative", "Left the company")
    SUSPENDED = "suspended", pgettext_lazy("representative", "Suspended")
    EXPIRED = "expired", pgettext_lazy("representative", "Expired")
