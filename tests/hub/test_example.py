"""The example's history: every date fits every other, on whichever day it is loaded."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.db import transaction
from django.db.models import DateTimeField, F, Max, Q
from django.test import Client
from django.utils import timezone

from accounts.choices import RequestState, Role
from accounts.models import (
    AccessRequest,
    AuditEvent,
    Customer,
    Invitation,
    Membership,
    Offboarding,
    Team,
    User,
)
from compliance.models import Acceptance, Affected, Policy
from compliance.registry.uses import REFERRALS, RESELLER_ALERTS
from compliance.selectors import histories, policies_to_answer
from compliance.selectors.affected import with_outcome
from compliance.selectors.drift import drift_of
from compliance.selectors.programmes import programme_of
from compliance.selectors.uses import is_told, people_for
from compliance.services.reseller_requests import choose_reseller_alerts
from hub.demo.people import example_people
from hub.example import load_history
from hub.example.alder import HUGO
from hub.example.clock import Clock
from hub.example.dogwood_people import LEAVER, NADIA
from hub.example.history import TALES
from hub.example.story import Story
from portals.choices import ReviewState
from portals.models import (
    AccessReview,
    PersonGrant,
    PrivilegeUse,
    Resource,
    ReviewItem,
    Subscription,
    TeamGrant,
)
from preferences.models import (
    Campaign,
    ConsentRecord,
    DeliveryDecision,
    DeliveryEvent,
    Escalation,
    Message,
    Topic,
)
from preferences.selectors import may_send
from tests.template_database import replaced

TORONTO = ZoneInfo("America/Toronto")
NEW_YEAR = datetime(2027, 1, 1, 0, 30, tzinfo=TORONTO)
AHEAD = {  # may be still to come
    "due_at", "expires_at", "ends_at", "leaves_at", "starts_at", "effective_at", "until",
}  # fmt: skip


@pytest.fixture(scope="module", params=["today", "new-year"])
def loaded(
    request: pytest.FixtureRequest,
    django_db_setup: Callable[[], None],
    django_db_blocker: Any,
) -> Iterator[None]:
    """Replace the cast by the history."""
    moment = NEW_YEAR if request.param == "new-year" else datetime.now(UTC)
    with django_db_blocker.unblock():
        with time_machine.travel(moment), replaced(f"history-{request.param}", load_history):
            yield
        django_db_setup()


history = pytest.mark.usefixtures("loaded", "db")


# --- The clock ---


@pytest.mark.parametrize("hour", [0, 9, 23])
def test_every_act_lies_in_the_past_whatever_the_day(hour):
    """For a year with both changes of the clocks; an act to come would stop the loading."""
    first = datetime(2026, 12, 20, hour, 10, tzinfo=TORONTO)
    for number in range(372):
        with time_machine.travel(first + timedelta(days=number)):
            story = Story(Clock())
            for tell in TALES:
                tell(story)
        moments = [moment for moment, _act in story.steps]
        assert max(moments) <= story.clock.present
        assert min(moments) > story.clock.present - timedelta(days=190)
        assert all(moment.astimezone(UTC).astimezone(moment.tzinfo) == moment for moment in moments)


def test_the_clock_shows_the_past_and_never_goes_back():
    clock = Clock()
    with clock.running():
        clock.show(clock.present - timedelta(days=10))
        shown = timezone.now()
        default = Message._meta.get_field("created_at").get_default()
        with pytest.raises(ValueError, match="the clock can't show"):
            clock.show(clock.present - timedelta(days=11))
        with pytest.raises(ValueError, match="the clock can't show"):
            clock.show(clock.present + timedelta(seconds=1))

    assert clock.present - timedelta(days=10) <= shown <= default < clock.present
    assert timezone.now() >= clock.present


# --- Dates that fit ---


def _rows() -> Iterator[tuple[str, list[Any]]]:
    """Yield each date of our tables with its values."""
    for model in apps.get_models():
        if model._meta.app_label not in (
            "accounts",
            "portals",
            "preferences",
            "compliance",
            "auth",
        ):
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, DateTimeField):
                values = model._base_manager.exclude(**{field.name: None})
                yield (
                    f"{model.__name__}.{field.name}",
                    list(values.values_list(field.name, flat=True)),
                )


@history
def test_nothing_has_a_date_to_come_or_before_the_first_day():
    now, founded = timezone.now(), User.objects.order_by("created_at")[0].created_at
    for name, values in _rows():
        if name.partition(".")[2] not in AHEAD:
            assert [value for value in values if value > now] == [], name
        if name != "Notice.since":
            assert [value for value in values if value < founded] == [], name
    assert timedelta(days=175) < now - founded < timedelta(days=195)


@history
def test_the_chains_are_whole_and_in_the_order_of_time(capsys):
    call_command("audit", "verify")
    assert "every one is in its place" in capsys.readouterr().out

    latest: dict[str, datetime] = {}
    for event in AuditEvent.objects.order_by("pk"):
        assert event.at >= latest.get(event.chain, event.at), event
        latest[event.chain] = event.at


@history
def test_nobody_acts_before_they_joined_or_after_they_left():
    memberships = {(row.user_id, row.customer_id): row for row in Membership.objects.all()}
    for event in AuditEvent.objects.select_related("actor").exclude(actor=None):
        assert event.actor.created_at <= event.at, event
        if event.customer_id is None or event.actor.is_staff:
            continue
        row = memberships[event.actor_id, event.customer_id]
        assert row.joined_at <= event.at or event.kind == "invitation.accepted", event
        assert row.ended_at is None or event.at <= row.ended_at, event
    for user in User.objects.exclude(last_login=None):
        signed_in = AuditEvent.objects.filter(kind="sign_in.done", actor=user)
        last = signed_in.aggregate(at=Max("at"))["at"]
        assert user.created_at <= user.last_login <= last <= user.last_login + timedelta(minutes=1)


@history
def test_people_accept_after_they_were_invited():
    accepted = Invitation.objects.exclude(accepted_at=None).select_related("accepted_by")
    assert accepted.count() == Membership.objects.count()
    for invitation in accepted:
        membership = Membership.objects.get(
            user=invitation.accepted_by, customer=invitation.customer
        )
        assert invitation.created_at < invitation.accepted_at < invitation.expires_at
        assert invitation.created_at < invitation.accepted_by.created_at <= membership.joined_at
        assert invitation.customer.created_at < invitation.created_at
    assert not Subscription.objects.filter(started_at__lt=F("customer__created_at")).exists()


@history
def test_access_is_given_by_a_super_user_to_somebody_who_is_there():
    joined = {(m.user_id, m.customer_id): m for m in Membership.objects.all()}
    grants = PersonGrant.objects.select_related("content_object__subscription")
    for grant in grants:
        customer = grant.content_object.subscription.customer_id
        assert joined[grant.user_id, customer].joined_at <= grant.granted_at, grant
        assert joined[grant.user_id, customer].ended_at is None
        giver = joined.get((grant.granted_by_id, customer))
        assert giver is None or giver.joined_at < grant.granted_at, grant
        assert grant.expires_at is None or grant.granted_at < grant.expires_at
    for rows in TeamGrant.objects.select_related("content_object__subscription"):
        customer = rows.content_object.subscription.customer_id
        assert joined[rows.granted_by_id, customer].joined_at < rows.granted_at


@history
def test_access_is_used_after_it_was_given():
    uses = PrivilegeUse.objects.select_related("user", "resource")
    assert uses.count() > 100
    for use in uses:
        key = {"content_object": use.resource_id, "permission": use.privilege_id}
        own = PersonGrant.objects.filter(user=use.user_id, **key)
        team = TeamGrant.objects.filter(
            group__team__team_memberships__membership__user=use.user_id, **key
        )
        given = [grant.granted_at for grant in (*own, *team)]
        owner = Resource.objects.filter(pk=use.resource_id, owner__user=use.user_id)
        if not given:
            removed = AuditEvent.objects.filter(person=use.user_id, kind="grant.revoked")
            assert owner.exists() or removed.filter(at__date__gte=use.day).exists(), use
        begun = min(given, default=use.user.created_at)
        assert begun.astimezone(UTC).date() <= use.day <= timezone.now().date(), use


@history
def test_requests_and_reviews_are_answered_after_they_began():
    assert not AccessRequest.objects.filter(created_at__lt=F("membership__joined_at")).exists()
    answered = AccessRequest.objects.exclude(answered_at=None)
    assert answered.count() > 8
    assert not answered.exclude(answered_at__gt=F("created_at")).exists()
    assert not AccessReview.objects.filter(ended_at__lte=F("begun_at")).exists()
    decided = ReviewItem.objects.exclude(decided_at=None)
    assert decided.count() > 100
    assert not decided.filter(
        Q(decided_at__lte=F("review__begun_at")) | Q(decided_at__gt=F("review__ended_at"))
    ).exists()


@history
def test_email_is_decided_after_it_was_written_and_reported_after_it_left():
    assert not DeliveryDecision.objects.filter(at__lt=F("message__created_at")).exists()
    assert not DeliveryEvent.objects.filter(at__lt=F("message__decision__at")).exists()
    early = Message.objects.filter(created_at__lt=F("recipient__user__created_at"))
    assert not early.exclude(subject__contains="invite").exists()
    assert not ConsentRecord.objects.filter(at__lt=F("recipient__user__created_at")).exists()
    for campaign in Campaign.objects.exclude(resolved_at=None):
        assert campaign.created_at <= campaign.starts_at <= campaign.resolved_at
    for record in ConsentRecord.objects.filter(source="mail_link"):
        later = Message.objects.filter(
            recipient=record.recipient_id, topic=record.topic_id, created_at__gt=record.at
        )
        assert not later.exists(), "a topic goes to nobody who left it"


# --- What there is to see ---


@history
def test_dogwood_freight_has_forty_people_in_six_teams():
    dogwood = Customer.objects.get(slug="dogwood")

    assert dogwood.name == "Dogwood Freight"
    assert Membership.objects.present().filter(customer=dogwood).count() == 40
    assert Team.objects.filter(customer=dogwood).count() == 6
    super_users = dogwood.memberships.filter(role=Role.SUPER_USER)
    assert super_users.order_by("joined_at")[0].user.email == NADIA
    assert super_users.count() == 2
    assert not User.objects.filter(memberships__customer=dogwood).exclude(
        email__endswith="@dogwood.example"
    )


@history
def test_each_page_has_something_to_show():
    left = Membership.objects.exclude(ended_at=None)
    assert {row.user.email for row in left} == {HUGO, LEAVER}
    assert Offboarding.objects.filter(membership__in=left).count() == 2
    assert not PersonGrant.objects.filter(user__in=left.values("user")).exists()
    states = Counter(AccessRequest.objects.values_list("customer__slug", "state"))
    assert states["alder", RequestState.REFUSED] == 1
    assert states["alder", RequestState.OPEN] == 2
    open_reviews = AccessReview.objects.filter(state=ReviewState.OPEN)
    assert open_reviews.filter(customer__slug="alder").exists()
    soon = timezone.now() + timedelta(days=30)
    assert PersonGrant.objects.filter(expires_at__lte=soon).count() >= 4
    assert Membership.objects.present().filter(ends_at__lte=soon).count() == 1
    assert Campaign.objects.filter(state="done", confidential=False).count() == 9
    assert {row.outcome for row in with_outcome(Affected.objects.all())} == {"proved", "sent"}
    assert Campaign.objects.filter(state="scheduled").count() == 1
    assert Escalation.objects.filter(state="staff").count() == 1
    assert ConsentRecord.objects.filter(wants=False).count() == 7
    assert DeliveryEvent.objects.count() == 5


@history
def test_everybody_has_accepted_the_terms_and_hears_of_the_next_ones():
    for person in User.objects.filter(is_active=True, is_staff=False):
        if person.memberships.live().exists():
            [item] = policies_to_answer(person)
            assert (item.version.number, item.binds) == (2, False), person
    assert Acceptance.objects.count() >= 25


@history
def test_the_privacy_notice_states_referrals_and_reseller_alerts_L18():
    """So that people of the demo can refer a contact and subscribe to the alerts."""
    people = User.objects.filter(is_active=True, is_staff=False)
    told = people_for(REFERRALS, people)
    assert set(told) == set(people)
    frank = User.objects.get(email="frank@cedar.example")
    assert is_told(RESELLER_ALERTS, frank)
    assert [
        drift for history in histories(Policy.objects.all()) for drift in drift_of(history)
    ] == []
    client = Client()
    client.force_login(frank)
    page = client.get("/c/cedar/programme/").content.decode()
    programme = programme_of(Customer.objects.get(slug="cedar"), frank)
    assert programme.may_refer and programme.may_get_alerts and programme.alerts
    assert 'name="address"' in page, "the form to refer a contact is there"
    for language, words in (("en", "Reseller alerts"), ("fr", "Alertes aux revendeurs")):
        notice = client.get("/policies/privacy/", headers={"Accept-Language": language})
        assert words in notice.content.decode()
    with transaction.atomic():
        choose_reseller_alerts(actor=frank, customer=Customer.objects.get(slug="cedar"), wants=True)
        assert may_send(frank, Topic.objects.get(slug="reseller-alerts"))
        transaction.set_rollback(True)


@history
def test_the_cast_is_offered_at_one_click_and_leavers_are_not():
    names = [person.user.name for person in example_people()]

    assert "Hugo Petit" not in names
    assert {"Alice Martin", "Bob Tremblay", "Emma Roy", "Nadia Haddad", "Olive Bergeron"} <= set(
        names
    )


@history
def test_no_old_email_waits_for_the_worker():
    waiting = Message.objects.filter(state="queued")
    assert not waiting.filter(created_at__lt=timezone.now() - timedelta(hours=1)).exists()
