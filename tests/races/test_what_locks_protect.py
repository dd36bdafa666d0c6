"""Each lock of grants, reviews and reports, on PostgreSQL: the acts meet where only it helps."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership, User
from portals.models import AccessReview, PersonGrant, Portal, Privilege, Resource
from portals.selectors.grant_changes import GrantChange, fingerprint
from portals.selectors.targets import Target
from portals.services import grants
from portals.services.grant_changes import ChangeRefused, apply_change
from portals.services.grant_expiry import announce_expiring_grants
from portals.services.grants import grant_privilege
from portals.services.resources import Report, delete_resource, put_resource
from portals.services.reviews import (
    ItemDecision,
    ReviewRefused,
    begin_review,
    rounds,
    run_reviews,
    save_decisions,
)
from portals.services.reviews.items import gather_items
from preferences.models import Message
from tests.portals.test_resources_api import Caller
from tests.races.meeting import PATIENCE, race_at
from tests.races.test_races import (
    REFUSALS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    olive,  # noqa: F401
    won,
)
from tests.races.test_reviews import bobs_line, events, with_rights

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]
REVIEWS = "portals.services.reviews"


def mails_to(person: User, words: str) -> int:
    return Message.objects.filter(address=person.email, subject__contains=words).count()


# --- Access reviews ---


def test_two_super_users_begin_one_review(olive):  # noqa: F811
    customer, main, second, _bob, _grant = with_rights(olive)

    results = race_at(
        f"{REVIEWS}.rounds._begin",
        lambda: begin_review(actor=main.user, customer=customer),
        lambda: begin_review(actor=second.user, customer=customer),
    )

    assert won(results) == 1
    assert [result.code for result in results if isinstance(result, ReviewRefused)] == ["open"]


def test_the_round_of_a_quarter_and_a_review_begun_by_hand(olive):  # noqa: F811
    """The round finds the one begun by hand, or the Super User the round's; nobody fails."""
    customer, main, _second, _bob, _grant = with_rights(olive)

    race_at(
        f"{REVIEWS}.rounds._begin",
        lambda: begin_review(actor=main.user, customer=customer),
        lambda: rounds._begin_quarterly_review(customer),
    )

    assert AccessReview.objects.filter(customer=customer).count() == 1


def test_two_workers_gather_each_line_once(olive, monkeypatch):  # noqa: F811
    monkeypatch.setattr(f"{REVIEWS}.items.LINES_PER_STEP", 1)
    monkeypatch.setattr(f"{REVIEWS}.items.GRANTEES_PER_STEP", 1)
    customer, main, _second, _bob, _grant = with_rights(olive)
    review = begin_review(actor=main.user, customer=customer)
    assert review.ready_at is None
    before = review.total

    results = race_at(f"{REVIEWS}.items._next_items", *[lambda: gather_items(review)] * 2)

    assert results == [False, False]
    review.refresh_from_db()
    assert review.total == review.items.count() == before + 2  # each step has added one


def test_two_workers_remind_once(olive):  # noqa: F811
    customer, main, _second, _bob, _grant = with_rights(olive)
    review = begin_review(actor=main.user, customer=customer)
    AccessReview.objects.filter(pk=review.pk).update(due_at=timezone.now() + rounds.REMINDERS[1][1])
    before = mails_to(main.user, "")

    race_at("portals.emails.tell_about_review", *[run_reviews] * 2)

    assert mails_to(main.user, "") == before + 1


def test_a_decision_forgets_no_reminder_that_was_sent_meanwhile(olive):  # noqa: F811
    customer, main, _second, _bob, _grant = with_rights(olive)
    review = begin_review(actor=main.user, customer=customer)
    AccessReview.objects.filter(pk=review.pk).update(due_at=timezone.now() + rounds.REMINDERS[1][1])
    keep = [ItemDecision(bobs_line(review).pk, "keep")]

    results = race_at(
        f"{REVIEWS}.decisions.record_event",
        lambda: save_decisions(actor=main.user, review=review, decisions=keep),
        lambda: rounds._remind(review),
    )

    assert won(results) == 2
    review.refresh_from_db()
    assert (review.decided, review.reminders) == (1, 2)


# --- Grants ---


def test_two_reviews_of_one_page_give_a_grant_once(olive):  # noqa: F811
    """Whoever comes second is told that the page is out of date."""
    customer, main, second, bob, grant = with_rights(olive)
    root = grant.content_object
    registering = Privilege.objects.get(
        portal__slug="domains", codename="subscription.register_domain"
    )

    shown = fingerprint(bob, root)

    def press(actor, reason):
        change = GrantChange(
            (bob,),
            (Target(root, root.resource_type),),
            (registering,),
            reason=reason,
            replaces=(grant,),
            shown=shown,
        )
        return apply_change(
            actor=actor, customer=customer, change=change, signed_in_at=timezone.now()
        )

    results = race_at(
        "portals.services.grant_changes.grant_privilege",
        lambda: press(main.user, "The move"),
        lambda: press(second.user, "The shop"),
    )

    assert [result.code for result in results if isinstance(result, ChangeRefused)] == ["stale"]
    assert events(customer, "grant.replaced") == 0


def test_two_workers_announce_an_end_once(olive):  # noqa: F811
    customer, main, _second, bob, grant = with_rights(olive)
    PersonGrant.objects.filter(pk=grant.pk).update(
        granted_at=timezone.now() - timedelta(days=20),
        expires_at=timezone.now() + timedelta(days=6),
    )

    results = race_at("portals.services.grant_expiry.record_event", *[announce_expiring_grants] * 3)

    assert won(results) == 3
    assert events(customer, "grants.announced") == 1
    for person in (main.user, bob.user):
        assert mails_to(person, "access to") == 1


# --- What a portal reports ---


def test_a_grant_waits_for_no_resource_that_is_being_deleted(olive, monkeypatch):  # noqa: F811
    """The deletion waits until the grant is given, and ends it."""
    domains = Portal.objects.get(slug="domains")
    alice = User.objects.get(email="alice@alder.example")
    bob = Membership.objects.get(user__email="bob@alder.example", ended_at=None)
    renew = Privilege.objects.get(portal=domains, codename="domain.renew")
    report = Report("meeting.example", "Meeting")
    put_resource(actor=domains, customer="alder", type_code="domain", report=report)
    domain = Resource.objects.get(external_id=report.external_id)

    locked, check = threading.Event(), grants.check_privilege

    def check_under_lock(*arguments, **named):
        locked.set()
        return check(*arguments, **named)

    def delete_meanwhile():
        """A deletion that comes first leaves nothing to give."""
        assert locked.wait(PATIENCE)
        return delete_resource(actor=domains, resource=domain)

    monkeypatch.setattr(grants, "check_privilege", check_under_lock)
    given, deleted = race_at(
        "portals.services.grants.record_event",
        lambda: grant_privilege(actor=alice, grantee=bob, privilege=renew, resource=domain),
        delete_meanwhile,
    )

    assert deleted is True
    assert not isinstance(given, REFUSALS)
    assert not Resource.objects.filter(pk=domain.pk).exists()
    assert not PersonGrant.objects.filter(content_object=domain.pk).exists()
    removal = AuditEvent.objects.filter(kind="resources.changed").latest("pk")
    assert [ended["grantee"] for ended in removal.data["grants"]] == [str(bob.user)]


def test_two_companies_report_one_id(olive):  # noqa: F811
    domains = Portal.objects.get(slug="domains")
    report = Report("meeting.example", "Meeting")

    results = race_at(
        "portals.services.resources.writing.lock_customers",
        *(
            lambda customer=customer: put_resource(
                actor=domains, customer=customer, type_code="domain", report=report
            )
            for customer in ("alder", "birch")
        ),
    )

    assert won(results) == 2
    assert Resource.objects.filter(external_id=report.external_id).count() == 1


def test_the_companies_of_a_report_are_locked_in_the_order_of_their_keys(olive):  # noqa: F811
    """Else two reports that move resources both ways could each wait for the other."""
    domains = Portal.objects.get(slug="domains")
    report = Report("meeting.example", "Meeting")
    put_resource(actor=domains, customer="alder", type_code="domain", report=report)

    with CaptureQueriesContext(connection) as queries:
        put_resource(actor=domains, customer="birch", type_code="domain", report=report)

    [lock] = [
        query["sql"]
        for query in queries
        if "accounts_customer" in query["sql"] and "FOR UPDATE" in query["sql"]
    ]
    assert lock.endswith("ORDER BY 1 ASC FOR UPDATE")  # 1 is the key
    for slug in ("alder", "birch"):
        assert str(Customer.objects.get(slug=slug).pk) in lock


@pytest.mark.parametrize("methods", [("put", "put"), ("patch", "patch"), ("put", "delete")])
def test_of_two_changes_of_one_version_one_is_made(olive, methods):  # noqa: F811
    """Two workers of a portal read the same, and each changes it under `If-Match`."""
    domains = Caller("domains")
    address = "/api/v1/resources/domain/alder.example"
    version = {"If-Match": domains.get(address)["ETag"]}
    bodies = {"put": {"customer": "alder", "name": "{}"}, "patch": {"name": "{}"}, "delete": None}

    def change(method, name):
        body = bodies[method] and {**bodies[method], "name": name}
        return lambda: domains.call(method, address, body, **version).status_code

    acts = [change(method, f"Name {number}") for number, method in enumerate(methods)]
    results = race_at("portals.api.reports.require_match", *acts)

    assert sorted(code >= 300 for code in results) == [False, True], results
    assert {code for code in results if code >= 300} <= {404, 412}
