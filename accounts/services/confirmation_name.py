"""What cannot be undone with one press wants the company's name typed."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Customer


class ConfirmationNameRefused(ValidationError):
    """What was typed is not the name; it names the field `confirmation_name`."""


def require_confirmation_name(customer: Customer, confirmation_name: str) -> None:
    """Raise ConfirmationNameRefused unless this is the customer's name; case and spacing are free.

    Ownership change and mass removal ask for it, beside a fresh sign-in (accounts.services.sign_in)
    and inside the service, so that no page or API can forget it.
    """
    if " ".join(confirmation_name.casefold().split()) != " ".join(customer.name.casefold().split()):
        raise ConfirmationNameRefused(
            {"confirmation_name": _("Type the name of the company as it stands here: %(name)s.")
             % {"name": customer.name}}
        )  # fmt: skip
