"""The portal pulls paid work: claim, parts, result, failure, and what to keep (L44)."""

import hashlib
import json
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from compliance.models import LogPart, LogRequest, SealedFile
from compliance.services.log_requests import release_log_request, repeat_log_request
from compliance.services.tabulation import fail_log_request, store_part
from portals.choices import Scope
from portals.models import Portal
from portals.services.credentials import issue_credentials, issue_portal_token
from tests import log_scene

HOUR = timedelta(hours=1)
LINES = log_scene.CONTENT.count(b"\n")


@pytest.fixture
def paid(bob, membership):
    report = log_scene.report()
    log_scene.price()
    log_scene.representative(membership(bob))
    log_scene.give_key(membership(bob), report)
    request = log_scene.ask(bob, report)
    log_scene.pay(log_scene.approve(request))
    return request


def token_of(slug="statistics", scope=Scope.LOGS_TABULATE):
    portal = Portal.objects.get(slug=slug)
    issue_credentials(actor=None, portal=portal)
    portal.refresh_from_db()
    return issue_portal_token(client=portal.client, scopes=[scope], resources=[])


@pytest.fixture
def call(client, db):
    """Return a function that calls the API as a portal."""
    tokens = {}

    def send(method, name, *args, body=None, portal="statistics", query="", raw=None, **more):
        token = tokens.get(portal) or tokens.setdefault(portal, token_of(portal))
        address = reverse(f"compliance-api:{name}", args=args) + query
        content = raw if raw is not None else "" if body is None else json.dumps(body)
        kind = "application/octet-stream" if raw is not None else "application/json"
        headers = {"Authorization": f"Bearer {token}"}
        return client.generic(method, address, content, content_type=kind, headers=headers)

    return send


def result(lease, content=log_scene.CONTENT, **more):
    counted = {"type": "usage_report", "id": log_scene.REPORT, "lines": content.count(b"\n")}
    return {
        "lease": str(lease),
        "sha256": hashlib.sha256(content).hexdigest(),
        "resources": [counted],
        **more,
    }


def test_a_portal_pulls_paid_work_and_sends_the_file_in_parts_L44(paid, call):
    [work] = call("GET", "log-request-list", query="?state=paid").json()["items"]
    assert (work["id"], work["customer"]) == (str(paid.uuid), "alder")
    [resource] = work["resources"]
    assert set(resource) == {"type", "id", "from", "until"}
    assert resource["id"] == log_scene.REPORT

    claims = [
        call("POST", "log-request-claim", paid.uuid, body={"worker": "one"}) for _again in "12"
    ]
    assert claims[0].json() == claims[1].json()  # the same answer when repeated
    assert not call("GET", "log-request-list").json()["items"]
    lease = claims[0].json()["lease"]
    content = log_scene.CONTENT
    for number, part in enumerate((content[:20], content[20:])):
        answer = call(
            "PUT", "log-request-part", paid.uuid, number, raw=part, query=f"?lease={lease}"
        )
        assert answer.status_code == 204
    stored = LogPart.objects.order_by("number").values_list("content", flat=True)
    assert all(b"203.0.113" not in bytes(sealed) for sealed in stored)  # encrypted at rest

    for _again in range(2):  # a repeated result changes nothing
        answer = call("PUT", "log-request-result", paid.uuid, body=result(lease))
        assert answer.json() == {"id": str(paid.uuid), "state": "ready"}
    paid.refresh_from_db()
    assert [row.lines for row in paid.resources.all()] == [LINES]
    assert not LogPart.objects.exists()
    assert SealedFile.objects.filter(kind="logs").count() == 1


def test_one_worker_claims_and_the_other_waits_for_the_lease_L44(paid, call):
    first = call("POST", "log-request-claim", paid.uuid, body={"worker": "one"}).json()
    refused = call("POST", "log-request-claim", paid.uuid, body={"worker": "two"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "taken")

    with time_machine.travel(timezone.now() + HOUR + timedelta(seconds=1)):
        paid.refresh_from_db()
        [listed] = LogRequest.objects.filter(pk=paid.pk)
        assert not listed.is_leased
        second = log_scene.claim(paid, "two")
        assert str(second.lease) != first["lease"]
        log_scene.send(second)
        # The late first is refused, whatever it sends.
        late = LogRequest.objects.get(pk=paid.pk)
        late.lease = uuid.UUID(first["lease"])
        for act in (
            lambda: log_scene.send(late),
            lambda: log_scene.finish(late),
            lambda: fail_log_request(
                actor=log_scene.statistics(), request=late, lease=late.lease, reason="x"
            ),
        ):
            with pytest.raises(ValidationError) as refusal:
                act()
            assert refusal.value.code == "late"
        assert log_scene.finish(second).state == "ready"


def test_a_lease_that_is_over_is_refused_even_unclaimed_L44(paid):
    claimed = log_scene.claim(paid)
    log_scene.send(claimed)
    with (
        time_machine.travel(timezone.now() + HOUR + timedelta(seconds=1)),
        pytest.raises(ValidationError) as refusal,
    ):
        log_scene.finish(claimed)
    assert refusal.value.code == "late"


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "0" * 64},
        {"resources": []},
        {"resources": [{"type": "usage_report", "id": "alder-web", "lines": 2}]},
        {"resources": [{"type": "usage_report", "id": log_scene.REPORT, "lines": 3}]},
        {
            "resources": [
                {"type": "usage_report", "id": log_scene.REPORT, "lines": 2},
                {"type": "usage_report", "id": "birch-web", "lines": 0},
            ]
        },
        {"resources": [{"type": "usage_report", "id": log_scene.REPORT, "lines": 1}] * 2},
    ],
    ids=str,
)
def test_another_hash_or_a_foreign_resource_is_refused_whole_L44(paid, call, wrong):
    claimed = log_scene.claim(paid)
    log_scene.send(claimed)
    answer = call("PUT", "log-request-result", paid.uuid, body=result(claimed.lease, **wrong))
    assert answer.status_code == 400
    paid.refresh_from_db()
    assert (paid.state, paid.file) == ("tabulating", None)
    assert not SealedFile.objects.filter(kind="logs").exists()
    assert LogPart.objects.exists()  # so that the worker can put it right
    assert log_scene.finish(claimed).state == "ready"


def test_a_missing_part_is_refused_and_a_repeated_one_replaces_L44(paid):
    claimed = log_scene.claim(paid)
    values = {"actor": log_scene.statistics(), "request": paid, "lease": claimed.lease}
    store_part(**values, number=0, content=b"wrong")
    store_part(**values, number=0, content=log_scene.CONTENT[:10])
    store_part(**values, number=2, content=log_scene.CONTENT[10:])
    with pytest.raises(ValidationError, match="missing"):
        log_scene.finish(claimed)
    LogPart.objects.filter(number=2).delete()
    store_part(**values, number=1, content=log_scene.CONTENT[10:])
    assert log_scene.finish(claimed).state == "ready"


def test_no_lines_at_all_are_a_result_too(paid):
    claimed = log_scene.claim(paid)
    finished = log_scene.finish(claimed, content=b"")
    assert (finished.state, finished.file.size) == ("ready", 0)


def test_a_last_line_without_a_line_feed_counts(paid):
    claimed = log_scene.claim(paid)
    content = b"one\ntwo"
    log_scene.send(claimed, content)
    lines = {("usage_report", log_scene.REPORT): 2}
    assert log_scene.finish(claimed, content, lines=lines).state == "ready"


def test_a_failure_waits_for_staff_who_let_it_be_repeated(paid, call, olive):
    claimed = log_scene.claim(paid)
    body = {"lease": str(claimed.lease), "reason": "The disk is gone."}
    answer = call("POST", "log-request-failure", paid.uuid, body=body)
    assert answer.json()["state"] == "failed"
    refused = call("POST", "log-request-claim", paid.uuid, body={"worker": "one"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_work")
    repeat_log_request(actor=olive, request=paid, reason="A new disk.")
    assert log_scene.claim(paid).state == "tabulating"


def test_what_to_keep_from_rotation_from_the_approval_on(paid, call, bob):
    [kept] = call("GET", "kept-logs").json()["items"]
    assert kept["id"] == log_scene.REPORT
    claimed = log_scene.claim(paid)
    log_scene.send(claimed)
    log_scene.finish(claimed)
    assert call("GET", "kept-logs").json()["items"]
    release_log_request(actor=log_scene.staff(), request=paid, is_checked=True)
    assert not call("GET", "kept-logs").json()["items"]


def test_another_portal_sees_and_does_nothing_L44(paid, call):
    assert call("GET", "log-request-list", portal="webmail").json()["items"] == []
    assert call("GET", "kept-logs", portal="webmail").json()["items"] == []
    body = {"worker": "one"}
    refused = call("POST", "log-request-claim", paid.uuid, body=body, portal="webmail")
    assert refused.status_code == 404


def test_the_scope_is_needed(paid, client):
    token = token_of(scope=Scope.RESOURCES_WRITE)
    answer = client.get(
        reverse("compliance-api:log-request-list"), headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "insufficient_scope")


def test_bad_calls_name_the_field(paid, call):
    assert call("GET", "log-request-list", query="?state=asked").status_code == 400
    assert call("GET", "log-request-list", query="?all=1").status_code == 400
    assert call("GET", "kept-logs", query="?all=1").status_code == 400
    for body in ({}, {"worker": ""}, {"worker": 1}, {"worker": "x" * 101}, {"worker": "a", "b": 1}):
        assert call("POST", "log-request-claim", paid.uuid, body=body).status_code == 400
    claimed = log_scene.claim(paid)
    for query in ("", "?lease=x"):
        answer = call("PUT", "log-request-part", paid.uuid, 0, raw=b"x", query=query)
        assert list(answer.json()["error"]["fields"]) == ["lease"]
    lease = f"?lease={claimed.lease}"
    for number, raw in ((0, b""), (0, b"x" * (4 * 1024 * 1024 + 1)), (2500, b"x")):
        answer = call("PUT", "log-request-part", paid.uuid, number, raw=raw, query=lease)
        assert answer.status_code == 400
    too_large = call("PUT", "log-request-part", paid.uuid, 0, raw=b"x" * 9_000_000, query=lease)
    assert too_large.status_code == 413
    for wrong in ({"sha256": "x"}, {"lease": "y"}, {"resources": "z"}, {"more": 1}):
        body = {**result(claimed.lease), **wrong}
        answer = call("PUT", "log-request-result", paid.uuid, body=body)
        assert list(answer.json()["error"]["fields"]) == list(wrong)
    for body in ({"lease": str(claimed.lease)}, {"lease": "x", "reason": "y"}):
        assert call("POST", "log-request-failure", paid.uuid, body=body).status_code == 400
