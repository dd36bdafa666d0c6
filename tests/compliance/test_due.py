"""The due list: the deadlines that a viewer may see, and one email about each that was missed."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from accounts.selectors.paging import BadCursor
from compliance.models import DueAlarm, Policy, PrivacyRequest
from compliance.selectors import due
from compliance.selectors.due import (
    DueSource,
    due_list,
    overdue,
    sources_for,
)
from compliance.services.due import alarm_of_overdue
from compliance.services.privacy_requests import settle_privacy_request

DAY = timedelta(days=1)
PAGE = "/provider/due/"
TERMS = {"kind": "agreement", "asked_of": "person"}


def later(**delta):
    return time_machine.travel(timezone.now() + timedelta(**delta), tick=False)


@pytest.fixture
def asked(db):
    """Return a function that records a request about data, received so long ago."""

    def ask(ago=DAY, kind="access", address="sam@shop.example"):
        received = timezone.now() - ago
        return PrivacyRequest.objects.create(
            kind=kind, address=address, language="en", received_at=received,
            due_at=received + 30 * DAY,
        )  # fmt: skip

    return ask


@pytest.fixture
def source(monkeypatch):
    """Return a function that adds a source for this test alone: key → the day it is due."""
    monkeypatch.setattr(due, "_SOURCES", dict(due._SOURCES))

    def add(moments, permission="compliance.view_privacyrequest", code="test"):
        for key, moment in moments.items():
            Policy.objects.update_or_create(
                slug=f"{code}-{key}", defaults={"created_at": moment, **TERMS}
            )
        due.register_due_source(
            DueSource(
                code=code, label="Test", permission=permission,
                rows=lambda now: Policy.objects.filter(slug__startswith=f"{code}-"),
                due_at="created_at", facts={"key": "slug"},
                text=lambda facts: facts["key"], url=lambda facts: "/",
                key=lambda facts: facts["key"],
            )
        )  # fmt: skip

    return add


def texts(page):
    return [str(row.clock.text) for row in page.rows]


def test_deadlines_of_all_sources_are_listed_soonest_first(petra, asked, published, as_):
    asked(ago=2 * DAY)
    late = asked(ago=31 * DAY, kind="erasure")
    published(effective_at=timezone.now() + 40 * DAY)

    answer = as_(petra).get(PAGE)

    assert texts(answer.context["page"]) == [
        "Answer a request about data: The deletion of my data",
        "Announce: Terms of service, Version 1",
        "Answer a request about data: A copy of my data",
    ]
    assert reverse("compliance:privacy-request", args=[late.uuid]) in answer.text
    assert answer.text.count("Overdue") == 1
    assert answer.text.count("To come") == 2
    assert "sam@shop.example" not in answer.text


def test_a_deadline_that_is_met_leaves_the_list(petra, asked, announced, in_force):
    request = asked()
    settle_privacy_request(actor=petra, request=request, outcome="answered", answer="")
    in_force()
    announced(slug="hosting", asked_of="company", effective_at=timezone.now() + 40 * DAY)

    assert "Takes effect: Terms of service, Version 1" in texts(due_list(petra))
    assert not [text for text in texts(due_list(petra)) if "request" in text or "Announce" in text]


def test_who_lacks_the_permission_of_a_source_sees_none_of_it(dana, asked, as_, published):
    asked(ago=31 * DAY)
    published()
    assert as_(dana).get(PAGE).status_code == 403
    for codename in ("view_due_list", "view_policyversion"):
        dana.user_permissions.add(Permission.objects.get(codename=codename))
    dana = User.objects.get(pk=dana.pk)

    assert texts(due_list(dana))
    assert not [text for text in texts(due_list(dana)) if "request" in text]
    assert overdue(sources_for(dana)) == []


def test_texts_are_in_the_language_of_the_reader(petra, published):
    published()
    [row] = [row for row in due_list(petra).rows if "Terms" in str(row.clock.text)][:1]

    with translation.override("fr"):
        assert "Conditions d’utilisation" in str(row.clock.text)


def test_the_list_is_paged_by_place_even_where_several_are_due_at_once(petra, source):
    now = timezone.now()
    for code in "ab":
        source({f"{n:03}": now + (n // 4) * DAY for n in range(25)}, code=code)
    seen, after = [], ""
    while True:
        page = due_list(petra, after=after, size=7)
        seen += [row.position for row in page.rows]
        after = page.next_cursor
        if not after:
            break

    assert len([place for place in seen if place[1] in "ab"]) == 50
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    "cursor", ["x", "2026-01-01 a b", "2026-99-01T00:00:00+00:00 a b", "1 2 3"]
)
def test_a_forged_place_is_refused(petra, as_, cursor):
    with pytest.raises(BadCursor):
        due_list(petra, after=cursor)
    assert as_(petra).get(PAGE, {"after": cursor}).status_code == 400


def test_the_list_has_a_budget(petra, asked, as_, django_assert_max_num_queries):
    for number in range(60):
        asked(address=f"p{number}@shop.example")
    client = as_(petra)
    with django_assert_max_num_queries(7):
        answer = client.get(PAGE)
    assert len(answer.context["page"].rows) == 50


def test_staff_get_one_email_a_day_and_each_deadline_once(petra, asked, deliver):
    asked(ago=31 * DAY)
    assert alarm_of_overdue() == 1
    assert alarm_of_overdue() == 0
    mails = {mail.to[0]: mail for mail in deliver()}
    assert mails.keys() == {petra.email, "olive@harbour.example"}  # of the Privacy group
    assert mails[petra.email].subject == "1 deadline was missed"

    asked(ago=31 * DAY, kind="erasure")
    assert alarm_of_overdue() == 0, "today's email is sent"
    with later(days=1):
        assert alarm_of_overdue() == 1
        [mail] = [mail for mail in deliver() if mail.to == [petra.email]][-1:]
        assert "The deletion of my data" in mail.body
        assert "A copy of my data" not in mail.body
    with later(days=2):
        assert alarm_of_overdue() == 0
    assert DueAlarm.objects.count() == 2


def test_a_deadline_that_was_moved_and_missed_again_is_told_again(petra, source):
    now = timezone.now()
    source({"k": now - DAY})
    assert alarm_of_overdue() == 1
    with later(days=3):
        source({"k": now + DAY})
        assert alarm_of_overdue() == 1


def test_only_who_may_see_a_deadline_gets_its_email(petra, dana, source, deliver):
    dana.user_permissions.add(Permission.objects.get(codename="view_policyversion"))
    source({"k": timezone.now() - DAY})
    alarm_of_overdue()

    assert dana.email not in {mail.to[0] for mail in deliver()}


def test_home_counts_what_is_overdue(petra, dana, asked, as_):
    assert "overdue" not in as_(petra).get("/").text
    asked(ago=31 * DAY)
    asked()

    assert "1 deadline is overdue." in " ".join(as_(petra).get("/").text.split())
    assert "overdue" not in as_(dana).get("/").text
