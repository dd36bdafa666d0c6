"""Requests for access: what may be requested, and what approval gives."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AccessRequest, AuditEvent
from accounts.permissions import FreshSignInRequired, RequestRefused
from accounts.services.requests import approve_request, refuse_request
from portals.models import PersonGrant, RequestedGrant
from portals.selectors.requests import requestable_access_of
from portals.services.grants import GrantRefused
from portals.services.requests import Approval, request_access
from portals.services.subscriptions import set_subscription_status

OPEN = "domains.subscription.open"
DNS = "domains.domain.manage_dns"
READ = "webmail.mailbox.manage"


@pytest.fixture
def waiting(emma):
    """What the example lets Emma wait for: the domains portal."""
    return AccessRequest.objects.get(membership__user=emma)


@pytest.fixture
def ask(bob, alder, privilege_of):
    """Return a function that makes a request by Bob: ask((privilege name, resource), …)."""

    def access_request(*privileges, actor=bob, customer=alder, text="For the new site.", **more):
        pairs = [(resource, privilege_of(name)) for name, resource in privileges]
        return request_access(actor=actor, customer=customer, text=text, privileges=pairs, **more)

    return access_request


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")  # Bob may see it


@pytest.fixture
def mailbox(resource):
    return resource("mailbox", "bob@alder.example")  # Bob's own


def fresh(**how):
    return Approval(signed_in_at=timezone.now(), **how)


# --- Asking ---


def test_requestable_access_is_closed_portals_and_more_on_known_resources(membership, emma, bob):
    def names(person):
        return {
            (
                str(one.resource.resource_type.portal.slug),
                one.resource.external_id,
                privilege.codename,
            )
            for one in requestable_access_of(membership(person))
            for privilege in one.privileges
        }

    assert {name for name in names(emma) if name[0] == "domains"} == {
        ("domains", "alder", "subscription.open")
    }
    bobs = names(bob)
    assert ("domains", "alder.example", "domain.manage_dns") in bobs
    assert ("domains", "alder.example", "domain.view") not in bobs
    assert not {name for name in bobs if name[1] == "alderdental.example"}
    assert not {name for name in bobs if name[1] == "billing@alder.example"}


def test_the_email_names_the_requested_access(ask, domain, alice, deliver):
    ask((DNS, domain))
    (mail,) = [mail for mail in deliver() if mail.to == [alice.email]]
    assert "- Change DNS records: alder.example" in mail.body


@pytest.mark.parametrize(
    ("name", "thing_of"),
    [
        (DNS, ("domain", "alderdental.example")),  # there, but nothing of Bob's
        (DNS, ("domain", "birch.example")),  # another customer's
        (READ, ("domain", "alder.example")),  # a privilege of another type
    ],
)
def test_unrelated_resources_are_refused_with_one_message(ask, resource, events_of, name, thing_of):
    with pytest.raises(RequestRefused, match="doesn't exist for this resource"):
        ask((name, resource(*thing_of)))
    assert not events_of("request.opened")


@pytest.fixture
def events_of(bob):
    """Events of one kind that Bob caused."""
    return lambda kind: list(AuditEvent.objects.filter(kind=kind, actor=bob))


def test_access_held_or_already_requested_is_refused(ask, domain):
    with pytest.raises(RequestRefused, match="You already have"):
        ask(("domains.domain.view", domain))
    access_request = ask((DNS, domain), (DNS, domain))
    assert RequestedGrant.objects.filter(request=access_request).count() == 1
    with pytest.raises(RequestRefused, match="already asked for"):
        ask((DNS, domain))


def test_an_empty_request_is_refused_and_text_is_enough(ask, alice, bob):
    with pytest.raises(RequestRefused):
        ask(text=" ")
    access_request = ask(text="The scanner on the second floor.")
    before = PersonGrant.objects.filter(user=bob).count()
    assert approve_request(actor=alice, access_request=access_request).state == "approved"
    assert PersonGrant.objects.filter(user=bob).count() == before


def test_an_end_in_the_past_is_refused(ask, domain):
    with pytest.raises(GrantRefused):
        ask((DNS, domain), expires_at=timezone.now() - timedelta(hours=1))


# --- Answering ---


def test_approval_opens_the_portal(waiting, alice, emma, resource, alder):
    root = RequestedGrant.objects.get(request=waiting).resource
    assert not emma.has_perm(f"portals.{OPEN}", root)

    approve_request(actor=alice, access_request=waiting, answer="Welcome.")

    assert emma.has_perm(f"portals.{OPEN}", root)
    grant = PersonGrant.objects.get(user=emma, content_object=root)
    assert grant.granted_by == alice
    assert grant.reason == f"{waiting.text} — Welcome."
    given = AuditEvent.objects.filter(kind="grant.given", person=emma, customer=alder)
    assert [event.data["reason"] for event in given].count(grant.reason) == 1


def test_refusal_gives_nothing(waiting, alice, emma):
    before = PersonGrant.objects.count()
    refuse_request(actor=alice, access_request=waiting, reason="Not now.")
    assert PersonGrant.objects.count() == before
    assert not RequestedGrant.objects.get(request=waiting).given


def test_an_approval_can_be_reduced_and_have_an_end(ask, domain, alice, bob):
    access_request = ask((DNS, domain), ("domains.domain.renew", domain))
    dns, renew = RequestedGrant.objects.filter(request=access_request).order_by("pk")
    end = timezone.now() + timedelta(days=7)

    approve_request(
        actor=alice,
        access_request=access_request,
        how=Approval(privileges=frozenset({dns.pk}), until_as_asked=False, expires_at=end),
    )

    assert bob.has_perm(f"portals.{DNS}", domain)
    assert not bob.has_perm("portals.domains.domain.renew", domain)
    grant = PersonGrant.objects.get(user=bob, content_object=domain, permission=dns.privilege_id)
    assert grant.expires_at == end
    dns.refresh_from_db()
    renew.refresh_from_db()
    assert (dns.given, dns.expires_at, renew.given) == (True, end, False)


def test_an_unchanged_approval_keeps_the_requested_end(ask, domain, alice, bob):
    end = timezone.now() + timedelta(days=2)
    access_request = ask((DNS, domain), expires_at=end)
    approve_request(actor=alice, access_request=access_request)
    assert PersonGrant.objects.get(user=bob, content_object=domain, expires_at=end)


@pytest.mark.parametrize("privileges", [frozenset(), frozenset({0})])
def test_an_approval_of_nothing_or_of_another_request_is_refused(
    waiting, ask, domain, alice, emma, privileges
):
    foreign = RequestedGrant.objects.get(request=ask((DNS, domain))).pk
    chosen = privileges and frozenset({foreign})
    before = PersonGrant.objects.count()

    with pytest.raises(RequestRefused) as refusal:
        approve_request(actor=alice, access_request=waiting, how=Approval(privileges=chosen))

    assert list(refusal.value.message_dict) == ["privileges"]
    waiting.refresh_from_db()
    assert waiting.is_open
    assert PersonGrant.objects.count() == before


def test_sensitive_privileges_need_a_fresh_sign_in(ask, resource, alice, bob, give, membership):
    """The request stays open and none of its privileges is granted."""
    billing = resource("mailbox", "billing@alder.example")
    give(alice, membership(bob), "webmail.mailbox.view", billing)
    access_request = ask(("webmail.mailbox.manage", billing), ("webmail.mailbox.read", billing))
    stale = Approval(signed_in_at=timezone.now() - timedelta(minutes=6))
    for how in (None, Approval(), stale):
        with pytest.raises(FreshSignInRequired):
            approve_request(actor=alice, access_request=access_request, how=how)
    access_request.refresh_from_db()
    assert access_request.is_open
    assert not bob.has_perm("portals.webmail.mailbox.manage", billing)

    approve_request(actor=alice, access_request=access_request, how=fresh())

    assert bob.has_perm("portals.webmail.mailbox.read", billing)


def test_sensitive_privileges_need_a_reason(ask, resource, alice, bob, give, membership):
    billing = resource("mailbox", "billing@alder.example")
    give(alice, membership(bob), "webmail.mailbox.view", billing)
    access_request = ask(("webmail.mailbox.read", billing), text="")
    with pytest.raises(GrantRefused, match="Enter a reason"):
        approve_request(actor=alice, access_request=access_request, how=fresh())
    approve_request(
        actor=alice, access_request=access_request, answer="Holiday cover.", how=fresh()
    )
    grant = PersonGrant.objects.get(
        user=bob, content_object=billing, permission__codename__endswith="mailbox.read"
    )
    assert grant.reason == "Holiday cover."


def test_long_reasons_are_truncated(ask, domain, alice, bob):
    access_request = ask((DNS, domain), text="x" * 500)
    approve_request(actor=alice, access_request=access_request, answer="y" * 500)
    reason = PersonGrant.objects.get(user=bob, content_object=domain, granted_by=alice,
        permission__codename__endswith="manage_dns").reason  # fmt: skip
    assert len(reason) == 500
    assert reason.endswith("…")


def test_requested_grants_end_with_their_subscription(waiting, alice, olive, alder, emma):
    subscription = alder.subscriptions.get(portal__slug="domains")
    set_subscription_status(actor=olive, subscription=subscription, status="ended")

    assert not RequestedGrant.objects.filter(request=waiting).exists()
    approve_request(actor=alice, access_request=waiting)
    assert not PersonGrant.objects.filter(
        user=emma, content_object__subscription=subscription
    ).exists()
