"""The one statement of the frame of a page counts as the rules elsewhere do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.choices import CustomerStatus, RequestKind, Role
from accounts.models import AccessRequest, Customer, HandOver, Membership
from compliance.selectors import unanswered_of
from hub.waiting import Company, Waiting, waiting_for
from portals.models import AccessReview, PersonGrant, Resource, Subscription, TeamGrant
from portals.selectors.grant_expiry import (
    ENDS_THIS_WEEK,
    expiring_person_grants,
    expiring_team_grants,
    of_customer,
)
from preferences.models import Recipient
from preferences.selectors.bounces import is_bouncing


def by_the_rules(person):
    """What waits, from the selectors of each app."""
    memberships = (
        Membership.objects.live()
        .filter(user=person, role=Role.SUPER_USER)
        .exclude(customer__status__in=[CustomerStatus.PENDING, CustomerStatus.CLOSED])
        .order_by("customer__name")
    )
    asked = AccessRequest.objects.open().with_provider()
    return Waiting(
        is_bouncing=is_bouncing(person),
        companies=[company(membership) for membership in memberships],
        codenames=frozenset(
            codename
            for app, _, codename in (name.partition(".") for name in person.get_all_permissions())
            if app in ("accounts", "preferences", "compliance")
        )
        if person.is_staff
        else frozenset(),
        provider_requests=asked.count() if person.is_staff else 0,
        access_requests=asked.exclude(
            kind__in=[RequestKind.ADD_SERVICE, RequestKind.END_SERVICE]
        ).count()
        if person.is_staff
        else 0,
        policies=unanswered_of(person),
    )


def company(membership):
    customer = membership.customer
    expiring = (
        of_customer(grants(within=ENDS_THIS_WEEK), customer.pk).count()
        for grants in (expiring_person_grants, expiring_team_grants)
    )
    reviews = AccessReview.objects.open().filter(customer=customer)
    return Company(
        customer.slug,
        customer.name,
        AccessRequest.objects.to_answer(customer=customer, by=membership).count(),
        sum(expiring),
        sum(r.total - r.kept - r.reduced - r.removed - r.overtaken for r in reviews),
        HandOver.objects.waiting().filter(receiver=membership).count(),
    )


HOUR = timedelta(hours=1)


def end_grants(now, **bounds):
    for grants in (PersonGrant.objects, TeamGrant.objects):
        grants.update(granted_at=now - 9 * HOUR, **bounds)


CHANGES = {
    "nothing": lambda now: None,
    "grants end this week": lambda now: end_grants(now, expires_at=now + 100 * HOUR),
    "grants end next week": lambda now: end_grants(now, expires_at=now + 200 * HOUR),
    "grants have ended": lambda now: end_grants(now, expires_at=now - HOUR),
    "grants begin later": lambda now: end_grants(
        now, starts_at=now + HOUR, expires_at=now + 5 * HOUR
    ),
    "subscriptions suspended": lambda now: (
        end_grants(now, expires_at=now + HOUR),
        Subscription.objects.update(status="suspended"),
    ),
    "resources removed by their portal": lambda now: (
        end_grants(now, expires_at=now + HOUR),
        Resource.objects.exclude(parent=None).update(removed_at=now),
    ),
    "companies suspended": lambda now: (
        end_grants(now, expires_at=now + HOUR),
        Customer.objects.update(status="suspended"),
    ),
    "requests of services": lambda now: AccessRequest.objects.update(
        kind=RequestKind.ADD_SERVICE, about="webmail", passed_at=now
    ),
    "requests passed on": lambda now: AccessRequest.objects.update(passed_at=now),
    "an address is unreachable": lambda now: Recipient.objects.update(unreachable_since=now),
    "a review half done": lambda now: AccessReview.objects.update(kept=1, reduced=1, removed=1),
    "a review over": lambda now: AccessReview.objects.update(state="not_finished", ended_at=now),
}


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "dana", "olive"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_statement_counts_as_the_rules_do(change, name, request):
    person = request.getfixturevalue(name)

    CHANGES[change](timezone.now())

    assert waiting_for(person) == by_the_rules(person)


def test_what_the_changes_are_about_is_counted(alice, olive):
    end_grants(now := timezone.now(), expires_at=now + HOUR)
    AccessRequest.objects.update(passed_at=now)
    Recipient.objects.filter(user=alice).update(unreachable_since=now)

    [alder] = waiting_for(alice).companies
    assert alder.requests and alder.ending and alder.undecided
    assert waiting_for(alice).is_bouncing
    assert (
        waiting_for(olive).provider_requests == 1 and "use_provider" in waiting_for(olive).codenames
    )
