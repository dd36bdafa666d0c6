"""The export of a person's own history reveals nothing about others and can be verified."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.choices import EVENT_SENTENCES
from accounts.models import AuditEvent
from portals.models import PersonGrant, Privilege, Resource
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.offboarding import plan_offboarding


@pytest.fixture
def left(alice, bob, emma, membership):
    """Bob leaves; Emma takes over what he held."""
    domain = Resource.objects.get(resource_type__code="domain", external_id="alder.example")
    privilege = Privilege.objects.get(portal__slug="domains", codename="domain.renew")
    grant_privilege(actor=alice, grantee=membership(bob), privilege=privilege, resource=domain,
                    terms=GrantTerms(), signed_in_at=timezone.now())  # fmt: skip
    grant = PersonGrant.objects.get(user=bob, permission=privilege.pk)
    plan_offboarding(actor=alice, membership=membership(bob), grants=[(grant, membership(emma))])
    event = AuditEvent.objects.get(kind="membership.left")
    assert "Emma" in json.dumps(event.data)  # the company's own trail has it
    return event


@pytest.fixture
def own(as_, left, bob):
    """Bob's export, after he left."""
    bob.refresh_from_db()  # his sessions ended
    address = reverse("accounts:history-export", args=["jsonl"])
    return lambda: as_(bob).post(address).getvalue().decode()


def test_a_leavers_own_history_names_no_successor(left, own, emma):
    text = own()

    [line] = [
        event for event in map(json.loads, text.splitlines()) if event["kind"] == "membership.left"
    ]
    assert "Emma" not in text
    assert str(emma.pk) not in json.dumps(line["data"])
    assert line["data"].keys() == {"person", "count", "privileges"}
    assert line["actor_name"] == "Alice Martin"


def test_a_line_holds_only_the_data_of_its_sentence(own):
    lines = list(map(json.loads, own().splitlines()))
    assert len(lines) > 3
    for line in lines:
        sentence = str(EVENT_SENTENCES[line["kind"]])
        for name in line["data"].keys() - {"service", "customer_name"}:
            assert f"%({name})s" in sentence, line["kind"]
        assert line.keys() == {"chain", "sequence", "at", "kind", "actor_name", "data", "hash"}


def _with_words(value, words):
    """Put the words of an export in the place of their marks, as docs/activity.md says."""
    if isinstance(value, list):
        return [_with_words(part, words) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"sealed"}:
        part, word = value["sealed"]
        return words[part][word]
    return {name: _with_words(part, words) for name, part in value.items()}


def test_the_companys_own_export_shows_the_same_events(left, own, as_, alice):
    """Bob and his former company can show each other that neither changed a word."""
    address = reverse("accounts:activity-export", args=["alder", "jsonl"])
    customer_emails = {
        (line["chain"], line["sequence"]): line
        for line in map(json.loads, as_(alice).post(address).getvalue().decode().splitlines())
    }
    chain = left.chain
    shared = [line for line in map(json.loads, own().splitlines()) if line["chain"] == chain]

    assert len(shared) > 3
    for line in shared:
        whole = customer_emails[chain, line["sequence"]]
        assert whole["hash"] == line["hash"]
        words = _with_words(whole["data"], whole.get("words", []))
        assert words.items() >= line["data"].items()
        assert (whole["at"], whole["kind"]) == (line["at"], line["kind"])


def test_the_provider_verifies_the_export(left, own, tmp_path):
    file = tmp_path / "history.jsonl"
    file.write_text(text := own())
    call_command("audit", "verify", "--against", str(file), stdout=StringIO())

    file.write_text(text.replace(left.hash, "0" * 64))
    with pytest.raises(CommandError, match="differs from the earlier export"):
        call_command("audit", "verify", "--against", str(file), stdout=StringIO())
