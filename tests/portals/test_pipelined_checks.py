"""Checks on the front's own connection: the same answers, many at once, and lost connections."""

import asyncio
import itertools

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections

from accounts.models import User
from portals.decision import Checker, answer_check
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.services.credentials import issue_credentials
from tests.portals.test_evaluation import keep_token, nowhere

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def portal():
    portal = Portal.objects.get(slug="domains")
    issue_credentials(actor=None, portal=portal)
    portal.refresh_from_db()
    keep_token("good", portal)
    return portal


@pytest.fixture
def bobs_view(portal):
    return {
        "token": "good",
        "subject": str(User.objects.get(email="bob@alder.example").sub),
        "resource_type": "domain",
        "resource_id": "alder.example",
        "action": "view",
    }


def run(scenario):
    """Run it on a loop, and close what it opened: a test's database is emptied afterwards."""
    checker = Checker()

    async def closing():
        try:
            return await scenario(checker)
        finally:
            if checker.statement.link and not checker.statement.link.exception():
                checker.statement.link.result().close()

    return asyncio.run(closing())


def all_questions(portal):
    privileges = Privilege.objects.filter(portal=portal).select_related("resource_type")
    resources = Resource.objects.filter(resource_type__portal=portal)
    questions = itertools.product(User.objects.all(), resources, privileges, ["good", "wrong"])
    return [
        {
            "token": token,
            "subject": str(user.sub),
            "resource_type": privilege.resource_type.code,
            "resource_id": resource.external_id,
            "action": privilege.code,
        }
        for user, resource, privilege, token in questions
    ]


def test_checks_that_travel_together_get_their_own_answers(portal):
    """Every person, resource and privilege of the portal at once, beside one after another."""
    questions = all_questions(portal)
    expected = [answer_check(**question) for question in questions]
    assert len({answer and answer.reason for answer in expected}) > 3

    async def scenario(checker):
        return await asyncio.gather(*(checker.answer_check(**each) for each in questions))

    assert run(scenario) == expected


def test_a_removal_counts_at_the_next_check(bobs_view):
    async def scenario(checker):
        before = await checker.answer_check(**bobs_view)
        grants = PersonGrant.objects.filter(user__email="bob@alder.example")
        await sync_to_async(grants.delete)()
        return before.reason, (await checker.answer_check(**bobs_view)).reason

    assert run(scenario) == ("grant", "not_allowed")


def test_without_a_database_every_check_fails_and_later_ones_connect(bobs_view, monkeypatch):
    settings = dict(connections["default"].settings_dict)
    away = {**settings, **nowhere()}

    async def scenario(checker):
        monkeypatch.setitem(connections.settings, "default", away)
        tries = await asyncio.gather(
            *(checker.answer_check(**bobs_view) for _ in range(5)), return_exceptions=True
        )
        monkeypatch.setitem(connections.settings, "default", settings)
        return tries, (await checker.answer_check(**bobs_view)).reason

    tries, later = run(scenario)
    assert [type(error) for error in tries] == [OperationalError] * 5
    assert later == "grant"
