"""Signing in by an emailed code: it works once, in the browser that asked, for ten minutes."""

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.core.internal.cryptokit import generate_user_code, normalize_user_code
from django.db import transaction
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from accounts.encryption import cipher
from accounts.models import SignInCode, User
from accounts.selectors.company_sign_in import sign_in_of_person

WORKS_FOR = timedelta(minutes=10)
TRIES = 5
PURPOSE = "accounts.sign_in_codes"


def make_sign_in_code(*, actor: None, address: str, is_sent: bool) -> tuple[UUID, str]:
    """Make a code for an address, known or not. Return its row's identity, and the code sealed.

    Where it will not be sent, nobody can guess it either.
    """
    code = generate_user_code() if is_sent else secrets.token_urlsafe(48)
    row = SignInCode(address=address, tries_left=TRIES, expires_at=timezone.now() + WORKS_FOR)
    row.code_hash = _hash(row, code)
    row.save()
    return row.uuid, cipher(PURPOSE).encrypt(code.encode()).decode()


def send_sign_in_code(*, actor: None, address: str, language: str, sealed: str) -> int:
    """Send a code to whoever signs in with this address. Return how many got it.

    Somebody who signs in through their company gets none.
    """
    person = _person_with(address)
    if person is None or sign_in_of_person(person) is not None:
        return 0
    code = cipher(PURPOSE).decrypt(sealed.encode()).decode()
    with translation.override(language):
        context = {"user": person, "code": code, "minutes": WORKS_FOR.seconds // 60}
        get_adapter().render_mail("account/email/login_code", address, context).send()
    return 1


@transaction.atomic
def use_sign_in_code(*, actor: None, code_row: UUID, code: str) -> User | None:
    """Return the person of a right code, and delete the code; None for any other code.

    The row is locked: of several requests with one code, one alone gets the person, and no more
    than TRIES codes are compared.
    """
    row = SignInCode.objects.select_for_update().filter(uuid=code_row).first()
    if row is None:
        return None
    row.tries_left -= 1
    is_over = row.expires_at <= timezone.now()
    is_right = not is_over and hmac.compare_digest(row.code_hash, _hash(row, code))
    if is_right or is_over or not row.tries_left:
        row.delete()
    else:
        row.save(update_fields=["tries_left"])
    return _person_with(row.address) if is_right else None


def delete_old_sign_in_codes() -> int:
    """Delete the codes that work no longer. Return how many."""
    deleted, _per_model = SignInCode.objects.filter(expires_at__lte=timezone.now()).delete()
    return deleted


def _person_with(address: str) -> User | None:
    return User.objects.filter(email=address, is_active=True).first()


def _hash(row: SignInCode, code: str) -> str:
    text = f"{row.uuid}:{normalize_user_code(code)}"
    return salted_hmac(PURPOSE, text, algorithm="sha256").hexdigest()
