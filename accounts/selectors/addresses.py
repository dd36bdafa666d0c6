"""The addresses that a person has and had, as far as the hub still knows them."""

from allauth.account.models import EmailAddress

from accounts.models import AuditEvent, User
from accounts.models.sealed_words import ErasedWord

# Kinds about a person whose data has addresses that they had, or nearly had.
CHANGES = (
    "address.changed",
    "support.address_change_planned",
    "support.address_correction_sent",
    "support.address_correction_cancelled",
)
# Kinds about an invitation that was sent to a mistyped address first.
CORRECTIONS = ("invitation.corrected", "support.invitation_corrected")


def addresses_of(person: User) -> set[str]:
    """Return the addresses of a person in lower case, those of mistyped invitations too."""
    changes = AuditEvent.objects.filter(person=person, kind__in=CHANGES)
    found = {person.email.lower()}
    found |= {value for event in changes for value in _addresses_in(event)}
    own = EmailAddress.objects.filter(user=person).values_list("email", flat=True)
    found |= {address.lower() for address in own}
    companies = person.memberships.values("customer")
    corrections = AuditEvent.objects.filter(customer__in=companies, kind__in=CORRECTIONS)
    for event in corrections.order_by("-pk"):  # the newest first: each leads to the one before
        addresses = _addresses_in(event)
        if found & addresses:
            found |= addresses
    return found


def _addresses_in(event: AuditEvent) -> set[str]:
    values = [event.data.get(name) for name in ("previous", "address")]
    return {str(value).lower() for value in values if value and not isinstance(value, ErasedWord)}
