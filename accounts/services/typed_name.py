"""What cannot be undone with one press wants the company's name typed."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Customer


class TypedNameRefused(ValidationError):
    """What was typed is not the name; it names the field `typed_name`."""


def require_typed_name(customer: Customer, typed: str) -> None:
    """Raise TypedNameRefused unless `typed` is the customer's name; case and spacing do not count.

    Ownership change and mass removal ask for it, beside a fresh sign-in (accounts.services.sign_in)
    and inside the service, so that no page or API can forget it.
    """
    if " ".join(typed.casefold().split()) != " ".join(customer.name.casefold().split()):
        raise TypedNameRefused(
            {"typed_name": _("Type the name of the company as it stands here: %(name)s.")
             % {"name": customer.name}}
        )  # fmt: skip
