"""The purposes, states and payments of log requests."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class LogPurpose(TextChoices):
    """Why a company asks for logs."""

    LEGAL = "legal", _("Legal proceedings")
    AUDIT = "audit", _("Audit")


class LogState(TextChoices):
    """How far a log request is."""

    ASKED = "asked", pgettext_lazy("log request", "With the provider")
    DECLINED = "declined", pgettext_lazy("log request", "Declined")
    WITHDRAWN = "withdrawn", pgettext_lazy("log request", "Withdrawn")
    APPROVED = "approved", pgettext_lazy("log request", "To be paid")
    PAID = "paid", pgettext_lazy("log request", "Paid")
    TABULATING = "tabulating", pgettext_lazy("log request", "Being put together")
    FAILED = "failed", pgettext_lazy("log request", "Failed")
    READY = "ready", pgettext_lazy("log request", "Being checked")
    RELEASED = "released", pgettext_lazy("log request", "Ready to download")
    EXPIRED = "expired", pgettext_lazy("log request", "Expired")
    REFUNDED = "refunded", pgettext_lazy("log request", "Refunded")
    CLOSED = "closed", pgettext_lazy("log request", "Closed")


# From each state, those that can follow.
STEPS: dict[LogState, tuple[LogState, ...]] = {
    LogState.ASKED: (LogState.DECLINED, LogState.WITHDRAWN, LogState.APPROVED),
    LogState.APPROVED: (LogState.WITHDRAWN, LogState.PAID),
    LogState.PAID: (LogState.TABULATING, LogState.REFUNDED, LogState.CLOSED),
    LogState.TABULATING: (LogState.READY, LogState.FAILED, LogState.REFUNDED, LogState.CLOSED),
    LogState.FAILED: (LogState.PAID, LogState.REFUNDED, LogState.CLOSED),
    LogState.READY: (LogState.RELEASED, LogState.PAID, LogState.REFUNDED, LogState.CLOSED),
    LogState.RELEASED: (LogState.EXPIRED,),
}
OPEN_STATES = tuple(STEPS)
# The provider has agreed and nobody has the file yet: the portal keeps these logs from rotation.
KEPT_STATES = (
    LogState.APPROVED, LogState.PAID, LogState.TABULATING, LogState.FAILED, LogState.READY,
)  # fmt: skip
AFTER_PAYMENT = (LogState.PAID, LogState.TABULATING, LogState.READY, LogState.RELEASED)
# The fee is settled and nobody has the file yet: the request can still end without one.
BEFORE_RELEASE = (LogState.PAID, LogState.TABULATING, LogState.FAILED, LogState.READY)


class RateCode(TextChoices):
    """The services that have a rate."""

    LOG_REQUEST = "log_request", _("Log request")


class Currency(TextChoices):
    """The currencies of the rate card."""

    CAD = "CAD", _("Canadian dollars (CAD)")
    USD = "USD", _("US dollars (USD)")


class PaymentMethod(TextChoices):
    """How a payment came in."""

    TRANSFER = "transfer", _("Bank transfer")
    CHEQUE = "cheque", _("Cheque")
    OTHER = "other", pgettext_lazy("payment", "Other")
    BILLING = "billing", _("Billing system")
    ONLINE = "online", _("Online payment")


BY_HAND = (PaymentMethod.TRANSFER, PaymentMethod.CHEQUE, PaymentMethod.OTHER)

# The payments of the programs that report them: each has ids of its own.
STRIPE = "stripe"


def system_of_portal(slug: str) -> str:
    """Return the name under which a portal's ids of payments are kept."""
    return f"portal:{slug}"
