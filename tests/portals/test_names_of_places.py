"""A permission is never named by the company's name: the portal, or what it covers, is said."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from hub.home.endings import endings_of
from hub.home.own import own_of
from portals.models import ReviewItem
from portals.selectors.offboarding import offboarding_items_of
from portals.selectors.reviews import items_of

REGISTER, RENEW = "domains.subscription.register_domain", "domains.domain.renew"
WIDE = "every domain, future ones too"


@pytest.fixture
def root(resource):
    return resource("domain", "alder.example").parent


@pytest.fixture
def held(alice, bob, membership, root, give):
    """Bob registers domains and renews every domain, both for two weeks."""
    terms = {"expires_at": timezone.now() + timedelta(days=14)}
    return {name: give(alice, membership(bob), name, root, **terms) for name in (REGISTER, RENEW)}


def words_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


def test_of_a_grant(held):
    assert held[REGISTER].place == "Domains portal"
    assert held[RENEW].place == WIDE


def test_in_an_offboarding(as_, alice, bob, membership, held):
    named = {str(item) for item in offboarding_items_of(membership(bob)) if item.grant}
    page = as_(alice).get(reverse("portals:offboarding", args=["alder", bob.sub]))

    assert f"“Renew domain” ({WIDE}, Domains)" in named
    assert "“Register new domains” (Domains portal)" in named
    assert not {name for name in named if "Alder Dental" in name}
    assert f"Renew domain {WIDE}" in words_of(page)


def test_in_a_review(alder, held):
    review = alder.access_reviews.get()
    of_bob = review.items.filter(grantee_name="Bob Tremblay", privilege__isnull=False).first()
    for grant in held.values():
        ReviewItem.objects.create(
            review=review,
            kind="person",
            section=of_bob.section,
            membership=of_bob.membership,
            grantee_name=of_bob.grantee_name,
            grant_id=grant.pk,
            portal=grant.permission.privilege.portal,
            privilege=grant.permission.privilege,
            resource=grant.content_object,
            resource_name=grant.content_object.name,
            granted_at=grant.granted_at,
        )
    lines = items_of(review, undecided=True).filter(grant_id__in=[g.pk for g in held.values()])

    assert {line.place for line in lines} == {"Domains portal", WIDE}
    assert {line.phrase for line in lines} == {
        "register domains in the Domains portal", f"renew {WIDE}",
    }  # fmt: skip


def test_where_access_ends_soon(as_, alice, alder, held):
    page = words_of(as_(alice).get(reverse("portals:expiring-access", args=["alder"])))
    soon = {ending.what for ending in endings_of(alder, 20) if ending.who == "Bob Tremblay"}

    assert f"Renew domain {WIDE}" in page
    assert {f"renew {WIDE}", "register domains in the Domains portal"} <= soon


def test_on_a_persons_home(bob, membership, held):
    assert f"renew {WIDE}" in own_of(membership(bob)).phrases


def test_in_the_activity_log_in_both_languages(as_, alice, alder, held):
    client = as_(alice)
    log = reverse("accounts:activity", args=["alder"])
    english = words_of(client.get(log))
    of_root = words_of(client.get(log, {"resource": held[RENEW].content_object_id}))
    client.post(reverse("set_language"), {"language": "fr"})
    french = words_of(client.get(log))

    assert "“Register new domains” on Domains portal" in english
    assert f"“Renew domain” on {WIDE}" in english
    assert "on Alder Dental" not in of_root
    assert "Portail Domaines" in french
    assert "tout élément de type « domaine », présent ou futur" in french
