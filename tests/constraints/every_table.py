"""At least one row in every table that has a constraint, beside the example's."""

from datetime import date, timedelta

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import (
    AuditEvent,
    Customer,
    HandOver,
    Membership,
    Offboarding,
    ReassignedTeam,
    Team,
    Undo,
    User,
)
from accounts.services.invitations import invite_person
from accounts.services.teams import create_team
from portals.models import OfferedGrant, PersonGrant, ReassignedGrant, ReviewQuarter
from preferences.models import (
    Activation,
    Campaign,
    Candidate,
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    DeliveryDecision,
    DeliveryEvent,
    DeliveryProbe,
    Escalation,
    Message,
    Topic,
)
from preferences.services.choices import choose_topic


def person(name: str) -> User:
    return User.objects.get(email__startswith=f"{name}@")


def member(name: str) -> Membership:
    return Membership.objects.get(user=person(name), ended_at=None)


def fill() -> None:
    """Write the rows."""
    alder = Customer.objects.get(slug="alder")
    _fill_accounts_and_portals(alder)
    _fill_preferences(alder)


def _fill_accounts_and_portals(alder: Customer) -> None:
    now = timezone.now()
    alice, bob, emma = member("alice"), member("bob"), member("emma")
    HandOver.objects.create(
        customer=alder, giver=alice, receiver=bob, expires_at=now + timedelta(days=7)
    )
    Group.objects.create(name="spare")
    create_team(actor=person("charlie"), customer=Customer.objects.get(slug="birch"), name="Yard")
    leaving = Offboarding.objects.create(membership=bob, leaves_at=now, planned_by=alice.user)
    team = Team.objects.get(customer=alder)
    grant = PersonGrant.objects.filter(user=bob.user).select_related("permission")[0]
    of_grant = {"resource": grant.content_object, "privilege": grant.permission.privilege}
    ReassignedTeam.objects.create(offboarding=leaving, team=team, receiver=emma)
    ReassignedGrant.objects.create(offboarding=leaving, receiver=emma, **of_grant)
    events = AuditEvent.objects.order_by("pk")
    Undo.objects.create(event=events[0], undone_by=events[1])
    invitation = invite_person(actor=alice.user, customer=alder, address="lou@alder.example")
    OfferedGrant.objects.create(invitation=invitation, **of_grant)
    ReviewQuarter.objects.create(customer=alder, quarter=date(2026, 1, 1))


def _fill_preferences(alder: Customer) -> None:
    alice, bob, olive = person("alice"), person("bob"), person("olive")
    topic = Topic.objects.get(slug="newsletter")
    Activation.objects.create(notice_class_id="legal", staff=olive)
    choose_topic(actor=bob, topic=topic, wants=True)
    CustomerTopicDenial.objects.create(customer=alder, topic=topic, by=alice)
    for category in ({"topic": topic}, {"notice_class_id": "legal"}):
        CustomerRecipient.objects.create(membership=member("bob"), by=alice, **category)
    ContactRole.objects.create(membership=member("bob"), kind="billing", by=alice)
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}
    words["created_by"] = olive
    Campaign.objects.create(topic=topic, **words)
    Campaign.objects.create(notice_class_id="legal", **words)
    running = Campaign.objects.create(topic=topic, state="running", **words)
    recipient = bob.recipient
    Candidate.objects.create(campaign=running, recipient=recipient, send=True, reason="chose_yes")
    to_bob = {"recipient": recipient, "address": bob.email, "subject": "News"}
    to_bob["sealed_content"] = b"sealed"
    Message.objects.create(campaign=running, topic=topic, message_id="<1@hub.example>", **to_bob)
    Message.objects.create(topic=topic, message_id="<2@hub.example>", **to_bob)
    legal = [
        Message.objects.create(
            notice_class_id="legal", message_id=f"<{number}@hub.example>", **to_bob
        )
        for number in (3, 4, 5)
    ]
    Message.objects.filter(pk__in=[legal[1].pk, legal[2].pk]).update(state="claimed")
    DeliveryDecision.objects.create(message=legal[2], outcome="sent", reason="mandatory")
    Message.objects.filter(pk=legal[2].pk).update(state="sent")
    DeliveryEvent.objects.create(
        message=legal[2], kind="hard", reason="no_address", event="mailbox:1"
    )
    escalation = Escalation.objects.create(message=legal[2], recipient=recipient)
    DeliveryProbe.objects.create(message=legal[1], escalation=escalation, address="b@b.example")
