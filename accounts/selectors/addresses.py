"""The addresses that people have and had, as far as the hub still knows them."""

from collections.abc import Collection

from allauth.account.models import EmailAddress

from accounts.models import AuditEvent, Invitation, Membership, User
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
    return _with_former({person.email.lower()}, [person.pk])


def addresses_of_all(people: Collection[int]) -> set[str]:
    """Return the addresses of people by their keys, as `addresses_of` does for one."""
    if not people:
        return set()
    emails = User.objects.filter(pk__in=people).values_list("email", flat=True)
    return _with_former({email.lower() for email in emails}, people)


def people_with(addresses: Collection[str]) -> set[int]:
    """Return the keys of the people who have or had one of these addresses, in lower case."""
    if not addresses:
        return set()
    known = set(addresses)
    for event in AuditEvent.objects.filter(kind__in=CORRECTIONS).order_by("pk").iterator():
        if known & _addresses_in(event):  # the oldest first: each leads to the one after
            known |= _addresses_in(event)
    found = set(User.objects.filter(email__in=known).values_list("pk", flat=True))
    own = EmailAddress.objects.filter(email__in=known)
    found |= set(own.values_list("user", flat=True))
    invited = Invitation.objects.filter(address__in=known, accepted_by__isnull=False)
    found |= set(invited.values_list("accepted_by", flat=True))
    return found | _former(known)


def _with_former(found: set[str], people: Collection[int]) -> set[str]:
    companies = Membership.objects.filter(user__in=people).values("customer")
    changes = AuditEvent.objects.filter(person__in=people, kind__in=CHANGES)
    corrections = AuditEvent.objects.filter(customer__in=companies, kind__in=CORRECTIONS)
    events = list(changes.order_by().union(corrections.order_by(), all=True))
    for event in events:
        if event.kind in CHANGES:
            found |= _addresses_in(event)
    own = EmailAddress.objects.filter(user__in=people).values_list("email", flat=True)
    found |= {address.lower() for address in own}
    # The newest first: each leads to the one before.
    for event in sorted(events, key=lambda event: event.pk, reverse=True):
        if event.kind in CORRECTIONS and found & (addresses := _addresses_in(event)):
            found |= addresses
    return found


def _former(addresses: set[str]) -> set[int]:
    """Return who had an address before: only sealed words say so, which no query finds."""
    changes = AuditEvent.objects.filter(kind__in=CHANGES, person__isnull=False)
    return {
        event.person_id
        for event in changes.iterator()
        if event.person_id and addresses & _addresses_in(event)
    }


def _addresses_in(event: AuditEvent) -> set[str]:
    values = [event.data.get(name) for name in ("previous", "address")]
    return {str(value).lower() for value in values if value and not isinstance(value, ErasedWord)}
