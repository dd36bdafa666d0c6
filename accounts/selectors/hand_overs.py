"""Offers of the main Super User's role."""

from accounts.models import Customer, HandOver


def open_hand_over(customer: Customer) -> HandOver | None:
    """Return the customer's open offer of the role, perhaps expired."""
    return (
        customer.hand_overs.open()
        .select_related("giver__user", "receiver__user", "customer")
        .first()
    )
