"""/api/v1/choices/: the preference page for programs (R40)."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from preferences.models import Choice, ConsentRecord
from preferences.selectors import may_send
from preferences.services.choices import choose_topic

LIST = "/api/v1/choices/"
NEWSLETTER = "/api/v1/choices/newsletter/"


def patch(client, body, path=NEWSLETTER, **rest):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.patch(path, text, "application/json", **rest)


def test_list_has_topics_with_choices_and_mandatory_with_reasons(bob, as_):
    data = as_(bob).get(LIST).json()
    newsletter = next(row for row in data["topics"] if row["topic"] == "newsletter")
    assert newsletter["wants"] is True
    assert newsletter["chosen_at"] is None
    assert [row["code"] for row in data["mandatory"]] == [
        "transactional", "critical", "legal", "maintenance", "security",
    ]  # fmt: skip
    assert all(row["name"] and row["reason"] and row["legal_basis"] for row in data["mandatory"])


def test_patch_changes_a_choice_and_returns_the_new_state(bob, as_, newsletter):
    response = patch(as_(bob), {"wants": False})
    assert response.status_code == 200
    assert response.json()["wants"] is False
    assert response.json()["chosen_at"]
    assert not may_send(bob, newsletter)
    assert Choice.objects.get().consent.source == "api"


@pytest.mark.parametrize(
    "body",
    [
        {"wants": None},
        {"wants": "no"},
        {"wants": 0},
        {"wants": []},
        {"wants": False, "topic": "legal"},
        {"wants": False, "user": 1},
        [],
        "null",
        '"no"',
        "{",
        '{"wants": false, "wants": true}',
    ],
)
def test_bad_bodies_are_refused_and_change_nothing(bob, as_, body):
    response = patch(as_(bob), body)
    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert not ConsentRecord.objects.exists()


def test_an_unknown_field_is_named(bob, as_):
    response = patch(as_(bob), {"wants": False, "wnats": True})
    assert list(response.json()["error"]["fields"]) == ["wnats"]


def test_unknown_and_foreign_topics_are_not_found(bob, dana, as_):
    assert patch(as_(bob), {"wants": True}, "/api/v1/choices/nothing/").status_code == 404
    assert patch(as_(dana), {"wants": True}, "/api/v1/choices/domain-market/").status_code == 404


def test_stop_all_lists_the_required_notices_R40(bob, as_):
    data = as_(bob).post("/api/v1/stop-all-optional/", "{}", "application/json").json()
    assert data["stopped"] == ["newsletter", "product-updates"]
    assert {row["code"] for row in data["stays"]} >= {"legal", "security"}


def test_stop_all_refuses_fields(bob, as_):
    response = as_(bob).post(
        "/api/v1/stop-all-optional/", '{"mandatory": true}', "application/json"
    )
    assert response.status_code == 400
    assert not ConsentRecord.objects.exists()


def test_an_empty_patch_changes_nothing_as_its_schema_says(bob, as_, newsletter):
    """Found by schemathesis: the document requires no field of a PATCH."""
    before = as_(bob).get(LIST).json()["topics"]

    response = patch(as_(bob), {})

    assert response.status_code == 200
    assert response.json() in before
    assert patch(as_(bob), {}, "/api/v1/delivery/").status_code == 200
    assert patch(as_(bob), {}, "/api/v1/choices/nothing/").status_code == 404
    assert not ConsentRecord.objects.exists()


def test_csrf_and_sign_in_are_needed(bob, as_):
    assert as_(None).get(LIST).status_code in (401, 403)
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="accounts.backends.PersonBackend")
    assert patch(client, {"wants": False}).status_code == 403
    assert not ConsentRecord.objects.exists()


def test_stop_and_resume_keep_required_notices_R15_R40(bob, as_, newsletter):
    client = as_(bob)
    stopped = client.post("/api/v1/stop-all-optional/", "{}", "application/json").json()
    assert [row["code"] for row in stopped["stays"]] == [
        "transactional", "critical", "legal", "maintenance", "security",
    ]  # fmt: skip
    data = client.get(LIST).json()
    assert data["delivery"]["all_stopped"] is True
    assert {(row["wants"], row["comes"]) for row in data["topics"]} == {(False, False)}
    data = client.post("/api/v1/resume-optional/", "{}", "application/json").json()
    assert data["delivery"]["all_stopped"] is False
    assert may_send(bob, newsletter)
    assert client.post("/api/v1/resume-optional/", "{}", "application/json").status_code == 200
    assert ConsentRecord.objects.filter(recipient__user=bob, source="api").count() == 2


def test_delivery_is_read_and_changed(bob, as_, newsletter):
    client = as_(bob)
    path = "/api/v1/delivery/"
    assert client.get(path).json() == {
        "paused_until": None, "digest": "immediate", "all_stopped": False,
    }  # fmt: skip
    until = (timezone.now() + timedelta(days=30)).isoformat()
    answer = patch(client, {"paused_until": until, "digest": "weekly"}, path)
    assert answer.status_code == 200
    assert answer.json()["digest"] == "weekly"
    row = next(r for r in client.get(LIST).json()["topics"] if r["topic"] == "newsletter")
    assert (row["wants"], row["comes"], row["reason"]) == (True, False, "paused")
    assert patch(client, {"paused_until": None}, path).json()["paused_until"] is None
    assert may_send(bob, newsletter)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"digest": "hourly"}, "digest"),
        ({"digest": "daily", "paused_until": "2001-01-01T00:00:00Z"}, "paused_until"),
        ({"digest": "daily", "paused_until": "2999-01-01T00:00:00Z"}, "paused_until"),
        ({"digest": "daily", "paused_until": "soon"}, "paused_until"),
        ({"digest": "daily", "legal": False}, "legal"),
    ],
)
def test_bad_delivery_names_the_field_and_changes_nothing(bob, as_, body, field):
    answer = patch(as_(bob), body, "/api/v1/delivery/")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert (bob.recipient.digest, bob.recipient.paused_until) == ("immediate", None)


def test_history_shows_only_own_records_and_is_paged(bob, alice, as_, newsletter):
    for wants in (False, True, False):
        choose_topic(actor=bob, topic=newsletter, wants=wants)
    choose_topic(actor=alice, topic=newsletter, wants=False)
    page = as_(bob).get("/api/v1/consents/?limit=2").json()
    assert [row["wants"] for row in page["items"]] == [False, True]
    rest = as_(bob).get(f"/api/v1/consents/?after={page['next']}").json()
    [row] = rest["items"]
    assert (row["topic"], row["wants"], row["basis"]) == ("newsletter", False, "express")
    assert row["wording"].startswith("Newsletter")
    assert rest["next"] is None
