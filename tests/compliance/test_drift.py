"""A snapshot of the registry, and what the hub does now that it does not say (L17)."""

import json
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.urls import reverse
from django.utils import translation

from compliance import registry
from compliance.registry import ITEMS
from compliance.registry.items import Basis, Purpose, Recipient, Retention, Source, Start, Viewer
from compliance.registry.snapshot import drift_between, registry_snapshot

[MESSAGES] = [item for item in ITEMS if item.code == "messages"]
DAYS = Retention(100, Start.SENT)


def drift(before=MESSAGES, **changed):
    return drift_between(
        registry_snapshot([before]), registry_snapshot([replace(before, **changed)])
    )


def test_a_snapshot_is_the_same_json_whatever_the_order_and_language_L17():
    stored = json.dumps(registry_snapshot())

    with translation.override("fr"):
        assert json.dumps(registry_snapshot(reversed(ITEMS))) == stored
    assert set(json.loads(stored)) == {item.code for item in ITEMS}
    assert drift_between(json.loads(stored)) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"purposes": (*MESSAGES.purposes, Purpose.SUPPORT)},
            "“Email we sent you” has a new purpose: to help you when you contact support.",
        ),
        (
            {"recipients": (*MESSAGES.recipients, Recipient.PORTALS)},
            "“Email we sent you” has a new recipient: the portals you open.",
        ),
        (
            {"seen_by": (*MESSAGES.seen_by, Viewer.COLLEAGUES)},
            "“Email we sent you” is now also seen by: members of your company.",
        ),
        (
            {"sources": (*MESSAGES.sources, Source.PORTAL)},
            "“Email we sent you” has a new source: the portals.",
        ),
        (
            {"basis": Basis.INTEREST},
            "“Email we sent you” rests on another legal basis: needed to keep the service safe"
            " and working.",
        ),
    ],
    ids=lambda value: "",
)
def test_each_new_use_is_named_L17(changed, words):
    assert drift(**changed) == [words]


@pytest.mark.parametrize(
    "longer",
    [
        Retention(101, Start.SENT),
        Retention(None, Start.SENT),
        Retention(100, Start.ACCOUNT_END),
        Retention(1, Start.ACCOUNT_END),
    ],
    ids=str,
)
def test_longer_keeping_is_named_L17(longer):
    [said] = drift(replace(MESSAGES, retention=DAYS), retention=longer)

    assert said.startswith("“Email we sent you” is kept longer: ")
    assert "100 days after it was sent" in said


def test_less_is_no_drift_L17():
    before = replace(MESSAGES, retention=DAYS)

    assert drift(before, purposes=(Purpose.PROOF,), recipients=(), seen_by=()) == []
    assert drift(before, retention=Retention(99, Start.SENT)) == []
    assert drift(replace(before, retention=Retention(None, Start.SENT)), retention=DAYS) == []
    assert drift_between(registry_snapshot(ITEMS), registry_snapshot(ITEMS[1:])) == []


def test_better_words_are_no_drift_L17():
    assert drift(label="Mail", holds="Other words", retention=replace(MESSAGES.retention)) == []


def test_a_new_kind_of_data_is_named_L17():
    without = registry_snapshot(item for item in ITEMS if item.code != "messages")

    assert drift_between(without) == ["“Email we sent you” is a new kind of data."]


# --- Beside a notice ---


@pytest.fixture
def notice(in_force):
    """A privacy notice in force, published with the registry of now."""
    return in_force(slug="privacy", kind="notice", asked_of="person")


def publish_without(monkeypatch, code):
    """Let the registry lack one data item until the returned function is called."""
    fewer = tuple(item for item in ITEMS if item.code != code)
    monkeypatch.setattr(registry, "ITEMS", fewer)
    return lambda: monkeypatch.setattr(registry, "ITEMS", ITEMS)


def test_a_notice_keeps_the_registry_it_was_published_with_and_an_agreement_none_L17(
    notice, published
):
    assert notice.data_snapshot == json.loads(json.dumps(registry_snapshot()))
    assert published().data_snapshot == {}


def test_a_new_use_is_shown_to_staff_and_fails_the_check_before_a_release_L17(
    in_force, monkeypatch, petra, as_
):
    put_back = publish_without(monkeypatch, "messages")
    in_force(slug="privacy", kind="notice", asked_of="person")
    page = reverse("compliance:provider-policy", args=["privacy"])
    assert "new kind of data" not in as_(petra).get(page).text
    call_command("check", deploy=True, databases=["default"], tags=["database"])

    put_back()

    assert "“Email we sent you” is a new kind of data." in as_(petra).get(page).text
    with pytest.raises(SystemCheckError, match="“Email we sent you” is a new kind of data"):
        call_command("check", deploy=True, databases=["default"], tags=["database"])
    call_command("check", tags=["database"])  # the server starts all the same
