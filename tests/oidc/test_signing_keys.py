"""Keys: published before they sign, kept while what they signed is read, gone once retired."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from jwt import get_unverified_header

from accounts.models import AuditEvent
from portals.models import SigningKey
from portals.services import signing_keys
from portals.services.signing_keys import add_signing_key
from portals.tokens import BadSignature, can_sign, read_claims, sign_claims


def _published() -> list[str]:
    return [key["kid"] for key in Browser().get("/.well-known/jwks.json").json()["keys"]]


def _signer() -> str:
    return get_unverified_header(sign_claims({"a": 1}, kind="JWT"))["kid"]


def test_a_new_key_is_published_before_it_signs(db):
    """E8: a rotation with overlap; portals keep the keys for an hour."""
    former = _signer()
    key = add_signing_key(actor=None)

    assert _published() == [former, key.kid]
    assert _signer() == former
    old = sign_claims({"a": 1}, kind="JWT")
    with time_machine.travel(timezone.now() + timedelta(hours=2, seconds=1)):
        assert _signer() == key.kid
        assert read_claims(old, kind="JWT") == {"a": 1}
        assert _published() == [former, key.kid]


def test_the_first_key_signs_at_once(db, settings):
    settings.IDP_OIDC_PRIVATE_KEY = ""
    assert not can_sign()

    key = add_signing_key(actor=None)

    assert _signer() == key.kid


def test_a_private_key_is_not_in_the_database_in_clear(db):
    key = add_signing_key(actor=None)

    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_pem FROM portals_signingkey")
        (stored,) = cursor.fetchone()
    assert "PRIVATE" in key.pem
    assert "PRIVATE" not in stored
    assert key.pem.splitlines()[1] not in stored


def test_a_key_under_a_former_secret_key_still_works(db, settings):
    key = add_signing_key(actor=None)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-forty-characters-or-so"

    assert "PRIVATE" in SigningKey.objects.get(pk=key.pk).pem


def test_a_key_whose_secret_key_is_gone_stops_nobody(db, settings):
    key = add_signing_key(actor=None)
    settings.SECRET_KEY = "another-secret-key-of-forty-characters-or-so"

    assert key.kid not in _published()
    assert _signer()


def test_adding_a_key_seals_the_former_ones_under_the_present_secret_key(db, settings):
    key = add_signing_key(actor=None)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-forty-characters-or-so"
    add_signing_key(actor=None)
    settings.SECRET_KEY_FALLBACKS = []

    assert "PRIVATE" in SigningKey.objects.get(pk=key.pk).pem


def test_a_retired_key_proves_nothing(db, settings):
    settings.IDP_OIDC_PRIVATE_KEY = ""
    leaked = add_signing_key(actor=None)
    signed = sign_claims({"a": 1}, kind="JWT")
    with time_machine.travel(timezone.now() - timedelta(hours=3)):
        fresh = add_signing_key(actor=None)
    SigningKey.objects.filter(pk=fresh.pk).update(issued_at=timezone.now())

    out = StringIO()
    call_command("signing_key", "retire", leaked.kid, stdout=out)

    assert "retired since" in out.getvalue()
    assert _published() == [fresh.kid]
    with pytest.raises(BadSignature):
        read_claims(signed, kind="JWT")
    assert AuditEvent.objects.get(kind="signing_key.retired").data["kid"] == leaked.kid


def test_the_last_key_is_not_retired(db):
    key = add_signing_key(actor=None)

    with pytest.raises(CommandError, match="only key that signs"):
        call_command("signing_key", "retire", key.kid)
    with pytest.raises(CommandError, match="No key in use"):
        call_command("signing_key", "retire", "unknown")


def test_no_key_id_looks_like_an_option(db, monkeypatch):
    """One thumbprint in 64 begins with "-", and `signing_key retire -x…` finds no key in it."""
    ids = iter(["-begins-with-a-dash", "begins-with-a-letter"])
    monkeypatch.setattr(signing_keys, "load_jwk_from_pem", lambda pem: ({"kid": next(ids)}, None))

    assert add_signing_key(actor=None).kid == "begins-with-a-letter"


def test_the_command_lists_and_adds(db):
    out = StringIO()
    call_command("signing_key", "add", stdout=out)
    call_command("signing_key", "list", stdout=out)

    assert out.getvalue().count("published, signs from") == 2
