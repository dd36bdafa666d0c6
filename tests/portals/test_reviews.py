"""Access reviews: begun once, decided part by part; they remove nothing by themselves."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import AuditEvent, Customer, Membership
from accounts.permissions import FreshSignInRequired
from accounts.selectors import activity_of, history_of, sentence_of
from accounts.services.audit import verify_chain
from accounts.services.customers import suspend_customer
from accounts.services.memberships import change_role, remove_membership
from accounts.services.teams import delete_team
from portals.models import AccessReview, PersonGrant, Portal, ReviewItem, ReviewQuarter, TeamGrant
from portals.services.grants import revoke_privilege
from portals.services.reviews import (
    ItemDecision,
    ReviewRefused,
    begin_review,
    items,
    rounds,
    run_reviews,
    save_decisions,
)
from portals.services.uses import SECONDS_PER_DAY, save_uses
from tests.races.swallowed import nothing_swallowed

pytestmark = pytest.mark.usefixtures("nothing_owned")

EVENTS = ("review.", "grant.")


@pytest.fixture
def review(alder) -> AccessReview:
    """Alder's open review."""
    return alder.access_reviews.get()


@pytest.fixture
def second(alice, emma, membership):
    """Emma as a second Super User."""
    change_role(actor=alice, membership=membership(emma), role="super_user")
    return emma


def of(review, grantee):
    """Return the undecided lines of a person, by privilege and resource."""
    found = review.items.filter(grantee_name=grantee, decision=None)

    def name(item):
        if item.privilege is None:
            return "role"
        if item.privilege.code == "open" and item.privilege.codename.startswith("subscription"):
            return f"open {item.portal.slug}"
        return f"{item.privilege.codename} {item.resource_name}"

    return {name(item): item for item in found.select_related("privilege", "portal")}


def save(actor, review, decisions, **more):
    return save_decisions(
        actor=actor,
        review=review,
        decisions=[
            one if isinstance(one, ItemDecision) else ItemDecision(one.pk, "keep")
            for one in decisions
        ],
        **{"signed_in_at": timezone.now(), **more},
    ).counts


def keep_everything(actor, review):
    for section in review.items.filter(decision=None).values_list("section", flat=True).distinct():
        save(actor, review, list(review.items.filter(decision=None, section=section)))
    review.refresh_from_db()


def kinds_since(event):
    found = AuditEvent.objects.filter(pk__gt=event.pk).order_by("pk")
    return [event.kind for event in found if event.kind.startswith(EVENTS)]


@pytest.fixture
def so_far(db):
    return AuditEvent.objects.order_by("pk").last()


def world():
    """Every grant there is."""
    return set(PersonGrant.objects.values_list("pk", flat=True)), set(
        TeamGrant.objects.values_list("pk", flat=True)
    )


# --- Beginning one ---


def test_a_review_lists_every_grant_with_its_terms(review, alder):
    people = PersonGrant.objects.filter(content_object__subscription__customer=alder)
    teams = TeamGrant.objects.filter(content_object__subscription__customer=alder)

    by_kind = {kind: review.items.filter(kind=kind) for kind in ("person", "team", "role")}

    assert set(by_kind["person"].values_list("grant_id", flat=True)) == {g.pk for g in people}
    assert set(by_kind["team"].values_list("grant_id", flat=True)) == {g.pk for g in teams}
    assert [item.grantee_name for item in by_kind["role"]] == ["Alice Martin"]
    assert review.total == review.items.count()
    assert (review.ready_at is not None, review.percent) == (True, 0)


def test_a_line_shows_the_last_use(review):
    emma, bob, team = of(review, "Emma Roy"), of(review, "Bob Tremblay"), of(review, "Reception")
    today = review.begun_at.date()

    # Reading is part of using; what the team's member did is the team's use.
    assert emma["mailbox.use emma@alder.example"].last_used_on == today - timedelta(2)
    assert team["mailbox.use info@alder.example"].last_used_on == today - timedelta(5)
    # Whoever did anything in a portal has opened it.
    assert emma["open ticketing"].last_used_on is not None
    # Long ago, never, and a portal that tells nothing.
    assert bob["queue.open Website and hosting"].is_long_unused
    assert bob["domain.view alder.example"].last_used_on is None
    assert bob["domain.view alder.example"].is_long_unused
    silent = emma["usage_report.export Website traffic, month by month"]
    assert (silent.counted_since, silent.is_long_unused) == (None, False)


def test_use_of_children_and_included_privileges_counts_for_a_grant(
    alice, bob, birch, charlie, resource, privilege_of, give, membership
):
    above = give(
        charlie,
        membership(charlie),
        "webmail.mail_domain.manage",
        resource("mail_domain", "birch.example"),
    )
    assert above
    mailbox, view = (
        resource("mailbox", "dispatch@birch.example"),
        privilege_of("webmail.mailbox.view"),
    )
    save_uses(
        [
            (
                f"{charlie.pk} {mailbox.pk} {view.pk}",
                int(timezone.now().timestamp() // SECONDS_PER_DAY),
            )
        ]
    )

    review = begin_review(actor=charlie, customer=birch)

    line = review.items.get(grant_id=above.pk, kind="person")
    assert line.last_used_on == timezone.now().astimezone(UTC).date()


def test_recent_grants_are_not_long_unused(birch, charlie):
    Portal.objects.update(uses_since=timezone.now().date() - timedelta(days=200))
    review = begin_review(actor=charlie, customer=birch)
    assert not any(item.is_long_unused for item in review.items.all())  # given just now
    assert all(item.is_recent for item in review.items.filter(kind="person"))


def test_one_review_is_open_at_a_time(alice, alder, review):
    with pytest.raises(ReviewRefused, match="already open"):
        begin_review(actor=alice, customer=alder)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessReview.objects.create(customer=alder, due_at=timezone.now())


def test_a_company_without_grants_has_nothing_to_review(charlie, birch):
    PersonGrant.objects.filter(content_object__subscription__customer=birch).delete()
    with pytest.raises(ReviewRefused, match="Nobody has access"):
        begin_review(actor=charlie, customer=birch)
    assert not birch.access_reviews.exists()


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_only_a_super_user_of_the_company_begins_and_decides(who, request, review, alder, so_far):
    actor = request.getfixturevalue(who)
    before = world()
    lines = list(of(review, "Bob Tremblay").values())
    with pytest.raises(PermissionDenied):
        begin_review(actor=actor, customer=alder)
    with pytest.raises(PermissionDenied):
        save(actor, review, [ItemDecision(line.pk, "remove") for line in lines])
    assert (world(), kinds_since(so_far)) == (before, [])


def test_no_act_while_the_company_is_suspended(alice, alder, olive, review):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    with pytest.raises(PermissionDenied):
        save(alice, review, of(review, "Bob Tremblay").values())


def test_a_large_company_is_gathered_in_steps(charlie, birch, monkeypatch, deliver):
    monkeypatch.setattr(items, "LINES_PER_STEP", 1)
    monkeypatch.setattr(items, "GRANTEES_PER_STEP", 1)
    review = begin_review(actor=charlie, customer=birch)
    assert review.ready_at is None
    with pytest.raises(ReviewRefused):
        save(charlie, review, review.items.all()[:1])
    for _minute in range(5):
        run_reviews()
    review.refresh_from_db()
    grants = PersonGrant.objects.filter(content_object__subscription__customer=birch).count()
    assert (review.ready_at is not None, review.total) == (True, grants + 1)
    assert review.items.count() == review.total


# --- Deciding ---


def test_keep_reduce_remove(alice, bob, review, privilege_of, resource, give, membership, so_far):
    domain = resource("domain", "alder.example")
    lines = of(review, "Bob Tremblay")
    mailbox = lines.pop("mailbox.use bob@alder.example")
    view = lines.pop("domain.view alder.example")
    until = timezone.now() + timedelta(days=30)

    counted = save(
        alice,
        review,
        [
            ItemDecision(mailbox.pk, "reduce", privilege_of("webmail.mailbox.read"), until),
            ItemDecision(view.pk, "remove"),
            *lines.values(),
        ],
    )

    assert counted == {"keep": len(lines), "reduce": 1, "remove": 1}
    assert not bob.has_perm("portals.domains.domain.view", domain)
    held = PersonGrant.objects.get(user=bob, content_object=mailbox.resource)
    assert (held.permission.privilege.codename, held.expires_at) == ("mailbox.read", until)
    assert held.reason == "His own mailbox"
    review.refresh_from_db()
    assert (review.kept, review.reduced, review.removed) == (len(lines), 1, 1)
    assert kinds_since(so_far) == [
        *("grant.revoked", "grant.revoked", "grant.given", "review.part_saved"),
    ]
    event = activity_of(review.customer).filter(kind="review.part_saved").get()
    assert "Alice Martin reviewed the access of Bob Tremblay: 4 kept, 1 reduced, 1 removed" in (
        sentence_of(event)
    )
    assert {decision["decision"] for decision in event.data["decisions"]} == {
        "keep",
        "reduce",
        "remove",
    }
    assert event in history_of(bob)
    verify_chain(event.chain)


def test_an_earlier_end_alone_is_a_reduction(alice, review):
    line = of(review, "Emma Roy")["queue.reply Email help"]
    until = timezone.now() + timedelta(days=10)
    save(alice, review, [ItemDecision(line.pk, "reduce", expires_at=until)])
    grant = PersonGrant.objects.get(user__email="emma@alder.example", permission=line.privilege_id)
    assert grant.expires_at == until


@pytest.mark.parametrize(
    ("privilege", "days"),
    [(None, None), ("domains.domain.manage", None), ("ticketing.queue.manage", None), (None, -1)],
)
def test_a_reduction_never_gives_more(privilege, days, alice, review, privilege_of, so_far):
    line = of(review, "Bob Tremblay")["domain.view alder.example"]
    before = world()
    decision = ItemDecision(
        line.pk,
        "reduce",
        privilege_of(privilege) if privilege else None,
        timezone.now() + timedelta(days=days) if days else None,
    )
    with pytest.raises(ReviewRefused) as refused:
        save(alice, review, [decision])
    assert list(refused.value.error_dict) == [str(line.pk)]
    assert (world(), kinds_since(so_far)) == (before, [])


def test_a_later_end_is_no_reduction(alice, bob, birch, charlie, give, membership, resource):
    grant = give(
        charlie,
        membership(charlie),
        "domains.domain.view",
        resource("domain", "birch.example"),
        expires_at=timezone.now() + timedelta(days=5),
    )
    review = begin_review(actor=charlie, customer=birch)
    line = review.items.get(kind="person", grant_id=grant.pk)
    later = ItemDecision(line.pk, "reduce", expires_at=timezone.now() + timedelta(days=9))
    with pytest.raises(ReviewRefused):
        save(charlie, review, [later])


def test_an_existing_smaller_grant_keeps_its_terms(
    alice, bob, alder, review, give, membership, resource, privilege_of
):
    save(alice, review, of(review, "Bob Tremblay").values())
    keep_everything(alice, review)
    queue = resource("queue", "alder-hosting")
    small = give(alice, membership(bob), "ticketing.queue.view", queue)
    large = give(
        alice,
        membership(bob),
        "ticketing.queue.reply",
        queue,
        expires_at=timezone.now() + timedelta(days=3),
    )
    again = begin_review(actor=alice, customer=alder)
    line = again.items.get(kind="person", grant_id=large.pk)

    save(alice, again, [ItemDecision(line.pk, "reduce", privilege_of("ticketing.queue.view"))])

    assert not PersonGrant.objects.filter(pk=large.pk).exists()
    assert PersonGrant.objects.get(pk=small.pk).expires_at is None


def test_a_sensitive_reduction_needs_a_fresh_sign_in(alice, review, privilege_of, so_far):
    line = of(review, "Emma Roy")["mailbox.use emma@alder.example"]
    decision = ItemDecision(line.pk, "reduce", privilege_of("webmail.mailbox.read"))
    for stale in (None, timezone.now() - timedelta(hours=1)):
        with pytest.raises(FreshSignInRequired):
            save(alice, review, [decision], signed_in_at=stale)
    assert kinds_since(so_far) == []
    save(alice, review, [decision])


def test_a_part_is_all_or_nothing(alice, review, privilege_of, so_far):
    lines = of(review, "Bob Tremblay")
    before = world()
    bad = ItemDecision(lines["domain.view alder.example"].pk, "reduce")
    good = ItemDecision(lines["queue.open Website and hosting"].pk, "remove")
    with pytest.raises(ReviewRefused):
        save(alice, review, [good, bad])
    assert (world(), kinds_since(so_far)) == (before, [])
    assert not review.items.exclude(decision=None).exists()


def test_lines_of_two_people_or_of_another_review_are_refused(alice, charlie, birch, review):
    mixed = [*of(review, "Bob Tremblay").values(), *of(review, "Emma Roy").values()]
    theirs = begin_review(actor=charlie, customer=birch).items.all()[:1]
    twice = list(of(review, "Bob Tremblay").values())[:1] * 2
    for lines in (mixed, theirs, twice, []):
        with pytest.raises(ReviewRefused):
            save(alice, review, lines)
    with pytest.raises(ReviewRefused):
        save(alice, review, [ItemDecision(twice[0].pk, "overtaken")])
    assert not review.items.exclude(decision=None).exists()


def test_a_line_is_decided_once(alice, second, review, so_far):
    lines = of(review, "Bob Tremblay").values()
    save(alice, review, lines)
    done = kinds_since(so_far)
    for actor in (alice, second):
        with pytest.raises(ReviewRefused, match="Alice Martin has already reviewed this part"):
            save(actor, review, lines)
    assert kinds_since(so_far) == done
    with pytest.raises(DatabaseError), transaction.atomic():
        ReviewItem.objects.filter(pk=next(iter(lines)).pk).update(decision="remove")


# --- One's own ---


def test_a_super_users_own_grants_are_reviewed_by_another(alice, second, review):
    lines = of(review, "Alice Martin")
    with pytest.raises(ReviewRefused, match="your own access"):
        save(alice, review, lines.values())
    save(second, review, lines.values())
    assert not of(review, "Alice Martin")


def test_the_only_super_user_reviews_their_own_grants_and_it_is_recorded(alice, review, so_far):
    save(alice, review, of(review, "Alice Martin").values())
    assert kinds_since(so_far) == ["review.own_part_saved"]
    event = AuditEvent.objects.get(kind="review.own_part_saved")
    assert "the only Super User, reviewed their own access" in sentence_of(event)


def test_a_review_cannot_demote_the_main_super_user(second, alice, review, membership):
    role = of(review, "Alice Martin")["role"]
    for decision in ("reduce", "remove"):
        with pytest.raises(ReviewRefused):
            save(second, review, [ItemDecision(role.pk, decision)])
    assert membership(alice).is_super_user


def test_a_super_user_becomes_a_user(alice, emma, alder, review, membership):
    keep_everything(alice, review)
    change_role(actor=alice, membership=membership(emma), role="super_user")
    again = begin_review(actor=alice, customer=alder)
    role = of(again, "Emma Roy")["role"]

    save(alice, again, [ItemDecision(role.pk, "reduce")])

    assert not membership(emma).is_super_user


# --- Meanwhile ---


def test_grants_changed_or_ended_meanwhile_are_left_alone(
    alice, bob, emma, review, give, membership, resource, so_far
):
    lines = of(review, "Bob Tremblay")
    changed, gone = lines["domain.view alder.example"], lines["queue.open Website and hosting"]
    new = give(
        alice,
        membership(bob),
        "domains.domain.view",
        resource("domain", "alder.example"),
        reason="New terms",
    )
    revoke_privilege(actor=alice, grant=PersonGrant.objects.get(pk=gone.grant_id))

    counted = save(
        alice, review, [ItemDecision(changed.pk, "remove"), ItemDecision(gone.pk, "reduce")]
    )

    assert counted == {"overtaken": 2}
    assert PersonGrant.objects.filter(pk=new.pk).exists()


def test_lines_of_leavers_and_deleted_teams_are_closed(alice, bob, alder, review, membership):
    bobs, teams = of(review, "Bob Tremblay"), of(review, "Reception")
    remove_membership(actor=alice, membership=membership(bob))
    delete_team(actor=alice, team=alder.teams.get())
    Membership.objects.get(user=bob)  # the row stays, ended

    assert save(alice, review, bobs.values()) == {"overtaken": len(bobs)}
    assert save(alice, review, teams.values()) == {"overtaken": len(teams)}


def test_a_deleted_resource_breaks_nothing(alice, review, resource):
    lines = of(review, "Bob Tremblay")
    resource("domain", "alder.example").delete()
    line = ReviewItem.objects.select_related("resource").get(
        pk=lines["domain.view alder.example"].pk
    )
    assert (line.resource, line.resource_name) == (None, "alder.example")
    assert save(alice, review, [line]) == {"overtaken": 1}


# --- The end ---


def test_the_last_line_finishes_it(alice, alder, review, so_far):
    keep_everything(alice, review)

    assert (review.state, review.percent, review.ended_by) == ("finished", 100, alice)
    event = AuditEvent.objects.filter(kind="review.finished").get()
    assert f"{review.total} kept, 0 reduced, 0 removed" in sentence_of(event)
    with pytest.raises(ReviewRefused, match="closed"):
        save(alice, review, [review.items.first()])
    begin_review(actor=alice, customer=alder)


def test_a_finished_review_does_not_change(alice, review):
    keep_everything(alice, review)
    for change in ({"state": "open", "ended_at": None, "ended_by": None}, {"kept": 0}):
        with pytest.raises(DatabaseError), transaction.atomic():
            AccessReview.objects.filter(pk=review.pk).update(**change)


def test_finished_means_everything_is_decided(review, alice):
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessReview.objects.filter(pk=review.pk).update(
            state="finished", ended_at=timezone.now(), ended_by=alice
        )


# --- The clock ---


def quarter_after(moment: datetime) -> datetime:
    """Return 9 am on the fourth day of the quarter that follows a moment's."""
    months = moment.year * 12 + (moment.month - 1) // 3 * 3 + 3
    return datetime(months // 12, months % 12 + 1, 4, 9, tzinfo=UTC)


# The next quarter that begins after a review begun today is due.
NEXT_QUARTER = quarter_after(timezone.now() + rounds.REVIEW_PERIOD)


def test_a_review_begins_once_a_quarter_where_there_are_grants(birch, cedar, frank, deliver):
    PersonGrant.objects.filter(content_object__subscription__customer=cedar).delete()
    run_reviews()
    assert not birch.access_reviews.exists()  # a company younger than the quarter waits
    with time_machine.travel(NEXT_QUARTER):
        for _minute in range(3):
            run_reviews()
        begun = birch.access_reviews.get()
        assert (begun.begun_by, begun.total > 0) == (None, True)
        assert not cedar.access_reviews.exists()
        [event] = AuditEvent.objects.filter(kind="review.begun", customer=birch)
        assert sentence_of(event) == "The hub started an access review."
    with time_machine.travel(quarter_after(NEXT_QUARTER)):
        run_reviews()
        run_reviews()
    assert birch.access_reviews.count() == 2
    assert ReviewQuarter.objects.filter(customer=birch).count() == 2


def test_an_overdue_review_ends_with_the_next_quarter_and_removes_nothing(alder, review, alice):
    save(alice, review, of(review, "Bob Tremblay").values())
    before = world()
    with time_machine.travel(NEXT_QUARTER):
        run_reviews()
    review.refresh_from_db()
    percent = 100 * 6 // review.total
    assert (review.state, review.percent) == ("not_finished", percent)
    event = AuditEvent.objects.get(kind="review.not_finished")
    assert f"{percent}% reviewed" in sentence_of(event)
    assert world() == before
    assert alder.access_reviews.open().count() == 1


def test_a_review_that_is_not_yet_due_goes_on(charlie, birch):
    """The round finds it and leaves it; no second one has to be refused by the database."""
    with time_machine.travel(NEXT_QUARTER - timedelta(days=15)):
        begin_review(actor=charlie, customer=birch)
    with time_machine.travel(NEXT_QUARTER), nothing_swallowed():
        run_reviews()
    assert birch.access_reviews.get().is_open
    assert ReviewQuarter.objects.filter(customer=birch).count() == 1


def test_a_review_finished_this_month_is_the_quarters(charlie, birch):
    with time_machine.travel(NEXT_QUARTER - timedelta(days=15)):
        begun = begin_review(actor=charlie, customer=birch)
        for section in set(begun.items.values_list("section", flat=True)):
            keep = [ItemDecision(item.pk, "keep") for item in begun.items.filter(section=section)]
            save_decisions(actor=charlie, review=begun, decisions=keep)
    with time_machine.travel(NEXT_QUARTER), nothing_swallowed():
        run_reviews()
    assert birch.access_reviews.get().state == "finished"
    assert ReviewQuarter.objects.filter(customer=birch).count() == 1


def test_no_review_begins_for_a_suspended_company(birch, olive):
    suspend_customer(actor=olive, customer=birch, reason="Unpaid")
    with time_machine.travel(NEXT_QUARTER):
        run_reviews()
    assert not birch.access_reviews.exists()


def test_each_minute_handles_a_limited_number(monkeypatch, db):
    monkeypatch.setattr(rounds, "MAX_PER_MINUTE", 1)
    with time_machine.travel(NEXT_QUARTER):
        run_reviews()
        assert ReviewQuarter.objects.count() == 1
        for _minute in range(5):
            run_reviews()
    assert ReviewQuarter.objects.count() == Customer.objects.filter(status="active").count()


def test_one_failure_does_not_stop_the_others(monkeypatch, alder, birch, cedar, db):
    real = rounds._begin

    def begin(customer, actor):
        if customer == birch:
            raise RuntimeError("broken")
        return real(customer, actor)

    monkeypatch.setattr(rounds, "_begin", begin)
    with time_machine.travel(NEXT_QUARTER):
        run_reviews()
    assert cedar.access_reviews.exists()
    assert not birch.access_reviews.exists()


def subjects(sent, address):
    mails = [mail.subject for mail in sent if mail.to == [address]]
    return [subject for subject in mails if "review" in subject.lower()]


@pytest.fixture
def quarters_done(alder, birch, cedar):
    """Let no new quarter begin a review, whatever the day of the test."""
    quarter = quarter_after(timezone.now()).date().replace(day=1)
    for customer in (alder, birch, cedar):
        ReviewQuarter.objects.create(customer=customer, quarter=quarter)


@pytest.mark.usefixtures("quarters_done")
def test_super_users_are_told_and_reminded_while_it_is_open(alice, second, alder, review, deliver):
    deliver().clear()
    begun = review.begun_at
    expected = {13: 0, 14: 1, 20: 1, 26: 1, 27: 2, 28: 2, 31: 2}
    for day, count in expected.items():
        with time_machine.travel(begun + timedelta(days=day, hours=1), tick=False):
            run_reviews()
            run_reviews()
        review.refresh_from_db()
        assert review.reminders == count, day
    with time_machine.travel(begun + timedelta(days=31, hours=2)):
        sent = deliver()
    for address in ("alice@alder.example", "emma@alder.example"):
        waits, is_due = subjects(sent, address)
        assert re.fullmatch(r"Access review of Alder Dental: 0 of \d+ reviewed", waits)
        assert is_due.startswith("The access review of Alder Dental is due on ")
    assert not subjects(sent, "bob@alder.example")


def test_the_other_super_users_are_told_when_it_begins(alice, second, alder, review, deliver):
    for section in list(review.items.values_list("section", flat=True).distinct()):
        lines = list(review.items.filter(section=section))
        save(second if lines[0].concerns(alice) else alice, review, lines)
    deliver().clear()

    begin_review(actor=alice, customer=alder)

    sent = deliver()
    [subject] = subjects(sent, "emma@alder.example")
    assert subject.startswith("Review access at Alder Dental by ")
    assert not subjects(sent, "alice@alder.example")


@pytest.mark.usefixtures("quarters_done")
def test_a_finished_review_reminds_nobody(alice, review, deliver):
    keep_everything(alice, review)
    deliver().clear()
    with time_machine.travel(review.begun_at + timedelta(days=28)):
        run_reviews()
        assert not [mail for mail in deliver() if "review" in mail.subject.lower()]


@pytest.mark.usefixtures("quarters_done")
def test_a_reminder_that_was_missed_is_not_sent_late(review, deliver):
    deliver().clear()
    with timezone.override(review.customer.zone):
        due = date_format(timezone.localtime(review.due_at), "DATE_FORMAT")
    with time_machine.travel(review.begun_at + timedelta(days=28)):
        run_reviews()
        assert subjects(deliver(), "alice@alder.example") == [
            f"The access review of Alder Dental is due on {due}"
        ]
