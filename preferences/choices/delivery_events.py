"""The choices of delivery events and escalations, and their audit events."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DeliveryEventKind(TextChoices):
    """The reports of a server about an email after it was accepted (R48)."""

    DELIVERED = "delivered", _("Delivered")
    DELAYED = "delayed", _("Delayed; they still try")
    SOFT = "soft", _("Came back; the address may take mail later")
    HARD = "hard", _("Came back; the address takes no mail")
    COMPLAINT = "complaint", _("Reported as unwanted")


BOUNCED = [DeliveryEventKind.SOFT.value, DeliveryEventKind.HARD.value]


class EscalationState(TextChoices):
    """The state of an escalation. The last two are final (R47)."""

    ADDRESSES = "addresses", _("Trying the person's other addresses")
    TOLD = "told", _("The company's Super Users have been told")
    STAFF = "staff", _("Waits for staff: by phone or by post")
    PROVED = "proved", _("Reached")
    EXHAUSTED = "exhausted", _("Could not be reached")


OPEN_ESCALATIONS = [
    EscalationState.ADDRESSES.value,
    EscalationState.TOLD.value,
    EscalationState.STAFF.value,
]


class ReachedHow(TextChoices):
    """How the person was reached, or that nothing reached them."""

    DELIVERED = "delivered", _("Delivered, as a mail server says")
    READ = "read", _("Read in the hub")
    PHONE = "phone", _("Reached by phone")
    POST = "post", _("Reached by post")
    GAVE_UP = "gave_up", _("Every way was tried")


DELIVERY_EVENT_SENTENCES = {
    "address.unreachable": _("Mail to %(reader)s comes back."),
    "address.reachable": _("Mail to %(reader)s arrives again."),
    "address.confirmed": _("%(actor)s said that mail to their address works again."),
    "optional_mail.complained": _(
        "%(reader)s reported our mail as unwanted: all optional mail is stopped."
    ),
    "escalation.opened": _("A notice to %(person)s came back (%(category)s)."),
    "escalation.address_tried": _("A notice that came back was sent to another address."),
    "escalation.told": _("The Super Users of %(person)s were told that mail comes back."),
    "escalation.staff": _("A notice to %(person)s now waits for staff, who call or write."),
    "escalation.proved": _("%(actor)s: a notice that came back has reached %(person)s (%(how)s)."),
    "escalation.exhausted": _("%(actor)s gave up reaching %(person)s with a notice: %(reason)s"),
    "campaign.complaints": _(
        "Of “%(subject)s”, %(complaints)s of %(sent)s mails were reported as unwanted."
    ),
    "campaign.held": _(
        "The hub held “%(subject)s”: %(complaints)s of %(sent)s mails were reported as unwanted."
    ),
    "customer_email.topic_denied": _("%(actor)s stopped the mail “%(topic)s” for the company."),
    "customer_email.topic_allowed": _(
        "%(actor)s lets the mail “%(topic)s” through to the company again."
    ),
    "customer_email.recipient_added": _("%(actor)s has %(person)s get “%(category)s” too."),
    "customer_email.recipient_removed": _("%(actor)s no longer has %(person)s get “%(category)s”."),
    "customer_email.contact_named": _("%(actor)s made %(person)s a contact (%(contact)s)."),
    "customer_email.contact_removed": _(
        "%(actor)s ended that %(person)s is a contact (%(contact)s)."
    ),
}
