"""POST /access/v1/evaluations: many checks in one call, each as if it were asked alone."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portals.api.evaluation import BATCH_BODY_LIMIT, BATCH_LIMIT, BATCH_PATH, PATH
from portals.decision import answer_check, answer_checks
from portals.decision.prepared import PreparedStatement
from portals.models import PersonGrant, Portal, PrivilegeUse
from portals.services.uses import UseRecorder
from tests.portals.test_access_search import example
from tests.portals.test_evaluation import (
    EXPLAIN,
    MALFORMED,
    NOT_JSON,
    UNKNOWN,
    call,
    in_own_connection,
    keep_token,
    nowhere,
    portals,
    question,
    token,
)

__all__ = ["portals", "question", "token"]  # fixtures


@pytest.fixture
def ask(token):
    """Send a body; bytes are sent as they are."""

    def send(body, *, token=token, path=BATCH_PATH, **environ):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if token is not None:
            environ.setdefault("HTTP_AUTHORIZATION", f"Bearer {token}")
        return call("front", path=path, body=body, **environ)

    return send


@pytest.fixture
def decisions(ask):
    """Send a batch and return its yes and no, in order."""

    def send(body, **options):
        response = ask(body, **options)
        assert response.status == 200, response.body
        return [each["decision"] for each in response.json["evaluations"]]

    return send


@pytest.fixture
def question_of(question):
    """Bob's question about alder.example, for another action."""
    return lambda name: {**question, "action": {"name": name}}


def test_each_question_is_answered_in_its_order(ask, question_of, charlie):
    """openid/authzen, certification 3.2.5 and 3.3: no `decision` beside the list."""
    other = {**question_of("view"), "subject": {"type": "user", "id": str(charlie.sub)}}
    body = {"evaluations": [question_of("view"), question_of("transfer"), other]}

    assert ask(body).body == (
        b'{"evaluations": [{"decision": true}, {"decision": false}, {"decision": false}]}'
    )
    body["evaluations"].reverse()
    assert [each["decision"] for each in ask(body).json["evaluations"]] == [False, False, True]


def test_the_example_of_the_document_is_answered_as_it_shows(ask, bob):
    body, shown = example(BATCH_PATH)
    body["subject"]["id"] = str(bob.sub)

    assert ask(body).json == shown


def test_names_outside_stand_for_those_that_a_question_leaves_out(decisions, question):
    """openid/authzen, certification 3.2.1 and 3.2.2."""
    actions = [{"action": {"name": name}} for name in ("view", "transfer")]
    assert decisions({**question, "evaluations": [*actions, {}]}) == [True, False, True]
    resources = [
        {"resource": {"type": "domain", "id": name}} for name in ("birch.example", "alder.example")
    ]
    assert decisions({**question, "evaluations": resources}) == [False, True]


def test_an_entity_takes_the_type_and_id_it_lacks_from_outside(decisions, question):
    """openid/authzen, certification 3.2.7."""
    body = {
        **question,
        "resource": {"type": "domain", "properties": 7},
        "evaluations": [
            {"resource": {"id": "alder.example", "properties": {"status": "active"}}},
            {"resource": {"type": "mail_domain", "id": "alder.example"}},
        ],
    }
    assert decisions(body) == [True, False]


def test_context_is_for_all_unless_a_question_has_its_own(ask, question, portals):
    """openid/authzen, certification 3.2.6."""
    own = {"context": {"source": "own", "explain": False}}
    reason = {"decision": True, "context": {"reason": "grant"}}

    answer = ask({**question, **EXPLAIN, "evaluations": [{}, own, EXPLAIN]}).json
    assert answer["evaluations"] == [reason, {"decision": True}, reason]
    assert ask({**question, "evaluations": [{}, EXPLAIN]}).json["evaluations"] == [
        {"decision": True},
        reason,
    ]
    Portal.objects.filter(slug="domains").update(explain=True)
    assert ask({**question, "evaluations": [own]}).json["evaluations"] == [reason]


@pytest.mark.parametrize("more", [{}, {"evaluations": []}, {"evaluations": [], "options": 7}])
def test_without_questions_it_is_a_single_check(ask, question, more):
    """openid/authzen, certification 3.4.2 and 3.4.3."""
    assert ask({**question, **more}).body == b'{"decision": true}'
    assert ask({**question, **more, **EXPLAIN}).json["context"] == {"reason": "grant"}
    del question["subject"]
    response = ask({**question, **more})
    assert (response.status, list(response.json["error"]["fields"])) == (400, ["subject"])


SEMANTICS = {
    "execute_all": ([True, False, True, False], [False, True, False]),
    "deny_on_first_deny": ([True, False], [False]),
    "permit_on_first_permit": ([True], [False, True]),
}


@pytest.mark.parametrize("semantic", SEMANTICS)
def test_a_batch_ends_as_its_semantic_says(decisions, question, question_of, semantic):
    yes, no = question_of("view"), question_of("transfer")
    options = {"options": {"evaluations_semantic": semantic, "another_option": "value"}}
    first, second = SEMANTICS[semantic]

    assert decisions({"evaluations": [yes, no, yes, no], **options}) == first
    assert decisions({"evaluations": [no, yes, no], **options}) == second
    assert decisions({"evaluations": [{}, yes], **options}) == second[:1] + [True] * (
        semantic != "deny_on_first_deny"
    )  # an error is a no


def test_all_are_answered_unless_the_options_say_otherwise(decisions, question_of):
    body = {"evaluations": [question_of("transfer"), question_of("view")]}
    assert decisions({**body, "options": {}}) == [False, True]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"evaluations": {}}, "evaluations"),
        ({"evaluations": None}, "evaluations"),
        ({"evaluations": "x"}, "evaluations"),
        ({"evaluations": [{}] * (BATCH_LIMIT + 1)}, "evaluations"),
        ({"options": []}, "options"),
        ({"options": None}, "options"),
        ({"options": {"evaluations_semantic": "deny"}}, "options.evaluations_semantic"),
        ({"options": {"evaluations_semantic": None}}, "options.evaluations_semantic"),
        ({"options": {"evaluations_semantic": ["execute_all"]}}, "options.evaluations_semantic"),
    ],
)
def test_a_malformed_batch_is_refused_by_the_field(ask, question, change, field):
    response = ask({**question, "evaluations": [{}], **change})

    assert response.status == 400
    assert list(response.json["error"]["fields"]) == [field]
    assert "evaluations" not in response.json


@pytest.mark.parametrize(
    ("field", "change"),
    [(field, change) for field, changes in MALFORMED.items() for change in changes],
)
def test_a_question_with_an_error_is_a_no_and_stops_no_other(ask, question, field, change):
    """openid/authzen, certification 3.4.1."""
    bad = json.loads(json.dumps(question))
    change(bad)

    good, answer, last = ask({"evaluations": [question, bad, question]}).json["evaluations"]

    assert good == last == {"decision": True}
    assert answer["decision"] is False
    error = answer["context"]["error"]
    assert (error["status"], error["code"], list(error["fields"])) == (400, "invalid", [field])


@pytest.mark.parametrize("bad", [None, 7, "x", [], True])
def test_a_question_that_is_no_object_is_a_no(ask, question, bad):
    answer = ask({**question, "evaluations": [bad, {}]}).json["evaluations"]
    assert answer[0]["context"]["error"] == {
        "status": 400,
        "code": "invalid",
        "message": "A check must be a JSON object.",
    }
    assert answer[1] == {"decision": True}


def test_an_error_outside_concerns_the_questions_that_rely_on_it(ask, question):
    own = {"subject": question["subject"]}
    answer = ask({**question, "subject": "bob", "evaluations": [own, {}]}).json["evaluations"]
    assert answer[0] == {"decision": True}
    assert list(answer[1]["context"]["error"]["fields"]) == ["subject"]


@pytest.mark.parametrize(("entity", "key", "value"), UNKNOWN)
def test_unknown_names_are_answered_no_in_a_batch(ask, question, entity, key, value):
    unknown = {**question, entity: {**question[entity], key: value}}
    answer = ask({"evaluations": [unknown, question]}).json
    assert answer == {"evaluations": [{"decision": False}, {"decision": True}]}


def test_the_largest_batch_is_one_statement_and_answers_as_single_checks(
    ask, portals, alice, bob, emma, charlie, monkeypatch
):
    keep_token("mail", portals["webmail"])
    people = [str(person.sub) for person in (alice, bob, emma, charlie)]
    names = [(f"{who}@alder.example") for who in ("alice", "bob", "emma", "info", "billing")]
    privileges = ["view", "manage", "read", "send", "use", "no_such"]
    asked = [
        ("mailbox", sub, name, privilege)
        for sub in people
        for name in names
        for privilege in privileges
    ]
    asked = (asked * 9)[:BATCH_LIMIT]
    body = {
        "evaluations": [
            {
                "subject": {"type": "user", "id": sub},
                "resource": {"type": kind, "id": name},
                "action": {"name": privilege},
                **EXPLAIN,
            }
            for kind, sub, name, privilege in asked
        ]
    }
    runs = []
    run = PreparedStatement._run
    monkeypatch.setattr(
        PreparedStatement, "_run", lambda self, *rest: runs.append(self) or run(self, *rest)
    )

    with CaptureQueriesContext(connection) as queries:
        answer = ask(body, token="mail").json["evaluations"]

    assert len(queries) == 0  # nothing goes through Django's cursor
    assert len(runs) == 1
    assert len(answer) == BATCH_LIMIT
    singles = {
        each: answer_check(
            token="mail",
            resource_type=each[0],
            subject=each[1],
            resource_id=each[2],
            action=each[3],
        )
        for each in set(asked)
    }
    assert [each["context"]["reason"] for each in answer] == [singles[e].reason for e in asked]
    assert {single.reason for single in singles.values()} > {"role", "owner", "team"}


def test_a_result_is_the_same_in_a_batch(token, bob, charlie):
    odd = "nul \0", "lone \ud800", "quote ' \" \\", "é 🧁", "{subject}", ""
    questions = [
        (str(person.sub), kind, name, privilege)
        for person in (bob, charlie)
        for kind in ("domain", "mailbox", odd[0])
        for name in ("alder.example", *odd)
        for privilege in ("view", "renew", odd[1])
    ]
    expected = [
        answer_check(
            token=token,
            subject=subject,
            resource_type=kind,
            resource_id=name,
            action=privilege,
        )
        for subject, kind, name, privilege in questions
    ]
    assert answer_checks(token=token, questions=questions) == expected
    assert {result.reason for result in expected} == {"grant", "not_allowed"}
    assert answer_checks(token="wrong", questions=questions) is None


def test_what_a_batch_allows_is_a_use_as_in_a_check(ask, question_of, monkeypatch):
    fresh = UseRecorder()
    monkeypatch.setattr("portals.api.evaluation.answers.record_use", fresh.record)
    before = set(PrivilegeUse.objects.values_list("pk", flat=True))
    robot = {**question_of("view"), "subject": {"type": "robot", "id": "x"}}
    stop = {"options": {"evaluations_semantic": "deny_on_first_deny"}}
    ask({"evaluations": [question_of("transfer"), question_of("view")], **stop})
    ask({"evaluations": [question_of("transfer"), {}, robot]})
    fresh.save()
    assert not PrivilegeUse.objects.exclude(pk__in=before).exists()

    ask({"evaluations": [question_of("view"), question_of("transfer")]})
    fresh.save()
    assert PrivilegeUse.objects.exclude(pk__in=before).get().privilege.code == "view"


def test_a_revoked_grant_is_refused_in_the_next_batch(decisions, question, bob):
    assert decisions({**question, "evaluations": [{}, {}]}) == [True, True]
    PersonGrant.objects.filter(user=bob).delete()
    assert decisions({**question, "evaluations": [{}, {}]}) == [False, False]


def test_a_portal_asks_about_its_own_resources_only_in_a_batch(decisions, question, portals):
    keep_token("statistics", portals["statistics"])
    assert decisions({**question, "evaluations": [{}, {}]}, token="statistics") == [False, False]


# --- Requests ---


def test_a_batch_is_refused_as_a_check_is(ask, question, bob, portals):
    """The same refusals as portals/test_evaluation.py finds at the check, byte for byte."""
    batch = {**question, "evaluations": [{}]}
    keep_token("expired", portals["domains"], expires_at=timezone.now() - timedelta(seconds=1))
    keep_token("persons", portals["domains"], user=bob, scopes="openid\naccess:check")
    keep_token("writer", portals["domains"], scopes="resources:write\naccess:checks")
    keep_token("away", portals["domains"], data={"resources": ["https://elsewhere.example/api"]})
    cases = [
        (401, {"token": None}),
        *((401, {"token": token}) for token in ("wrong", "expired", "persons", "away")),
        (401, {"HTTP_AUTHORIZATION": "Basic Z29vZDpnb29k"}),
        (403, {"token": "writer"}),
        (405, {"method": "GET"}),
        (400, {"CONTENT_TYPE": "text/plain"}),
        (400, {"HTTP_X_REQUEST_ID": "x" * 256}),
        *((400, {"body": body}) for body in NOT_JSON if len(body) < 100),
        (400, {"body": b"[]"}),
        (400, {"body": b'{"evaluations": [{"action": 1, "action": 2}]}'}),
    ]
    for status, case in cases:
        sent = {"body": batch, "HTTP_X_REQUEST_ID": "bfe9eb29-ab87 (1)", **case}
        response = ask(sent.pop("body"), **sent)
        assert response.status == status, case
        alone = ask(case.get("body", question), path=PATH, **sent)
        assert response == alone, case


@pytest.mark.parametrize("body", [b"{", b'{"evaluations": 1}', b'{"evaluations": [{}]}'])
def test_a_bad_token_is_reported_before_a_bad_batch(ask, body):
    assert ask(body, token="wrong").status == 401


def test_a_token_bound_to_batches_is_good_there_alone(ask, question, portals, settings):
    batches = [settings.HUB_BASE_URL + BATCH_PATH]
    keep_token("narrow", portals["domains"], data={"resources": batches})
    keep_token("single", portals["domains"], data={"resources": [settings.HUB_BASE_URL + PATH]})

    assert ask({**question, "evaluations": [{}]}, token="narrow").status == 200
    assert ask(question, token="narrow", path=PATH).status == 401
    assert ask(question, token="single").status == 401


def test_a_batch_has_room_for_the_longest_names(ask, decisions, question):
    longest = {"subject": {"type": "user", "id": "x" * 255}, "resource": {"type": "é" * 90}}
    body = json.dumps({**question, "evaluations": [longest] * BATCH_LIMIT}, ensure_ascii=False)
    assert len(decisions(body.encode())) == BATCH_LIMIT == 1000  # as docs/checks.md says
    assert BATCH_BODY_LIMIT == 2**20
    assert ask(body.encode() + b" " * BATCH_BODY_LIMIT).status == 413


def test_without_a_database_a_batch_is_503_and_never_yes(ask, question):
    response = in_own_connection(lambda: ask({**question, "evaluations": [{}]}), **nowhere())

    assert response.status == 503
    assert "evaluations" not in response.json
    assert response.headers["Retry-After"] == "1"


def test_a_signed_in_person_asks_no_batch(as_, bob, question):
    body = json.dumps({**question, "evaluations": [{}]})
    response = as_(bob).post(BATCH_PATH, body, content_type="application/json")
    assert response.status_code == 401


def test_batches_are_in_the_openapi_document(client, db):
    document = client.get("/api/v1/schema/?format=json").json()
    operation = document["paths"][BATCH_PATH]["post"]
    schemas = document["components"]["schemas"]
    request = schemas["AccessEvaluations"]["properties"]

    assert request["evaluations"]["maxItems"] == BATCH_LIMIT
    assert request["options"]["properties"]["evaluations_semantic"]["enum"] == list(SEMANTICS)
    assert operation["security"] == [{"portal": ["access:check"]}]
    assert {"200", "400", "401", "403", "413", "503"} <= set(operation["responses"])
