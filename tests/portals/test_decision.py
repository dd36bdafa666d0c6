"""Every way of asking for a decision gives the answer of the rule."""

import hashlib
import json
import os
from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Client, Token
from asgiref.sync import async_to_sync
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portals.api.evaluation import BATCH_PATH, answer_evaluation
from portals.api.search import ACTION, RESOURCE, SUBJECT
from portals.decision import decide, permitted_people, permitted_privileges, permitted_resources
from portals.models import PersonGrant
from tests.portals.test_evaluation import call
from tests.portals.worlds import CODES, NOW, Stored, World, reason, store, twin, worlds

EXAMPLES = int(os.environ.get("EXAMPLES", "25"))


@pytest.fixture(autouse=True)
def _clock_stands_still():
    with time_machine.travel(NOW, tick=False):
        yield


def _token(portal) -> str:
    """A live token of this portal."""
    portal.client = Client.objects.create(id=portal.slug, name=portal.slug)
    portal.save()
    Token.objects.create(
        type=Token.Type.ACCESS_TOKEN,
        hash=hashlib.sha256(portal.slug.encode()).hexdigest(),
        client=portal.client,
        scopes="access:check",
        expires_at=NOW + timedelta(hours=1),
    )
    return portal.slug


def _question(rows: Stored, person: int, index: int, code: int) -> dict:
    kind, action = CODES[code].split(".")
    return {
        "subject": {"type": "user", "id": str(rows.people[person].sub)},
        "resource": {"type": kind, "id": rows.resources[index].external_id},
        "action": {"name": action},
        "context": {"explain": True},
    }


def _evaluation(token: str, rows: Stored, *question: int) -> dict:
    answer = answer_evaluation(
        method="POST",
        content_type="application/json",
        authorization=f"Bearer {token}",
        request_id="",
        body=json.dumps(_question(rows, *question)).encode(),
    )
    assert answer.status == 200
    return json.loads(answer.body)


def _post(token: str, path: str, body: dict) -> dict:
    answer = call(
        "route", path=path, body=json.dumps(body).encode(), HTTP_AUTHORIZATION=f"Bearer {token}"
    )
    assert answer.status == 200, answer.body
    return answer.json


def _compare_batches(
    world: World, rows: Stored, tokens: list[str], expected: dict[tuple[int, int, int], str]
) -> None:
    """Every question of each portal, in one call."""
    for portal, token in enumerate(tokens):
        mine = [each for each in expected if world.resources[each[1]].portal == portal]
        questions = [_question(rows, *each) for each in mine]
        answers = _post(token, BATCH_PATH, {"evaluations": questions})["evaluations"]
        assert [each["context"]["reason"] for each in answers] == [expected[each] for each in mine]


def _found(token: str, path: str, body: dict) -> list[str]:
    """Return all that a search finds, in pages of two."""
    names, page = [], {"limit": 2}
    while page:
        answer = _post(token, path, {**body, "page": page})
        assert len(answer["results"]) <= 2
        names += [each.get("id") or each["name"] for each in answer["results"]]
        next_token = answer["page"]["next_token"]
        page = {"token": next_token} if next_token else {}
    assert len(names) == len(set(names))
    return sorted(names)


def _compare_searches(
    world: World,
    rows: Stored,
    tokens: list[str],
    expected: dict[tuple[int, int, int], str],
    question: tuple[int, int, int],
) -> None:
    """The three searches that a question belongs to."""
    person, index, code = question
    portal = world.resources[index].portal
    token, body = tokens[portal], _question(rows, person, index, code)
    allowed = {
        each
        for each, answer in expected.items()
        if answer != "not_allowed" and world.resources[each[1]].portal == portal
    }
    assert _found(token, RESOURCE.path, body) == sorted(
        rows.resources[i].external_id for p, i, c in allowed if (p, c) == (person, code)
    )
    assert _found(token, SUBJECT.path, body) == sorted(
        str(rows.people[p].sub) for p, i, c in allowed if (i, c) == (index, code)
    )
    assert _found(token, ACTION.path, body) == sorted(
        CODES[c].split(".")[1] for p, i, c in allowed if (p, i) == (person, index)
    )


def _every_question(world: World) -> list[tuple[int, int, int]]:
    return [
        (person, index, code)
        for person in range(len(world.active))
        for index in range(len(world.resources))
        for code in range(len(CODES))
        if code // 2 == world.resources[index].kind
    ]


def _compare_sets(world: World, rows: Stored, expected: dict[tuple[int, int, int], str]) -> None:
    """The set-shaped twins, and every permission at once."""
    allowed = {question for question, answer in expected.items() if answer != "not_allowed"}
    for person, user in enumerate(rows.people):
        for (portal, code), privilege in rows.privileges.items():
            assert set(permitted_resources(user, privilege)) == {
                rows.resources[index]
                for p, index, c in allowed
                if (p, c) == (person, code) and world.resources[index].portal == portal
            }
        for index, resource in enumerate(rows.resources):
            portal = world.resources[index].portal
            mine = {code for p, t, code in allowed if (p, t) == (person, index)}
            names = {f"portals.{rows.portals[portal].slug}.{CODES[code]}" for code in mine}
            assert user.get_all_permissions(resource) == names
            assert set(permitted_privileges(user, resource)) == {
                rows.privileges[portal, code] for code in mine
            }
    for index, resource in enumerate(rows.resources):
        for (portal, code), privilege in rows.privileges.items():
            people = {rows.people[p] for p, t, c in allowed if (t, c) == (index, code)}
            if portal == world.resources[index].portal:
                assert set(permitted_people(privilege, resource)) == people
            else:
                assert not permitted_people(privilege, resource).exists()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=worlds(), data=st.data())
def test_every_decision_path_agrees_with_the_rule(db, world: World, data: st.DataObject):
    expected = {question: reason(world, *question) for question in _every_question(world)}
    with transaction.atomic():
        rows = store(world)
        tokens = [_token(portal) for portal in rows.portals]

        for (person, index, code), answer in expected.items():
            assert decide(rows.people[person], CODES[code], rows.resources[index]) == answer
        _compare_sets(world, rows, expected)
        _compare_batches(world, rows, tokens, expected)
        yes = [question for question, answer in expected.items() if answer != "not_allowed"]
        chosen = data.draw(st.lists(st.sampled_from(sorted(expected)), max_size=15))
        for question in yes[:2] + chosen[:3]:
            _compare_searches(world, rows, tokens, expected, question)
        for person, index, code in yes[:15] + chosen:
            answer = expected[person, index, code]
            allowed = answer != "not_allowed"
            user, resource, portal = (
                rows.people[person],
                rows.resources[index],
                world.resources[index].portal,
            )
            name = f"portals.{rows.portals[portal].slug}.{CODES[code]}"
            assert user.has_perm(name, resource) is allowed
            assert async_to_sync(user.ahas_perm)(name, resource) is allowed
            assert not user.has_perm(name)
            assert _evaluation(tokens[portal], rows, person, index, code) == {
                "decision": allowed,
                "context": {"reason": answer},
            }
            elsewhere = expected[person, twin(world, index), code]  # the other portal's own
            assert _evaluation(tokens[1 - portal], rows, person, index, code) == {
                "decision": elsewhere != "not_allowed",
                "context": {"reason": elsewhere},
            }
        transaction.set_rollback(True)


def test_the_decision_knows_the_privilege_by_its_resource_type(db, bob, resource):
    assert decide(bob, "domain.view", resource("domain", "alder.example")) == "grant"
    assert decide(bob, "queue.view", resource("domain", "alder.example")) == "not_allowed"


@pytest.mark.parametrize("codename", ["", "domain", "domain.", "domain.\0", "x" * 1000, "domain.'"])
def test_a_privilege_that_does_not_exist_is_not_allowed(db, alice, resource, codename):
    assert decide(alice, codename, resource("domain", "alder.example")) == "not_allowed"


def test_a_revoked_grant_is_refused_at_the_next_check(db, bob, resource):
    domain = resource("domain", "alder.example")
    assert bob.has_perm("portals.domains.domain.view", domain)

    PersonGrant.objects.filter(user=bob, content_object=domain).delete()

    assert not bob.has_perm("portals.domains.domain.view", domain)


@pytest.mark.parametrize(
    ("starts", "expires", "reason"),
    [
        (timedelta(0), None, "grant"),
        (timedelta(microseconds=1), None, "not_allowed"),
        (None, timedelta(0), "not_allowed"),
        (None, timedelta(microseconds=1), "grant"),
    ],
)
@pytest.mark.parametrize("moment", [NOW, NOW.replace(microsecond=0)])
def test_a_grant_is_in_force_from_its_start_until_before_its_end(
    db, bob, resource, starts, expires, reason, moment
):
    domain = resource("domain", "alder.example")
    with time_machine.travel(moment, tick=False):
        PersonGrant.objects.filter(user=bob, content_object=domain).update(
            starts_at=None if starts is None else moment + starts,
            expires_at=None if expires is None else moment + expires,
        )

        assert decide(bob, "domain.view", domain) == reason
