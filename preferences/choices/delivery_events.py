"""The choices of delivery events and escalations, and their audit events."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DeliveryEventKind(TextChoices):
    """The reports of a server about an email after it was accepted (R48)."""

    DELIVERED = "delivered", _("Delivered")
    DELAYED = "delayed", _("Delayed; the server keeps trying")
    SOFT = "soft", _("Bounced; the address may accept email later")
    HARD = "hard", _("Bounced; the address accepts no email")
    COMPLAINT = "complaint", _("Reported as spam by the recipient")


BOUNCED = [DeliveryEventKind.SOFT.value, DeliveryEventKind.HARD.value]


class EscalationState(TextChoices):
    """The state of an escalation. The last two are final (R47)."""

    ADDRESSES = "addresses", _("Trying the person's other addresses")
    TOLD = "told", _("The company's Super Users have been told")
    STAFF = "staff", _("Staff must call or write")
    PROVED = "proved", _("Reached")
    EXHAUSTED = "exhausted", _("Could not be reached")


OPEN_ESCALATIONS = [
    EscalationState.ADDRESSES.value,
    EscalationState.TOLD.value,
    EscalationState.STAFF.value,
]


class ReachedHow(TextChoices):
    """How the person was reached, or that nothing reached them."""

    DELIVERED = "delivered", _("Delivered: an email server confirmed it")
    READ = "read", _("Read in the hub")
    PHONE = "phone", _("Reached by phone")
    POST = "post", _("Reached by post")
    GAVE_UP = "gave_up", _("Every way was tried")


DELIVERY_EVENT_SENTENCES = {
    "address.unreachable": _("Email to %(reader)s bounces."),
    "address.reachable": _("Email to %(reader)s is delivered again."),
    "address.confirmed": _("%(actor)s confirmed that their address works again."),
    "optional_mail.complained": _(
        "%(reader)s reported our email as spam and gets no optional email any more."
    ),
    "escalation.opened": _("A notice to %(person)s bounced (%(category)s)."),
    "escalation.address_tried": _("A bounced notice was sent to another address."),
    "escalation.told": _("The Super Users of %(person)s were told that email bounces."),
    "escalation.staff": _("Staff must now call or write to %(person)s about a bounced notice."),
    "escalation.proved": _("%(actor)s: a bounced notice has reached %(person)s (%(how)s)."),
    "escalation.exhausted": _("%(actor)s gave up reaching %(person)s with a notice: %(reason)s"),
    "campaign.complaints": _(
        "%(complaints)s of %(sent)s recipients reported “%(subject)s” as spam."
    ),
    "campaign.held": _(
        "The hub paused “%(subject)s”: %(complaints)s of %(sent)s recipients reported it as spam."
    ),
    "customer_email.topic_denied": _("%(actor)s turned off “%(topic)s” for the company."),
    "customer_email.topic_allowed": _("%(actor)s turned on “%(topic)s” for the company again."),
    "customer_email.recipient_added": _(
        "%(actor)s added %(person)s as a recipient of “%(category)s”."
    ),
    "customer_email.recipient_removed": _(
        "%(actor)s removed %(person)s as a recipient of “%(category)s”."
    ),
    "customer_email.contact_named": _("%(actor)s made %(person)s a contact (%(contact)s)."),
    "customer_email.contact_removed": _("%(actor)s removed %(person)s as a contact (%(contact)s)."),
}
