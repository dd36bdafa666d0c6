"""Email content is encrypted in the database and erased after sending (K4)."""

import re

import pytest
from cryptography.fernet import InvalidToken
from django.db import connection

from preferences.gate.sealing import unseal
from preferences.models import Message

CANARY = "canary-7f3a"


def everything_stored():
    """Every row of every table, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [
                bytes(value).decode("latin-1")
                if isinstance(value, bytes | memoryview)
                else str(value)
                for row in cursor.fetchall()
                for value in row
            ]
    return "\n".join(found)


def test_content_is_sealed_at_rest_and_erased_after_sending_K4(bob, deliver, send_legal):
    send_legal(bob, body=f"https://hub.example/{CANARY}")
    assert CANARY not in everything_stored()
    message = Message.objects.get()
    assert CANARY in str(unseal(message.sealed_content)["blocks"])

    [email] = deliver()
    assert CANARY in email.body and CANARY in email.alternatives[0].content
    message.refresh_from_db()
    assert message.sealed_content is None
    assert len(message.content_hash) == 64
    assert CANARY not in everything_stored()


def test_reset_link_of_allauth_is_nowhere_in_the_database_K4(as_, bob, deliver):
    as_(None).post("/accounts/password/reset/", {"email": bob.email})
    before = everything_stored()
    key = re.search(r"reset/key/([^/\s]+)", deliver()[0].body)[1]
    assert key not in before
    assert key not in everything_stored()


def test_another_secret_key_decrypts_nothing_and_loses_nothing(bob, deliver, send_legal, settings):
    send_legal(bob)
    former_key = settings.SECRET_KEY
    settings.SECRET_KEY = "wrong-" + "z" * 40
    with pytest.raises(InvalidToken):
        unseal(Message.objects.get().sealed_content)
    assert deliver() == []
    assert Message.objects.get().state == "waiting"

    settings.SECRET_KEY = former_key
    Message.objects.update(due_at="2020-01-01T00:00:00Z")
    assert len(deliver()) == 1
