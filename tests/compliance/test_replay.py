"""After a restore, the erasures since the backup are done again from an export (L58)."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import Erasure, User
from compliance.services.erasures import go_on_with_erasures
from preferences.models import Recipient
from preferences.models.consent import address_hash
from tests.compliance.test_erasure import erase
from tests.compliance.whole_person import ADDRESS, build, found_in_database


def replay(path) -> str:
    out = io.StringIO()
    call_command("erasures", "replay", str(path), stdout=out)
    return out.getvalue()


@pytest.fixture
def zerlina(alder, dana, deliver) -> User:
    return build(alder, dana, deliver)


def test_a_restored_backup_is_erased_again_and_a_second_time_changes_nothing_L58(
    zerlina, deliver, tmp_path
):
    """A savepoint stands for the backup: rolled back, the database is as it was before."""
    backup = transaction.savepoint()
    erase(zerlina, deliver)
    out = io.StringIO()
    call_command("erasures", "export", stdout=out)
    path = tmp_path / "erasures.jsonl"
    path.write_text(out.getvalue())
    assert ADDRESS not in out.getvalue()
    transaction.savepoint_rollback(backup)
    assert found_in_database() and not Erasure.objects.exists()

    assert "1 had to be erased again" in replay(path)
    deliver()
    go_on_with_erasures()  # the clock goes on once the last emails are sent
    assert found_in_database() == []
    assert "0 had to be erased again" in replay(path)
    assert Erasure.objects.count() == 1


def test_an_address_without_an_account_is_found_by_its_hash_L58(tmp_path, db):
    Recipient.objects.create(address="quentin@quill.example", language="en")
    path = tmp_path / "erasures.jsonl"
    hashed = address_hash("quentin@quill.example")
    path.write_text(json.dumps({"person": "", "address_hash": hashed}) + "\n")
    assert "1 had to be erased again" in replay(path)
    assert found_in_database(("quentin", "quill.example")) == []
    assert "0 had to be erased again" in replay(path)


def test_somebody_who_was_the_main_super_user_is_named_and_stays_L58(alice, bob, tmp_path):
    path = tmp_path / "erasures.jsonl"
    lines = [
        {"person": str(who.sub), "address_hash": address_hash(who.email)} for who in (alice, bob)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(CommandError, match=str(alice.sub)) as refusal:
        replay(path)
    assert refusal.value.returncode == 1
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.is_active, bob.is_active) == (True, False)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"person": ""}', '{"person": "bob", "address_hash": "x"}', "null"]
)
def test_a_file_that_is_no_export_changes_nothing_L58(text, bob, tmp_path):
    path = tmp_path / "erasures.jsonl"
    good = json.dumps({"person": str(bob.sub), "address_hash": address_hash(bob.email)})
    path.write_text(f"{good}\n{text}\n")
    with pytest.raises(CommandError) as refusal:
        replay(path)
    assert refusal.value.returncode == 2
    with pytest.raises(CommandError):
        replay(tmp_path / "missing")
    bob.refresh_from_db()
    assert bob.is_active
