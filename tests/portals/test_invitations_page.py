"""The list of pending invitations: shown, resent and revoked, one or many."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import AuditEvent, Invitation
from accounts.services.customers import suspend_customer
from accounts.services.invitations import find_invitation, invite_person, note_bounce
from portals.models import OfferedGrant

LIST = "/c/alder/people/invitations/"
ACTS = ["resend", "revoke"]
SAID = {
    "resend": "We sent 2 invitations again.",
    "revoke": "The links in 2 invitations no longer work.",
}


@pytest.fixture
def offers(alice, alder):
    return [
        invite_person(actor=alice, customer=alder, address=f"{name}@alder.example", name=name)
        for name in ("gina", "hugo", "ivan")
    ]


def url(act):
    return reverse(f"portals:invitations-{act}", args=["alder"])


def test_pending_invitations_show_every_detail(as_, alice, offers, resource, privilege_of):
    OfferedGrant.objects.create(
        invitation=offers[0],
        resource=resource("domain", "alder.example"),
        privilege=privilege_of("domains.domain.manage_dns"),
    )
    note_bounce(address="hugo@alder.example")
    Invitation.objects.filter(pk=offers[2].pk).update(expires_at=timezone.now())

    html = as_(alice).get(LIST).content.decode()

    for words in (
        "gina@alder.example", "“Change DNS records” on alder.example", "by Alice Martin",
        "Waiting", "Bounced", "Expired", "Send all again",
    ):  # fmt: skip
        assert words in html


def test_dates_are_shown_beside_the_privilege(as_, alice, alder, resource, privilege_of, deliver):
    """In the mail, on its page and in the list: since when, until when, or no longer."""
    domain, now = resource("domain", "alder.example"), timezone.now()

    def offer(made):
        for name, starts, ends in (
            ("view", now + timedelta(days=3), None),
            ("manage_dns", now - timedelta(days=3), now + timedelta(days=9)),
            ("renew", now + timedelta(days=3), now + timedelta(days=9)),
        ):
            OfferedGrant.objects.create(
                invitation=made[0],
                resource=domain,
                privilege=privilege_of(f"domains.domain.{name}"),
                starts_at=starts,
                expires_at=ends,
            )

    gina = invite_person(actor=alice, customer=alder, address="gina@alder.example", offer=offer)

    def said(days):
        return date_format(timezone.localtime(now + timedelta(days=days)), "SHORT_DATETIME_FORMAT")

    first, last = f", from {said(3)}", f", until {said(9)}"
    mail = deliver()[-1].body
    assert "- “See domain and DNS records” on alder.example (Domains)" + first + "\n" in mail
    assert "- “Change DNS records” on alder.example (Domains)" + last + "\n" in mail
    assert "- “Renew domain” on alder.example (Domains)" + first + last + "\n" in mail
    page = as_(None).get(reverse("accounts:invitation-accept", args=[gina.token]))
    for html in (page.content.decode(), as_(alice).get(LIST).content.decode()):
        assert f"“See domain and DNS records” on alder.example (Domains){first}<" in html
        assert f"“Change DNS records” on alder.example (Domains){last}<" in html
        assert f"“Renew domain” on alder.example (Domains){first}{last}<" in html

    OfferedGrant.objects.filter(starts_at__lt=now).update(expires_at=now)
    over = f"on alder.example (Domains), no longer offered, ended on {said(0)}<"
    assert over in as_(alice).get(LIST).content.decode()


@pytest.mark.parametrize("count", [1, 60])
def test_the_list_is_paged_within_a_query_budget(
    count, as_, alice, alder, resource, privilege_of, django_assert_max_num_queries
):
    made = Invitation.objects.bulk_create(
        Invitation(
            customer=alder,
            address=f"p{n}@alder.example",
            token_hash=f"{n}",
            invited_by=alice,
            expires_at=timezone.now(),
        )
        for n in range(count)
    )
    for one in made:
        OfferedGrant.objects.create(
            invitation=one,
            resource=resource("domain", "alder.example"),
            privilege=privilege_of("domains.domain.manage_dns"),
        )
    client = as_(alice)

    with django_assert_max_num_queries(14):
        page = client.get(LIST)

    rows = page.context["page"]
    assert len(rows) == min(count, 50)
    if rows.next_cursor:
        assert len(client.get(LIST, {"after": rows.next_cursor}).context["page"]) == 10


@pytest.mark.parametrize("act", ACTS)
def test_many_invitations_at_once(act, as_, alice, offers):
    chosen = {"invitation": [offers[0].uuid, offers[1].uuid]}

    said = as_(alice).post(url(act), chosen, follow=True).content.decode()

    assert SAID[act] in said
    for one in offers[:2]:
        one.refresh_from_db()
        assert (one.times_sent, bool(one.revoked_at)) == ((2, False), (1, True))[act == "revoke"]
    find_invitation(offers[2].token)


@pytest.mark.parametrize("act", ACTS)
def test_a_repeated_post_changes_nothing(act, as_, alice, offers):
    chosen = {"invitation": [offers[0].uuid]}
    as_(alice).post(url("revoke"), chosen)

    said = as_(alice).post(url(act), chosen, follow=True).content.decode()

    assert "no longer open" in said


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "odd",
    [[], ["x"], [uuid.uuid4()], ["foreign"], ["main"], ["a\x00b"]],
    ids=["none", "word", "unknown", "foreign", "the operator's", "nul"],
)
def test_a_bulk_act_is_all_or_nothing_A3(act, odd, as_, alice, charlie, birch, alder, offers):
    foreign = invite_person(actor=charlie, customer=birch, address="x@birch.example")
    main = Invitation.objects.create(
        customer=alder, address="m@alder.example", role="super_user", as_main_super_user=True,
        token_hash="m", invited_by=alice, expires_at=timezone.now(),
    )  # fmt: skip
    ids = {"foreign": foreign.uuid, "main": main.uuid}
    chosen = [ids.get(value, value) for value in odd]
    client, before = as_(alice), AuditEvent.objects.count()

    said = client.post(url(act), {"invitation": [*chosen, *([offers[0].uuid] if odd else [])]})

    assert said.status_code == 302
    html = client.get(LIST).content.decode()
    assert "notice danger" in html
    assert odd == [] or "An invitation on this page is no longer pending. Choose again." in html
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("charlie", 404), ("dana", 404)])
def test_only_super_users_of_the_company_may(act, who, status, request, as_, offers):
    client = as_(request.getfixturevalue(who))

    assert client.get(LIST).status_code == status
    assert client.post(url(act), {"invitation": [offers[0].uuid]}).status_code == status
    find_invitation(offers[0].token)


def test_a_suspended_company_can_be_read_but_not_changed(as_, alice, alder, olive, offers):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    client = as_(alice)

    html = client.get(LIST).content.decode()
    assert "gina@alder.example" in html
    assert "Send again" not in html
    assert client.post(url("revoke"), {"invitation": [offers[0].uuid]}).status_code == 403


def test_no_pending_invitations(as_, alice):
    assert "No pending invitations" in as_(alice).get(LIST).content.decode()
