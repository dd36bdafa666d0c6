"""Giving access never shortens access that somebody has already."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services.requests import approve_request
from portals.models import PersonGrant, RequestedGrant
from portals.services.grant_expiry import renew_grant
from portals.services.grants import GrantRefused, GrantTerms, grant_at_least
from portals.services.offboarding import plan_offboarding
from portals.services.requests import request_access
from portals.services.reviews import ItemDecision, begin_review, save_decisions

DNS, VIEW, REPLY = "domains.domain.manage_dns", "domains.domain.view", "ticketing.queue.reply"
DAY = timedelta(days=1)
UNSET = object()


@pytest.fixture
def domain(resource):
    return resource("domain", "alderdental.example")


@pytest.fixture
def days(db):
    """A moment so many days from now; None stays None."""
    now = timezone.now()
    return lambda count: None if count is None else now + count * DAY


# (starts, ends) in days: what is there, what is given, what there is then; None: no such bound.
WIDENED = [
    ((None, None), (None, 5), UNSET),
    ((None, 9), (2, 5), UNSET),
    ((-3, 9), (None, 9), UNSET),
    ((None, 5), (None, 9), (None, 9)),
    ((None, 5), (2, 9), (None, 9)),
    ((None, 5), (2, None), (None, None)),
    ((2, 9), (None, 5), (None, 9)),
    ((2, None), (None, 5), (None, None)),
    ((2, None), (None, None), (None, None)),
    ((2, 5), (1, 9), (1, 9)),
]


@pytest.mark.parametrize(("there", "given", "then"), WIDENED)
def test_at_least_keeps_the_wider_terms(
    there, given, then, days, give, alice, bob, membership, domain, privilege_of
):
    grantee = membership(bob)
    starts, ends = there
    before = give(alice, grantee, DNS, domain, starts_at=days(starts), expires_at=days(ends))
    starts, ends = given

    grant = grant_at_least(
        actor=alice,
        grantee=grantee,
        privilege=privilege_of(DNS),
        resource=domain,
        terms=GrantTerms(starts_at=days(starts), expires_at=days(ends)),
    )

    assert PersonGrant.objects.get(user=bob, permission=privilege_of(DNS).pk, content_object=domain)
    if then is UNSET:
        assert grant == before
    else:
        assert (grant.starts_at, grant.expires_at) == tuple(days(day) for day in then)


@pytest.mark.parametrize(("there", "given"), [((None, 2), (5, 9)), ((5, None), (None, 2))])
def test_a_gap_in_time_is_not_filled(
    there, given, days, give, alice, bob, membership, domain, privilege_of
):
    starts, ends = there
    before = give(
        alice, membership(bob), DNS, domain, starts_at=days(starts), expires_at=days(ends)
    )
    starts, ends = given
    with pytest.raises(GrantRefused, match="already given for another period"):
        grant_at_least(
            actor=alice,
            grantee=membership(bob),
            privilege=privilege_of(DNS),
            resource=domain,
            terms=GrantTerms(starts_at=days(starts), expires_at=days(ends)),
        )
    assert PersonGrant.objects.filter(pk=before.pk).exists()


def test_an_expired_grant_is_replaced(days, give, alice, bob, membership, domain, privilege_of):
    give(alice, membership(bob), DNS, domain, expires_at=days(1))
    with time_machine.travel(days(2), tick=False):
        grant = grant_at_least(
            actor=alice,
            grantee=membership(bob),
            privilege=privilege_of(DNS),
            resource=domain,
            terms=GrantTerms(expires_at=days(3)),
        )
    assert (grant.starts_at, grant.expires_at) == (None, days(3))


@pytest.mark.parametrize("who", ["bob", "charlie", "dana"])
def test_only_a_super_user_of_the_company_may(
    who, request, give, alice, bob, membership, domain, privilege_of
):
    give(alice, membership(bob), DNS, domain)
    with pytest.raises(PermissionDenied):
        grant_at_least(
            actor=request.getfixturevalue(who),
            grantee=membership(bob),
            privilege=privilege_of(DNS),
            resource=domain,
        )


def test_a_transfer_of_a_future_grant_keeps_the_current_one(
    days, give, alice, bob, emma, membership, domain, privilege_of
):
    give(alice, membership(emma), DNS, domain, expires_at=days(30))
    his = give(alice, membership(bob), DNS, domain, starts_at=days(20))

    plan_offboarding(actor=alice, membership=membership(bob), grants=[(his, membership(emma))])

    hers = PersonGrant.objects.get(
        user=emma, content_object=domain, permission=privilege_of(DNS).pk
    )
    assert (hers.starts_at, hers.expires_at) == (None, None)
    assert emma.has_perm(f"portals.{DNS}", domain)


def test_approving_a_request_keeps_a_grant_given_meanwhile(
    days, give, alice, bob, alder, membership, privilege_of, resource
):
    domain = resource("domain", "alder.example")
    access_request = request_access(
        actor=bob, customer=alder, privileges=[(domain, privilege_of(DNS))], expires_at=days(5)
    )
    meanwhile = give(alice, membership(bob), DNS, domain)

    approve_request(actor=alice, access_request=access_request)

    assert PersonGrant.objects.get(
        user=bob, content_object=domain, permission=privilege_of(DNS).pk
    ) == (meanwhile)
    row = RequestedGrant.objects.get(request=access_request)
    assert (row.given, row.expires_at) == (True, None)


def test_a_reduction_replaces_an_expired_smaller_grant(
    days, give, alice, bob, alder, membership, resource, privilege_of
):
    queue, smaller = resource("queue", "alder-hosting"), privilege_of("ticketing.queue.view")
    alder.access_reviews.update(state="not_finished", ended_at=timezone.now())
    over = give(alice, membership(bob), "ticketing.queue.view", queue, expires_at=days(1))
    large = give(alice, membership(bob), REPLY, queue)
    with time_machine.travel(days(2), tick=False):
        review = begin_review(actor=alice, customer=alder)
        line = review.items.get(kind="person", grant_id=large.pk)

        save_decisions(
            actor=alice, review=review, decisions=[ItemDecision(line.pk, "reduce", smaller)]
        )

        assert bob.has_perm("portals.ticketing.queue.view", queue)
        assert not bob.has_perm(f"portals.{REPLY}", queue)
    assert not PersonGrant.objects.filter(pk=over.pk).exists()


def test_a_future_grant_is_not_renewed(days, give, alice, bob, membership, domain):
    grant = give(alice, membership(bob), DNS, domain, starts_at=days(5), expires_at=days(9))
    before = AuditEvent.objects.count()
    with pytest.raises(GrantRefused, match="hasn't started yet"):
        renew_grant(actor=alice, grant=grant)
    assert PersonGrant.objects.filter(pk=grant.pk).exists()
    assert AuditEvent.objects.count() == before
