"""Concurrent requests, reminders and renewals by eight, on PostgreSQL."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AccessRequest, AuditEvent
from accounts.services.audit import verify_chain
from accounts.services.memberships import change_role
from accounts.services.requests import (
    approve_request,
    open_request,
    pass_on_overdue_requests,
    pass_on_request,
    refuse_request,
    send_back_request,
    withdraw_request,
)
from portals.models import PersonGrant, Portal, Privilege, Resource, Subscription
from portals.services.grant_expiry import announce_expiring_grants, renew_grant
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.service_requests import ServiceApproval, request_service
from portals.services.subscriptions import subscribe_customer
from preferences.models import Message
from tests.races.test_races import (
    REFUSALS,
    ROUNDS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    join,
    new_customer,
    olive,  # noqa: F401
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


def kinds(access_request):
    events = AuditEvent.objects.filter(
        kind__startswith="request.", customer=access_request.customer
    )
    return [event.kind for event in events.order_by("pk")]


def test_staff_super_users_requester_and_clock_at_once(olive):  # noqa: F811
    """One answer, one event; and it goes on to the provider once or not at all."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob, second = join(customer, main, "bob"), join(customer, main, "second")
        change_role(actor=main.user, membership=second, role="super_user")
        wanted = {"work_phone": "+1 514 555 0100"}
        access_request = open_request(
            actor=bob.user, customer=customer, kind="phone", wanted=wanted
        )
        AccessRequest.objects.filter(pk=access_request.pk).update(
            waiting_since=timezone.now() - timedelta(days=4)
        )

        results = race(
            lambda: approve_request(actor=main.user, access_request=access_request),
            lambda: refuse_request(actor=second.user, access_request=access_request, reason="No."),
            lambda: approve_request(actor=olive, access_request=access_request, for_provider=True),
            lambda: refuse_request(
                actor=olive, access_request=access_request, reason="No.", for_provider=True
            ),
            lambda: withdraw_request(actor=bob.user, access_request=access_request),
            lambda: pass_on_request(actor=main.user, access_request=access_request),
            pass_on_overdue_requests,
            pass_on_overdue_requests,
        )

        assert won(results[:5]) == 1, results
        access_request.refresh_from_db()
        found = kinds(access_request)
        ends = [f"request.{state}" for state in ("approved", "refused", "withdrawn")]
        assert [kind for kind in found if kind in ends] == [f"request.{access_request.state}"]
        assert found.count("request.passed") == (access_request.passed_at is not None)
        bob.refresh_from_db()
        assert bool(bob.work_phone) == (access_request.state == "approved")
        assert verify_chain(f"customer:{customer.pk}")


def test_eight_clocks_remind_and_pass_on_once(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob = join(customer, main, "bob")
        access_request = open_request(
            actor=bob.user, customer=customer, kind="other", text="A chair."
        )
        for days, kind in (
            (1.1, "request.reminded"),
            (2.1, "request.reminded"),
            (3.1, "request.passed"),
        ):
            since = timezone.now() - timedelta(days=days)
            AccessRequest.objects.filter(pk=access_request.pk).update(waiting_since=since)
            before = kinds(access_request)

            assert won(race(*[pass_on_overdue_requests] * 8)) == 8

            assert kinds(access_request) == [*before, kind]
        mails = Message.objects.filter(address=main.user.email, subject__startswith="Reminder: ")
        assert mails.count() == 2


def test_passed_and_sent_back_at_once(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob = join(customer, main, "bob")
        access_request = open_request(
            actor=bob.user, customer=customer, kind="other", text="A chair."
        )
        pass_on_request(actor=main.user, access_request=access_request)

        def send_back(access_request=access_request):
            return send_back_request(actor=olive, access_request=access_request, word="Yours.")

        results = race(
            *[send_back] * 4,
            lambda: approve_request(actor=main.user, access_request=access_request),
        )

        assert kinds(access_request).count("request.sent_back") == won(results[:4]) <= 1
        assert not isinstance(results[4], REFUSALS)


def test_a_service_is_added_once(olive):  # noqa: F811
    portal = Portal.objects.get(slug="domains")
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)

        def ask(customer=customer, main=main):
            return request_service(actor=main.user, customer=customer, portal=portal, kind="add")

        assert won(race(*[ask] * 4)) == 1
        access_request = AccessRequest.objects.get(customer=customer)

        def approve(access_request=access_request):
            return approve_request(
                actor=olive, access_request=access_request, how=ServiceApproval(), for_provider=True
            )

        results = race(
            *[approve] * 4,
            *[
                lambda: refuse_request(
                    actor=olive, access_request=access_request, reason="No.", for_provider=True
                )
            ]
            * 2,
            lambda: withdraw_request(actor=main.user, access_request=access_request),
            lambda: subscribe_customer(actor=olive, customer=customer, portal=portal),
        )

        assert won(results[:7]) == 1, results
        access_request.refresh_from_db()
        used = access_request.state == "approved" or not isinstance(results[7], REFUSALS)
        assert Subscription.objects.filter(customer=customer).count() == used
        started = AuditEvent.objects.filter(customer=customer, kind="subscription.started")
        assert started.count() == used
        assert verify_chain(f"customer:{customer.pk}")
    assert verify_chain("provider")


def test_an_end_is_announced_once_and_renewed_once(olive):  # noqa: F811
    portal = Portal.objects.get(slug="domains")
    privilege = Privilege.objects.get(portal=portal, codename="subscription.register_domain")
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        subscribe_customer(actor=olive, customer=customer, portal=portal)
        bob = join(customer, main, "bob")
        grant = grant_privilege(
            actor=main.user,
            grantee=bob,
            privilege=privilege,
            resource=Resource.objects.get(subscription__customer=customer),
            terms=GrantTerms(expires_at=timezone.now() + timedelta(days=6), reason="The move"),
            signed_in_at=timezone.now(),
        )
        began = timezone.now() - timedelta(days=20)
        PersonGrant.objects.filter(pk=grant.pk).update(granted_at=began)

        assert won(race(*[announce_expiring_grants] * 8)) == 8

        announced = AuditEvent.objects.filter(customer=customer, kind="grants.announced")
        assert announced.count() == 1
        for person in (main, bob):
            told = Message.objects.filter(address=person.user.email, subject__contains="access to")
            assert told.count() == 1

        def renew(grant=grant, main=main):
            return renew_grant(actor=main.user, grant=grant, signed_in_at=timezone.now())

        assert won(race(*[renew] * 8)) == 1
        replaced = AuditEvent.objects.filter(customer=customer, kind="grant.replaced")
        assert replaced.count() == 1
        assert PersonGrant.objects.filter(user=bob.user, permission=grant.permission).count() == 1
