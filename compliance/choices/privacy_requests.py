"""The closed lists about requests about personal data."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PrivacyRequestKind(TextChoices):
    """The kinds of requests about personal data."""

    ACCESS = "access", _("A copy of my data")
    CORRECTION = "correction", _("A correction of my data")
    ERASURE = "erasure", _("The deletion of my data")
    OBJECTION = "objection", _("An end to a use of my data")


class PrivacyRequestState(TextChoices):
    """How a request ended, or that it is open."""

    OPEN = "open", pgettext_lazy("request about data", "Open")
    ANSWERED = "answered", _("Answered")
    PARTLY = "partly", _("Answered in part")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("request about data", "Withdrawn")


WITH_GROUND = (PrivacyRequestState.PARTLY, PrivacyRequestState.REFUSED)


class PrivacyRequestSource(TextChoices):
    """The way on which a request came in."""

    LINK = "link", _("This site")
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("Email")
    POST = "post", _("Post")


ENTERED_SOURCES = (
    PrivacyRequestSource.PHONE, PrivacyRequestSource.EMAIL, PrivacyRequestSource.POST,
)  # fmt: skip


class PrivacyLaw(TextChoices):
    """The law under which a request is answered."""

    CANADA = "canada", _("Canada and its provinces")
    EUROPE = "europe", _("European Union")
    UNITED_KINGDOM = "uk", _("United Kingdom")


PAUSING_LAWS = (PrivacyLaw.UNITED_KINGDOM,)  # the time stops while identity is asked for

# To whom somebody can complain about an answer.
RECOURSE = {
    PrivacyLaw.CANADA: _("the privacy commissioner of Canada or of your province"),
    PrivacyLaw.EUROPE: _("the data protection authority of your country"),
    PrivacyLaw.UNITED_KINGDOM: _("the Information Commissioner’s Office"),
}
