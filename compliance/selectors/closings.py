"""Accounts that are about to close, and what their people have to do first."""

from accounts.choices import CustomerStatus
from accounts.models import Customer, User
from compliance.choices.erasures import ClosingState
from compliance.models import Closing


def waiting_closing(person: User | None, address: str = "") -> Closing | None:
    """Return the closing of a person, or of an address without an account, that waits."""
    waiting = Closing.objects.filter(state=ClosingState.WAITING, person=person)
    if person is None:
        waiting = waiting.filter(address=address)
    return waiting.first()


def companies_to_hand_over(person: User) -> list[Customer]:
    """Return the companies of which a person is the main Super User, but closed ones."""
    return list(
        Customer.objects.filter(main_super_user__user=person)
        .exclude(status=CustomerStatus.CLOSED)
        .order_by("name", "pk")
    )
