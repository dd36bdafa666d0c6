"""The company's name, typed to confirm an act with large effects."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Customer


class ConfirmationNameRefused(ValidationError):
    """The typed text is not the company's name; the field is `confirmation_name`."""


def require_confirmation_name(customer: Customer, confirmation_name: str) -> None:
    """Raise ConfirmationNameRefused unless this is the customer's name; case and spacing are free.

    A new main Super User and a mass removal need it, together with a fresh sign-in. The services
    ask for it, so that no page or API can forget it.
    """
    if " ".join(confirmation_name.casefold().split()) != " ".join(customer.name.casefold().split()):
        raise ConfirmationNameRefused(
            {"confirmation_name": _("Type the name of the company exactly: %(name)s.")
             % {"name": customer.name}}
        )  # fmt: skip
