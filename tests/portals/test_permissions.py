"""Each guard of access by itself: whom it lets pass, whom not, and what its refusal names.

The services' tests prove that each act calls its guard; here a second layer hides none of them.
"""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import AccessRequest, Customer
from accounts.permissions import FreshSignInRequired, RequestRefused
from accounts.services.memberships import change_role
from accounts.services.requests import withdraw_request
from accounts.services.teams import create_team
from portals import permissions
from portals.choices import ReviewState
from portals.models import AccessReview, PersonGrant, Portal, ReviewItem
from portals.permissions import GrantRefused, ReviewRefused
from portals.services.requests import request_access

VIEW, DNS = "domains.domain.view", "domains.domain.manage_dns"
TRANSFER = "domains.domain.transfer"  # sensitive
MOMENT = timedelta(microseconds=1)


@contextmanager
def refused(field=None, *, by, words=None, unless=False):
    """Expect the refusal, with its field and words; or none."""
    if unless:
        yield
        return
    with pytest.raises(by, match=words) as refusal:
        yield
    if field is not None:
        assert list(refusal.value.message_dict) == [field]


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


# --- Sensitive privileges ---


@pytest.fixture
def conditions(alice, bob, privilege_of):
    """Return a function that asks the guard, by default as it lets pass."""

    def ask(name=TRANSFER, *, grantees=None, reason="They move it.", signed_in_at=None):
        permissions.require_sensitive_conditions(
            actor=alice,
            grantees=[bob.pk] if grantees is None else grantees,
            privilege=privilege_of(name),
            reason=reason,
            signed_in_at=signed_in_at or timezone.now(),
        )

    return ask


LONG_AGO = timezone.now() - timedelta(days=9)


def test_a_sensitive_privilege_wants_a_reason_and_a_fresh_sign_in_and_somebody_else_B9(
    conditions, alice, bob
):
    conditions()
    with refused("privilege", by=GrantRefused):
        conditions(grantees=[bob.pk, alice.pk])
    for reason in ("", " \n"):
        with refused("reason", by=GrantRefused):
            conditions(reason=reason)
    with refused(by=FreshSignInRequired):
        conditions(signed_in_at=LONG_AGO)


def test_an_ordinary_privilege_wants_none_of_it(conditions, alice):
    conditions(DNS, grantees=[alice.pk], reason="", signed_in_at=LONG_AGO)


@pytest.fixture
def team(alice, alder, give, domain):
    """A team with a sensitive and an ordinary grant."""
    team = create_team(actor=alice, customer=alder, name="Movers")
    give(alice, team, TRANSFER, domain, reason="They move it.")
    give(alice, team, DNS, domain)
    return team


@pytest.fixture
def joining(alice, bob, membership):
    """Return a function that asks the guard of a team, by default as it lets pass."""

    def ask(team, **values):
        return permissions.require_sensitive_team_conditions(
            **{
                "actor": alice,
                "team": team,
                "membership": membership(bob),
                "reason": "He moves it.",
                "signed_in_at": timezone.now(),
                **values,
            }
        )

    return ask


def test_a_team_with_a_sensitive_grant_is_joined_as_the_grant_is_given_B9(
    team, joining, alice, membership
):
    assert [grant.permission.codename for grant in joining(team)] == [TRANSFER]
    assert joining(team, membership=None)  # somebody invited
    with refused(by=GrantRefused, words="add yourself to a team"):
        joining(team, membership=membership(alice))
    for reason in ("", " \n"):
        with refused("reason", by=GrantRefused):
            joining(team, reason=reason)
        with refused("reason", by=GrantRefused):
            joining(team, reason=reason, membership=None)
    with refused(by=FreshSignInRequired):
        joining(team, signed_in_at=LONG_AGO)


def test_a_team_without_a_sensitive_grant_is_joined_freely(
    team, joining, alice, alder, give, domain, membership
):
    """Another team's sensitive grant is not this one's."""
    other = create_team(actor=alice, customer=alder, name="Readers")
    give(alice, other, DNS, domain)
    assert joining(other, membership=membership(alice), reason="", signed_in_at=LONG_AGO) == []


@pytest.mark.parametrize(("later", "passes"), [(0 * MOMENT, True), (MOMENT, False)])
def test_an_offer_covers_no_sensitive_grant_that_the_team_got_since(team, joining, later, passes):
    [grant] = joining(team)
    with refused(by=GrantRefused, words="now has a sensitive permission", unless=passes):
        joining(team, conditions_checked_at=grant.granted_at - later)


# --- Requests ---


@pytest.fixture
def asking(bob, membership, privilege_of):
    """Return a function that asks whether Bob may request a privilege on a resource."""

    def ask(name, resource, linked=None, *, person=bob):
        permissions.require_requestable(membership(person), resource, privilege_of(name), linked)

    return ask


UNKNOWN = {"by": RequestRefused, "words": "doesn't exist for this resource"}


def test_a_person_asks_about_what_they_know(asking, resource, domain, emma):
    asking(DNS, domain)
    withdraw_request(actor=emma, access_request=AccessRequest.objects.get(membership__user=emma))
    asking("domains.subscription.open", _root("domains", "alder"), person=emma)
    hidden = resource("domain", "alderdental.example")  # there, but nothing of Bob's
    with refused("privileges", **UNKNOWN):
        asking(DNS, hidden)
    with refused("privileges", **UNKNOWN):
        asking(DNS, hidden, linked=domain)
    asking(DNS, hidden, linked=hidden)


def test_a_link_or_an_access_opens_no_other_company_and_no_other_type(
    asking, resource, domain, alice
):
    foreign = resource("domain", "birch.example")
    with refused("privileges", **UNKNOWN):
        asking(DNS, foreign, linked=foreign)
    with refused("privileges", **UNKNOWN):
        asking("webmail.mailbox.forward", domain, linked=domain)
    root = foreign.subscription.resources.get(parent=None)
    with refused("privileges", **UNKNOWN):
        asking("domains.subscription.open", root, person=alice)


def _root(portal, customer):
    subscriptions = Portal.objects.get(slug=portal).subscriptions
    return subscriptions.get(customer__slug=customer).resources.get(parent=None)


HAS = {"by": RequestRefused, "words": "You already have"}


def test_access_that_somebody_has_is_asked_for_again_only_shortly_before_its_end(
    asking, domain, alice, bob, give, membership
):
    with refused("privileges", **HAS):
        asking(VIEW, domain)
    now = timezone.now()
    give(alice, membership(bob), DNS, domain, expires_at=now + timedelta(days=90))
    with refused("privileges", **HAS):
        asking(DNS, domain)
    PersonGrant.objects.filter(user=bob, permission__codename=DNS).update(
        expires_at=now + timedelta(days=1)
    )
    asking(DNS, domain)
    with refused("privileges", **HAS):
        asking(VIEW, domain)  # which another grant gives without an end


def test_the_same_is_asked_for_once(asking, domain, bob, alder, privilege_of, resource):
    other = resource("domain", "alderdental.example")
    request_access(
        actor=bob, customer=alder, text="A site.", privileges=[(domain, privilege_of(DNS))]
    )
    with refused("privileges", by=RequestRefused, words="already asked"):
        asking(DNS, domain)
    asking("domains.domain.renew", domain)
    asking(DNS, other, linked=other)


# --- Services, reports, reviews ---


def test_a_portals_name_confirms_in_any_language():
    portal = Portal(slug="files", label_en="Files", label_fr="Fichiers")
    for typed in ("Files", " fichiers\n", "FILES"):
        permissions.require_portal_name(portal, typed)
    for typed in ("", "files portal", "Fichier"):
        with refused("confirmation_name", by=RequestRefused):
            permissions.require_portal_name(portal, typed)


def test_a_portal_reports_its_own_resources_and_no_subscription(domain, resource):
    domains, webmail = (Portal.objects.get(slug=slug) for slug in ("domains", "webmail"))
    permissions.require_reported_resource(domains, domain)
    for portal, reported in (
        (webmail, domain),
        (domains, _root("domains", "alder")),
        (domains, _root("webmail", "alder")),
    ):
        with refused(by=PermissionDenied):
            permissions.require_reported_resource(portal, reported)


def test_a_review_that_is_over_takes_no_more_decisions():
    for state in ReviewState:
        with refused(by=ReviewRefused, unless=state == ReviewState.OPEN):
            permissions.require_open_review(AccessReview(state=state))


def test_one_reviews_ones_own_access_only_where_nobody_else_can(
    alder, alice, bob, emma, charlie, membership
):
    of_alice = ReviewItem(membership=membership(alice))
    of_bob, of_a_team = ReviewItem(membership=membership(bob)), ReviewItem(membership=None)
    assert permissions.refuse_own_review(alice, alder, of_alice) is True
    for item in (of_bob, of_a_team):
        assert permissions.refuse_own_review(alice, alder, item) is False
    change_role(actor=alice, membership=membership(emma), role="super_user")
    with refused(by=ReviewRefused):
        permissions.refuse_own_review(alice, Customer.objects.get(pk=alder.pk), of_alice)
    for item in (of_bob, of_a_team):
        assert permissions.refuse_own_review(alice, alder, item) is False
