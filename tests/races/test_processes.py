"""The five most important races, among eight real processes on PostgreSQL.

In each round all processes act at one moment, some by the service and some by its page. One wins,
each other gets a refusal of its own class, and there is one event and nothing left over. The other
races use threads (test_races.py).
"""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import (
    AuditEvent,
    Customer,
    HandOver,
    Invitation,
    Membership,
    TeamMembership,
    User,
)
from accounts.services.audit import verify_chain
from accounts.services.hand_overs import offer_hand_over
from accounts.services.invitations import invite_person
from accounts.services.memberships import change_role
from accounts.services.requests import open_request
from accounts.services.teams import add_to_team, create_team
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.services.requests import request_access
from portals.services.subscriptions import subscribe_customer
from tests.races import test_races
from tests.races.processes import Answer, RaceProcesses, RaceTask, eight_processes
from tests.races.test_races import ROUNDS, join, new_customer

pytestmark = test_races.pytestmark
_on_postgresql, olive = test_races._on_postgresql, test_races.olive


@pytest.fixture(scope="module")
def processes(django_db_setup: None) -> Iterator[RaceProcesses | None]:
    if connection.vendor != "postgresql":
        yield None
        return
    with eight_processes(str(connection.settings_dict["NAME"])) as racers:
        yield racers


def won(answers: list[Answer], entry_point: str = "") -> list[Answer]:
    """Return the winners, of the entry points whose names begin so."""
    return [
        answer
        for answer in answers
        if answer.outcome == "won" and answer.entry_point.startswith(entry_point)
    ]


def kinds(customer: Customer, *wanted: str) -> list[str]:
    """The events of these kinds in the customer's whole chain, which holds."""
    events = AuditEvent.objects.filter(customer=customer).order_by("pk")
    assert verify_chain(f"customer:{customer.pk}") == len(events)
    return [event.kind for event in events if event.kind in wanted]


class Company:
    """A new customer: its main Super User, a second one, Bob, and a resource."""

    def __init__(self, olive: User) -> None:
        self.customer, self.main = new_customer(olive)
        portal = Portal.objects.get(slug="domains")
        subscribe_customer(actor=olive, customer=self.customer, portal=portal)
        self.second, self.bob = (join(self.customer, self.main, name) for name in ("sue", "bob"))
        change_role(actor=self.main.user, membership=self.second, role="super_user")
        self.privilege = Privilege.objects.get(portal=portal, codename="subscription.open")
        self.root = Resource.objects.get(subscription__customer=self.customer)
        self.grants().delete()  # given to everybody by a portal

    def grants(self):
        return PersonGrant.objects.filter(user=self.bob.user)

    def grant_values(self) -> dict[str, int]:
        return {
            "grantee": self.bob.pk,
            "privilege": self.privilege.pk,
            "resource": self.root.pk,
        }


def test_one_invitation_accepted_by_eight(olive, processes):
    """D2: one membership, one person, one event."""
    customer, main = new_customer(olive)
    for number in range(ROUNDS):
        address = f"gina{number}@{customer.slug}.example"
        invitation = invite_person(actor=main.user, customer=customer, address=address)
        token = {"token": invitation.token}

        answers = processes.race(
            *[RaceTask("accept_invitation_by_service", token)] * 4,
            *[RaceTask("accept_invitation_by_page", token)] * 4,
        )

        assert len(won(answers)) == 1, answers
        [gina] = User.objects.filter(email=address)
        [joined] = Membership.objects.filter(customer=customer, user=gina)
        assert Invitation.objects.get(pk=invitation.pk).accepted_by == gina
        assert joined.is_live
        told = AuditEvent.objects.filter(customer=customer, person=gina)
        assert [event.kind for event in told] == ["invitation.accepted"]
    accepted = kinds(customer, "invitation.accepted")
    assert len(accepted) == ROUNDS + 1  # with its main Super User's own


def test_one_request_answered_by_eight(olive, processes):
    """One answer, one event; access is given by approval, never after refusal."""
    ends = {f"request.{state}" for state in ("approved", "refused", "withdrawn")}
    for _round in range(ROUNDS):
        company = Company(olive)
        privileges = [(company.root, company.privilege)]
        access_request = request_access(
            actor=company.bob.user, customer=company.customer, privileges=privileges
        )

        def answer(how: str, way: str, who: Membership, access_request=access_request) -> RaceTask:
            values = {"answer": how, "access_request": access_request.pk, "user": who.user_id}
            return RaceTask(f"answer_request_by_{way}", values)

        answers = processes.race(
            answer("approve", "service", company.main),
            answer("approve", "service", company.second),
            answer("approve", "page", company.main),
            answer("approve", "page", company.second),
            answer("refuse", "service", company.second),
            answer("refuse", "page", company.main),
            answer("withdraw", "service", company.bob),
            answer("withdraw", "page", company.bob),
        )

        assert len(won(answers)) == 1, answers
        access_request.refresh_from_db()
        assert kinds(company.customer, *ends) == [f"request.{access_request.state}"]
        yes = access_request.state == "approved"
        assert company.grants().count() == yes
        assert kinds(company.customer, "grant.given") == ["grant.given"] * yes


def test_one_hand_over_settled_by_eight(olive, processes):
    """C2: accepted, declined or taken back, once; the company keeps a live main Super User."""
    settled = {
        "accepted": "customer.main_super_user_changed",
        "declined": "hand_over.declined",
        "withdrawn": "hand_over.withdrawn",
    }
    for _round in range(ROUNDS):
        company = Company(olive)
        offer = offer_hand_over(
            actor=company.main.user,
            customer=company.customer,
            to=company.second,
            confirmation_name=company.customer.name,
            signed_in_at=timezone.now(),
        )

        def settle(how: str, way: str, who: Membership, offer=offer) -> RaceTask:
            values = {"answer": how, "offer": offer.pk, "user": who.user_id}
            return RaceTask(f"settle_hand_over_by_{way}", values)

        answers = processes.race(
            settle("accept", "service", company.second),
            settle("accept", "service", company.second),
            settle("accept", "page", company.second),
            settle("accept", "page", company.second),
            settle("decline", "service", company.second),
            settle("decline", "page", company.second),
            settle("withdraw", "service", company.main),
            settle("withdraw", "page", company.main),
        )

        assert len(won(answers)) == 1, answers
        offer.refresh_from_db()
        assert kinds(company.customer, *settled.values()) == [settled[offer.state]]
        keeper = Customer.objects.get(pk=company.customer.pk).main_super_user
        assert keeper == (company.second if offer.state == "accepted" else company.main)
        assert keeper.is_live
        assert keeper.is_super_user
        assert not HandOver.objects.open().filter(customer=company.customer).exists()


def test_one_privilege_granted_by_eight(olive, processes):
    """J4: one row, one event. A service asked for what is there answers with it; a page says no."""
    for _round in range(ROUNDS):
        company = Company(olive)
        before = kinds(company.customer, "grant.given")

        def give(way: str, who: Membership, company=company) -> RaceTask:
            return RaceTask(f"grant_by_{way}", {"user": who.user_id, **company.grant_values()})

        answers = processes.race(
            *[give("service", company.main), give("service", company.second)] * 2,
            *[give("page", company.main), give("page", company.second)] * 2,
        )

        [grant] = company.grants()
        assert [result.text for result in won(answers, "grant_by_service")] == [str(grant.pk)] * 4
        assert len(won(answers, "grant_by_page")) <= 1, answers
        assert kinds(company.customer, "grant.given") == [*before, "grant.given"]
        given = AuditEvent.objects.filter(customer=company.customer, kind="grant.given").latest(
            "pk"
        )
        assert given.actor == grant.granted_by


def test_removal_against_a_grant_among_eight(olive, processes):
    """One removal, one event; whoever is first, the leaver keeps nothing."""
    for _round in range(ROUNDS):
        company = Company(olive)
        team = create_team(actor=company.main.user, customer=company.customer, name="Office")
        add_to_team(actor=company.main.user, team=team, membership=company.bob)
        open_request(
            actor=company.bob.user, customer=company.customer, kind="other", text="A chair."
        )
        before = kinds(company.customer, "grant.given")

        def remove(way: str, who: Membership, company=company) -> RaceTask:
            return RaceTask(
                f"remove_person_by_{way}", {"user": who.user_id, "grantee": company.bob.pk}
            )

        def give(way: str, who: Membership, company=company) -> RaceTask:
            return RaceTask(f"grant_by_{way}", {"user": who.user_id, **company.grant_values()})

        answers = processes.race(
            *[remove("service", company.main), give("service", company.second)] * 2,
            *[remove("page", company.second), give("page", company.main)] * 2,
        )

        assert len(won(answers, "remove")) == 1, answers
        given = kinds(company.customer, "grant.given")[len(before) :]
        assert len(given) == bool(won(answers, "grant_by"))
        assert kinds(company.customer, "membership.removed") == ["membership.removed"]
        assert not company.grants().exists()
        assert not TeamMembership.objects.filter(membership=company.bob).exists()
        assert not company.bob.requests.open().exists()
        company.bob.refresh_from_db()
        assert company.bob.ended_at is not None


def test_a_process_without_an_answer_fails_the_test(olive, processes):
    """Else a process that never acted would count as one that was refused."""
    with pytest.raises(AssertionError, match="did not get ready"):
        processes.race(*[RaceTask("accept_invitation_by_service", {})] * 8)


def test_a_failed_test_leaves_no_process():
    with pytest.raises(RuntimeError), eight_processes("no database") as racers:
        begun = list(racers._processes)
        raise RuntimeError

    assert len(begun) == 8
    assert not any(process.is_alive() for process in begun)
