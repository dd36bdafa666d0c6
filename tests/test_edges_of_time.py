"""Every span of days, hours and minutes, to the microsecond at both sides of its edge.

The spans are written out here, so that nobody changes one by accident. The clock stands at half
past eleven in the evening in Toronto, when UTC has the next day already, two days before Toronto
puts its clocks forward: seven days are 168 hours all the same.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ReauthenticationRequired
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import AccessRequest, AuditEvent, Customer, Invitation, Membership, User
from accounts.permissions import require_fresh_sign_in
from accounts.selectors.people_list import PeopleFilter, narrowed
from accounts.services.hand_overs import accept_hand_over
from accounts.services.invitations import (
    accept_invitation,
    resend_invitation,
)
from accounts.services.membership_expiry import end_due_memberships, remind_of_membership_expiry
from accounts.services.offboarding import plan_offboarding
from accounts.services.requests import pass_on_overdue_requests
from accounts.services.undo import undo_event
from accounts.services.versions import version_of
from portals.models import Portal, Resource, ReviewQuarter
from portals.selectors.grant_expiry import RECENTLY_ENDED, expiring_person_grants
from portals.services.grant_expiry import announce_expiring_grants
from portals.services.resources import (
    Report,
    delete_resource,
    end_removed_resources,
    put_resource,
)
from portals.services.reviews import run_reviews
from preferences.choices import Digest, Reason
from preferences.gate.escalation_steps import run_escalations
from preferences.models import Message, Recipient, Topic
from preferences.selectors import send_decision_for
from preferences.services.choices import choose_topic
from preferences.services.delivery_events import record_delivery_event
from preferences.services.opt_out_undo import stop_mail
from preferences.services.opt_outs import read_opt_out, sign_opt_out
from preferences.services.recipients import next_digest, pause_optional_mail
from preferences.tokens import BadToken, confirmation_url, read_confirmation_token
from tests.acts import PASSWORD, Scene
from tests.savepoints import undone
from tests.test_wrong_actors import signed_in

START = datetime(2040, 3, 10, 4, 30, tzinfo=UTC)  # Friday 9 March, 23:30 in Toronto
MOMENT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)  # what is signed keeps whole seconds
REFUSED = (ValidationError, BadToken, ReauthenticationRequired)


class Clock(Scene):
    """Alder at START; what begins then is what `begin` of an edge does."""

    def __init__(self) -> None:
        super().__init__(Customer.objects.get(slug="alder"))
        self.gina = self.person.user

    def reads(self, member: Membership | None = None) -> bool:
        """Return whether a member, else Gina, may see the domain."""
        person = User.objects.get(pk=(member or self.person).user_id)  # who remembers no answer
        return person.has_perm("portals.domains.domain.view", self.domain)

    def leaves(self, **time: int) -> None:
        plan_offboarding(
            actor=self.super_user,
            membership=self.person,
            leaves_at=timezone.now() + timedelta(**time),
        )

    def holds(self, **terms: int) -> None:
        """Give Henry access for so many days, or from so many days on."""
        moments = {name: timezone.now() + timedelta(days=days) for name, days in terms.items()}
        self.give(self.colleague, **moments)

    def gets_mail(self, do: Callable[[], Any], *, address: str = "henry@alder.example") -> bool:
        """Return whether somebody gets email when this is done."""
        before = Message.objects.filter(address=address).count()
        do()
        return Message.objects.filter(address=address).count() > before

    def passes_on(self) -> bool:
        pass_on_overdue_requests()
        self.access_request.refresh_from_db()
        return self.access_request.passed_at is not None

    def reminds(self, times: int) -> bool:
        """Return whether so many reminders of Gina's request went out in all."""
        pass_on_overdue_requests()
        return AccessRequest.objects.get(pk=self.access_request.pk).reminders >= times

    def bounces(self) -> None:
        """A notice bounces, and the next step is taken: to another address, or the Super Users."""
        self.come_back()
        run_escalations()

    def bounces_with_two_addresses(self) -> None:
        EmailAddress.objects.create(
            user=self.gina, email="gina@home.example", verified=True, primary=False
        )
        self.bounces()

    def escalation_is(self, state: str) -> bool:
        run_escalations()
        self.escalation.refresh_from_db()
        return self.escalation.state == state

    def stops(self) -> None:
        topics = list(Topic.objects.filter(slug="newsletter"))
        self.opt_out = sign_opt_out(stop_mail(actor=self.gina, topics=topics), "purpose")

    def signs_up(self) -> None:
        url = confirmation_url(
            address="sam@elsewhere.example", language="en", topics=Topic.objects.all()[:1]
        )
        self.link = url.rstrip("/").rpartition("/")[2]

    def asks_for_a_link(self) -> None:
        self.key = default_token_generator.make_token(self.gina)

    def reviews(self) -> bool:
        """Return whether Iris, a Super User, gets a reminder of the review."""
        return self.gets_mail(run_reviews, address=self.second.user.email)

    def is_reminded_of_review(self) -> None:
        self.review()
        with at(14 * DAY):
            run_reviews()

    def sent_a_thousand(self) -> None:
        Invitation.objects.filter(pk=self.invitation.pk).update(times_sent=1000)

    def is_shown_as_ending(self) -> bool:
        """Return whether Henry's access is among what ends soon or ended lately."""
        rows = expiring_person_grants(since=RECENTLY_ENDED)
        return rows.filter(user=self.colleague.user).exists()

    def signs_in(self) -> None:
        User.objects.filter(pk=self.gina.pk).update(last_login=timezone.now())

    def is_away(self) -> bool:
        away = narrowed(self.customer, PeopleFilter(away=True))
        return away.filter(pk=self.person.pk).exists()

    def tells_of_another_bounce(self) -> bool:
        """Return whether Alice gets email about another notice to Gina that bounced."""
        headers = {NOTICE_CLASS_HEADER: "legal"}
        EmailMessage("Again", "From June on.", to=[self.gina.email], headers=headers).send()
        message = Message.objects.latest("pk")
        record_delivery_event(message=message, kind="hard", event="x:2")
        return self.gets_mail(run_escalations, address=self.super_user.email)

    def answer(self) -> str:
        """Return whether Gina gets the newsletter, or why not."""
        topic = Topic.objects.get(slug="newsletter")
        return send_decision_for(Recipient.objects.get(user=self.gina), topic).reason

    def leaves_with_her_portal_email(self) -> None:
        self.leaves(days=30)
        Topic.objects.filter(slug="newsletter").update(portal=Portal.objects.get(slug="domains"))

    def pauses(self) -> None:
        choose_topic(actor=self.gina, topic=Topic.objects.get(slug="newsletter"), wants=True)
        Recipient.objects.filter(user=self.gina).update(paused_until=START + 3 * DAY)

    def accepts(self) -> Any:
        return accept_invitation(
            actor=None, token=self.invitation.token, name="Kim", password=PASSWORD
        )

    def portal_removes(self) -> None:
        """The portal deletes the domain, which only hides it."""
        portal = Portal.objects.get(slug="domains")
        assert delete_resource(actor=portal, resource=self.domain)

    def comes_back(self) -> bool:
        """Return whether the domain is back, with its access, when its portal reports it again."""
        name = self.domain.external_id
        put_resource(
            actor=Portal.objects.get(slug="domains"),
            customer="alder",
            type_code="domain",
            report=Report(name, name),
        )
        return self.reads()

    def is_ended(self) -> bool:
        end_removed_resources()
        return not Resource.with_removed.filter(pk=self.domain.pk).exists()

    def sends_again(self) -> None:
        with at(timedelta(days=3)):
            self.invitation = resend_invitation(actor=self.super_user, invitation=self.invitation)


def at(after: timedelta) -> Any:
    return time_machine.travel(START + after, tick=False)


@dataclass(frozen=True)
class Edge:
    """What is tried, how long after the beginning its answer changes, and from what."""

    after: timedelta
    tried: Callable[[Clock], Any]  # a refusal is a no
    first: bool  # the answer until the edge
    begin: Callable[[Clock], Any] = lambda s: None
    step: timedelta = MOMENT


DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EDGES: dict[str, Edge] = {
    # Offers
    "an invitation is good for seven days": Edge(7 * DAY, Clock.accepts, True),
    "sent again, for seven days from then": Edge(10 * DAY, Clock.accepts, True, Clock.sends_again),
    "an offer of the main role is good for seven days": Edge(
        7 * DAY,
        lambda s: accept_hand_over(
            actor=s.second.user, hand_over=s.offered, signed_in_at=timezone.now()
        ),
        True,
        Scene.hand_over,
    ),
    "a subscription is confirmed within seven days": Edge(
        7 * DAY, lambda s: read_confirmation_token(s.link), True, Clock.signs_up
    ),
    "a password link is good for two hours": Edge(
        2 * HOUR + SECOND,
        lambda s: default_token_generator.check_token(s.gina, s.key),
        True,
        Clock.asks_for_a_link,
        SECOND,
    ),
    "a sign-in is fresh for five minutes": Edge(
        timedelta(minutes=5) + MOMENT, lambda s: require_fresh_sign_in(START) or True, True
    ),
    "a page says that an invitation is over": Edge(
        7 * DAY, lambda s: s.invitation.is_expired, False
    ),
    "a page says that an offer of the main role is over": Edge(
        7 * DAY, lambda s: s.offered.is_expired, False, Scene.hand_over
    ),
    "a company's thousand invitations are for a day": Edge(
        DAY, lambda s: s.invite("lou"), False, Clock.sent_a_thousand
    ),
    # Undo
    "a removal is undone within ten minutes": Edge(
        timedelta(minutes=10) + MOMENT,
        lambda s: undo_event(actor=s.super_user, event=s.removed),
        True,
        Scene.revoke,
    ),
    "an opt-out is undone within ten minutes": Edge(
        timedelta(minutes=10) + SECOND,
        lambda s: read_opt_out(s.opt_out, "purpose"),
        True,
        Clock.stops,
        SECOND,
    ),
    # The last day
    "a last day is announced seven days before": Edge(
        23 * DAY, lambda s: remind_of_membership_expiry(), False, lambda s: s.leaves(days=30)
    ),
    "access ends with the membership": Edge(
        30 * DAY, Clock.reads, True, lambda s: s.leaves(days=30)
    ),
    "a membership that is over is ended": Edge(
        30 * DAY, lambda s: end_due_memberships(), False, lambda s: s.leaves(days=30)
    ),
    # Grants
    "access ends": Edge(
        30 * DAY, lambda s: s.reads(s.colleague), True, lambda s: s.holds(expires_at=30)
    ),
    "access begins": Edge(
        3 * DAY, lambda s: s.reads(s.colleague), False, lambda s: s.holds(starts_at=3)
    ),
    "an end after a fortnight is announced seven days before": Edge(
        7 * DAY,
        lambda s: s.gets_mail(announce_expiring_grants),
        False,
        lambda s: s.holds(expires_at=14),
    ),
    "a shorter access is announced a day before": Edge(
        12 * DAY,
        lambda s: s.gets_mail(announce_expiring_grants),
        False,
        lambda s: s.holds(expires_at=13),
    ),
    "an end is shown thirty days before": Edge(
        30 * DAY, lambda s: s.is_shown_as_ending(), False, lambda s: s.holds(expires_at=60)
    ),
    "and offered for renewal for seven days after": Edge(
        67 * DAY, lambda s: s.is_shown_as_ending(), True, lambda s: s.holds(expires_at=60)
    ),
    # Resources
    "what a portal removed comes back within seven days": Edge(
        7 * DAY, Clock.comes_back, True, Clock.portal_removes
    ),
    "and ends for good after them": Edge(7 * DAY, Clock.is_ended, False, Clock.portal_removes),
    # Requests
    "a request is reminded of after a day": Edge(DAY, lambda s: s.reminds(1), False),
    "and again after two": Edge(2 * DAY, lambda s: s.reminds(2), False),
    "a request is passed on after three days": Edge(72 * HOUR, Clock.passes_on, False),
    # Reviews
    "a review is reminded of after two weeks": Edge(14 * DAY, Clock.reviews, False, Scene.review),
    "and again three of its thirty days before it is due": Edge(
        27 * DAY, Clock.reviews, False, Clock.is_reminded_of_review
    ),
    "a review is overdue after thirty days": Edge(
        30 * DAY, lambda s: s.begun.is_overdue, False, Scene.review
    ),
    # People
    "who did not sign in for ninety days is away": Edge(
        90 * DAY + MOMENT, Clock.is_away, False, Clock.signs_in
    ),
    # Optional email
    "a portal's email to a company's people ends with their membership": Edge(
        30 * DAY,
        lambda s: s.answer() == Reason.NOT_THEIRS,
        False,
        Clock.leaves_with_her_portal_email,
    ),
    "a pause ends": Edge(3 * DAY, lambda s: s.answer() == Reason.PAUSED, True, Clock.pauses),
    # Email that bounced
    "the Super Users are told of the same person after a week": Edge(
        7 * DAY, Clock.tells_of_another_bounce, False, Clock.bounces
    ),
    "the Super Users have a day before staff take over": Edge(
        DAY, lambda s: s.escalation_is("staff"), False, Clock.bounces
    ),
    "another address has an hour": Edge(
        HOUR, lambda s: s.escalation_is("told"), False, Clock.bounces_with_two_addresses
    ),
}


@pytest.fixture(scope="module")
def clock(django_db_setup: None, django_db_blocker: Any) -> Iterator[Clock]:
    with django_db_blocker.unblock(), undone():
        with override_settings(EMAIL_BACKEND="preferences.gate.GateBackend"), at(0 * DAY):
            made = Clock()
        yield made


def happens(edge: Edge, clock: Clock, after: timedelta) -> bool:
    """Return whether it happens so long after it began."""
    clock = deepcopy(clock)  # its rows are brought back, its objects are not
    with undone():
        with at(0 * DAY):
            edge.begin(clock)
        with at(after):
            try:
                return bool(edge.tried(clock))
            except REFUSED:
                return False


@pytest.mark.parametrize("name", EDGES)
def test_edge(name, clock):
    edge = EDGES[name]
    assert happens(edge, clock, edge.after - edge.step) is edge.first
    assert happens(edge, clock, edge.after) is not edge.first


ZONES = [
    ("America/Toronto", datetime(2040, 3, 16, 4, 0, tzinfo=UTC)),  # by then, daylight saving time
    ("UTC", datetime(2040, 3, 16, 0, 0, tzinfo=UTC)),
    ("America/Vancouver", datetime(2040, 3, 16, 7, 0, tzinfo=UTC)),
    ("Pacific/Auckland", datetime(2040, 3, 15, 11, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "end"), ZONES)
def test_a_last_day_is_whole_in_the_companys_time_zone(zone, end, clock):
    """Chosen on its page, 15 March ends at midnight of the company, wherever the reader is."""
    company, gina = clock.customer, clock.person
    with undone():
        Customer.objects.filter(pk=company.pk).update(time_zone=zone)
        User.objects.filter(pk=clock.super_user.pk).update(time_zone="Asia/Tokyo")
        with at(0 * DAY):
            page = reverse("accounts:person-end", args=[company.slug, gina.user.sub])
            version = version_of({"ends_at": gina.ends_at})
            signed_in(clock.super_user).post(page, {"last_day": "2040-03-15", "version": version})
        assert Membership.objects.get(pk=gina.pk).ends_at == end
        with time_machine.travel(end - MOMENT, tick=False):
            assert clock.reads()
        with time_machine.travel(end, tick=False):
            assert not clock.reads()


QUARTERS = [  # the provider's midnight, in winter and in summer time
    (datetime(2040, 1, 1, 5, 0, tzinfo=UTC), date(2040, 1, 1)),
    (datetime(2040, 4, 1, 4, 0, tzinfo=UTC), date(2040, 4, 1)),
    (datetime(2040, 7, 1, 4, 0, tzinfo=UTC), date(2040, 7, 1)),
    (datetime(2040, 10, 1, 4, 0, tzinfo=UTC), date(2040, 10, 1)),
]


@pytest.mark.parametrize(("start", "day"), QUARTERS)
@pytest.mark.parametrize("reader", ["UTC", "Pacific/Auckland"])
def test_a_quarter_begins_at_the_providers_midnight(start, day, reader, clock):
    def begun() -> set[date]:
        rows = ReviewQuarter.objects.filter(customer=clock.customer)
        return set(rows.values_list("quarter", flat=True))

    with undone(), timezone.override(reader):
        before = begun()
        with time_machine.travel(start - MOMENT, tick=False):
            run_reviews()
            assert day not in begun()
        with time_machine.travel(start, tick=False):
            run_reviews()
        assert begun() - before >= {day}


@pytest.mark.parametrize("reader", ["America/Toronto", "UTC", "Pacific/Auckland"])
@pytest.mark.parametrize(
    ("digest", "now", "due"),
    [
        # In Toronto 7:59:59 and 8:00 in the morning, in winter and in summer time
        (Digest.DAILY, "2040-03-09T12:59:59", "2040-03-09T13:00"),
        (Digest.DAILY, "2040-03-09T13:00:00", "2040-03-10T13:00"),
        (Digest.DAILY, "2040-07-02T11:59:59", "2040-07-02T12:00"),
        (Digest.DAILY, "2040-07-02T12:00:00", "2040-07-03T12:00"),
        # The clocks go forward on 11 March, and back on 4 November
        (Digest.DAILY, "2040-03-10T13:00:00", "2040-03-11T12:00"),
        (Digest.DAILY, "2040-11-03T12:00:00", "2040-11-04T13:00"),
        # In the evening in Toronto it is the next day in UTC
        (Digest.DAILY, "2040-03-10T04:30:00", "2040-03-10T13:00"),
        # On Mondays; Sunday 23:59:59 and Monday 8:00 in Toronto
        (Digest.WEEKLY, "2040-03-12T03:59:59", "2040-03-12T12:00"),
        (Digest.WEEKLY, "2040-03-12T11:59:59", "2040-03-12T12:00"),
        (Digest.WEEKLY, "2040-03-12T12:00:00", "2040-03-19T12:00"),
        (Digest.WEEKLY, "2040-03-13T02:00:00", "2040-03-19T12:00"),
    ],
)
def test_a_digest_comes_at_eight_where_the_provider_is(digest, now, due, reader):
    now, due = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, due))
    with timezone.override(reader):
        assert next_digest(digest, now) == due


def test_a_pause_is_recorded_with_the_day_that_its_page_shows(clock):
    """Ten in the evening in Toronto is the next day in UTC."""
    until = datetime(2040, 4, 9, 2, 0, tzinfo=UTC)
    with undone(), at(0 * DAY):
        pause_optional_mail(actor=clock.gina, until=until)

        event = AuditEvent.objects.filter(kind="optional_mail.paused").latest("pk")
        assert event.data["until"] == "2040-04-08"
        assert "8 Apr 2040" in signed_in(clock.gina).get("/preferences/").text
