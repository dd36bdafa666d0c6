"""Resetting a forgotten password: the person is looked up, and the link sent, by a job."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.utils import user_pk_to_url_str
from django.utils import translation

from accounts.models import User
from accounts.selectors.company_sign_in import sign_in_of_person


def reset_key_of(person: User) -> str:
    """Return the key of a link by which a person chooses a new password, once."""
    return f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"


def send_reset_email(*, actor: None, address: str, language: str) -> int:
    """Send a link for a new password to whoever signs in with this address. Return how many.

    Nobody learns from it whether an address is known: an unknown one gets no email. Neither does
    somebody who signs in through their company.
    """
    people = filter_users_by_email(address, is_active=True, prefer_verified=True, for_login=True)
    people = [person for person in people if sign_in_of_person(person) is None]
    adapter = get_adapter()
    with translation.override(language):
        for person in people:
            context = {
                "user": person,
                "email": address,
                "password_reset_url": adapter.get_reset_password_from_key_url(reset_key_of(person)),
            }
            adapter.render_mail("account/email/password_reset_key", address, context).send()
    return len(people)
