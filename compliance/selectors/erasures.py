"""Erasures as an export names them, and whom a restored backup brought back."""

from collections.abc import Iterator

from accounts.models import Erasure, Invitation, User
from compliance.models import PrivacyRequest
from preferences.models import Message, Recipient
from preferences.models.consent import address_hashes


def erasure_lines() -> Iterator[dict[str, str]]:
    """Yield each erasure that began, by what names no one: the person's `sub`, and a keyed hash."""
    for erasure in Erasure.objects.select_related("person").order_by("pk").iterator():
        yield {
            "person": str(erasure.person.sub) if erasure.person else "",
            "address_hash": erasure.address_hash,
        }


def person_called(sub: str) -> User | None:
    """Return the person with this identity, if they are in the database."""
    return User.objects.filter(sub=sub).first()


def addresses_with(hashed: str) -> set[str]:
    """Return the addresses without an account that have a keyed hash, wherever one is stored."""
    stores = (
        Recipient.objects.filter(user=None).values_list("address"),
        Invitation.objects.filter(accepted_by=None).values_list("address"),
        PrivacyRequest.objects.filter(person=None).values_list("address"),
        Message.objects.filter(recipient=None).values_list("address"),
    )
    return {
        address
        for store in stores
        for (address,) in store.distinct().iterator()
        if address and hashed in address_hashes(address)
    }
