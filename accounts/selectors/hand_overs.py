"""The offer of the main Super User's role that waits."""

from accounts.models import Customer, HandOver


def open_hand_over(customer: Customer) -> HandOver | None:
    """The one offer of the role that is not settled, perhaps run out."""
    return (
        customer.hand_overs.open()
        .select_related("giver__user", "receiver__user", "customer")
        .first()
    )
