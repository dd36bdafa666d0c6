"""The lines of a review whose access is as it was, for every mixture of their kinds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership
from portals.choices import ItemKind
from portals.models import AccessReview, PersonGrant, Resource, ReviewItem, TeamGrant
from portals.selectors.reviews import items_with_state, unchanged_access


@pytest.fixture
def lines(alder):
    """Return kind → lines, unsaved: as it was, changed, and gone."""
    boss = Membership.objects.filter(customer=alder, role="super_user").earliest("pk")
    user = Membership.objects.filter(customer=alder, role="user").earliest("pk")
    owned, other = Resource.objects.filter(
        subscription__customer=alder, owner=None, resource_type__code="mailbox"
    )[:2]
    Resource.objects.filter(pk=owned.pk).update(owner=user)
    grants = list(PersonGrant.objects.filter(content_object__subscription__customer=alder)[:2])
    past = timezone.now() - timedelta(minutes=1)
    PersonGrant.objects.filter(pk=grants[1].pk).update(
        starts_at=past - timedelta(days=1), expires_at=past
    )
    team = TeamGrant.objects.filter(content_object__subscription__customer=alder).earliest("pk")
    facts = {
        ItemKind.ROLE: [{"membership": boss}, {"membership": user}],
        ItemKind.PERSON: [
            {"grant_id": key, "membership": user} for key in (grants[0].pk, grants[1].pk, 10**9)
        ],
        ItemKind.TEAM: [{"grant_id": team.pk}, {"grant_id": 10**9}],
        ItemKind.OWNER: [
            {"resource": owned, "membership": user},
            {"resource": other, "membership": user},
        ],
    }
    review = AccessReview.objects.filter(customer=alder).latest("pk")
    ReviewItem.objects.filter(review=review).delete()
    return {
        kind: [ReviewItem.objects.create(review=review, kind=kind, **of) for of in facts[kind]]
        for kind in facts
    }


def test_a_line_is_unchanged_where_its_access_is_found(lines):
    """A union of the kinds once failed on PostgreSQL, where NULLs had become texts."""
    review = lines[ItemKind.ROLE][0].review
    items = items_with_state(review, undecided=True, now=timezone.now())

    unchanged = {item.pk for item in items if item.is_unchanged}

    assert unchanged == set(unchanged_access(items))
    assert unchanged == {of_kind[0].pk for of_kind in lines.values()}, "the first of each kind"
