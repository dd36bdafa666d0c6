"""Accepting an invitation in the browser."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Invitation, Membership, User
from accounts.services.invitations import invite_person, revoke_invitation
from accounts.services.memberships import change_role
from tests.accounts.conftest import PASSWORD

NEW = {"name": "Gina Côté", "password": PASSWORD}


@pytest.fixture
def offer(alice, alder):
    return invite_person(actor=alice, customer=alder, address="gina@alder.example", name="Gina")


def page(token):
    return reverse("accounts:invitation-accept", args=[token])


def test_the_link_shows_inviter_company_and_address(offer, as_):
    html = as_(None).get(page(offer.token)).content.decode()

    for word in ("Alder Dental", "Alice Martin", "gina@alder.example", 'value="Gina"'):
        assert word in html


def test_opening_changes_nothing(offer, as_, events):
    before = events()

    for method in ("get", "head"):
        assert getattr(as_(None), method)(page(offer.token)).status_code == 200

    assert events() == before
    assert Invitation.objects.open().filter(pk=offer.pk).exists()


def test_accepting_takes_two_steps_and_signs_in(offer, as_):
    client = as_(None)
    client.get(page(offer.token))
    anonymous = client.session.session_key

    answer = client.post(page(offer.token), NEW)

    assert answer["Location"] == reverse("home")
    gina = User.objects.get(email="gina@alder.example")
    assert client.get("/").wsgi_request.user == gina
    assert client.session.session_key != anonymous, "F2"
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"


def test_the_password_opens_the_sign_in_page(offer, as_):
    as_(None).post(page(offer.token), NEW)

    client = as_(None)
    client.post(reverse("account_login"), {"login": offer.address, "password": PASSWORD})

    assert client.get("/profile/").status_code == 200


def test_errors_are_shown_beside_their_field(offer, as_):
    answer = as_(None).post(page(offer.token), {"name": "Gina", "password": "short"})

    assert answer.status_code == 200
    assert answer.context["form"].errors["password"]
    assert PASSWORD not in answer.content.decode()
    assert not User.objects.filter(email=offer.address).exists()


def test_an_existing_account_signs_in_first_and_returns(alice, alder, charlie, as_):
    offer = invite_person(actor=alice, customer=alder, address=charlie.email)
    client = as_(None)
    answer = client.get(page(offer.token))
    link = f"{reverse('account_login')}?next={page(offer.token)}"
    assert link in answer.content.decode()
    assert client.post(page(offer.token), NEW).status_code == 403

    back = client.post(link, {"login": charlie.email, "password": "harbour-example-2026"})
    assert back["Location"] == page(offer.token)
    client.post(page(offer.token))

    assert Membership.objects.live().filter(user=charlie, customer=alder).exists()


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "olive"])
def test_another_signed_in_person_is_told_and_changes_nothing_D4(who, request, offer, as_, events):
    client = as_(request.getfixturevalue(who))
    shown = client.get(page(offer.token)).content.decode()
    before = events()

    for data in ({}, NEW):
        assert client.post(page(offer.token), data).status_code == 403

    assert "is for another address" in shown
    assert reverse("account_logout") in shown
    assert events() == before
    assert Invitation.objects.open().filter(pk=offer.pk).exists()


def test_signing_out_returns_to_the_invitation(offer, bob, as_):
    client = as_(bob)

    answer = client.post(reverse("account_logout"), {"next": page(offer.token)})

    assert answer["Location"] == page(offer.token)


def test_every_dead_link_gets_the_same_page_D1_D3_D6(alice, alder, join, membership, as_):
    hugo = join("hugo", role="super_user")
    tokens = {"unknown": "x" * 43, "odd": "é\u202e%00;--", "long": "x" * 4000}
    for name, actor in {"used": alice, "old": alice, "withdrawn": alice, "demoted": hugo}.items():
        offer = invite_person(actor=actor, customer=alder, address=f"{name}@alder.example")
        tokens[name] = offer.token
        if name == "used":
            as_(None).post(page(offer.token), NEW)
        elif name == "old":
            Invitation.objects.filter(pk=offer.pk).update(expires_at=offer.created_at)
        elif name == "withdrawn":
            revoke_invitation(actor=alice, invitation=offer)
    change_role(actor=alice, membership=membership(hugo), role="user")

    answers = set()
    for token in tokens.values():
        shown, posted = as_(None).get(page(token)), as_(None).post(page(token), NEW)
        for answer in (shown, posted):
            html = answer.content.decode().replace(page(token), "").replace(token, "")
            answers.add((answer.status_code, len(html) - len(_csrf(html))))
    assert {status for status, _length in answers} == {410}
    assert not User.objects.filter(name=NEW["name"]).exclude(email="used@alder.example").exists()


def _csrf(html):
    return html.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]


def test_the_token_is_never_sent_as_a_referrer(offer, as_):
    for token in (offer.token, "unknown"):
        answer = as_(None).get(page(token))
        assert answer["Referrer-Policy"] == "strict-origin"
        assert "no-store" in answer["Cache-Control"]


def test_a_forged_post_is_refused(offer, db):
    client = Client(enforce_csrf_checks=True)
    client.get(page(offer.token))

    assert client.post(page(offer.token), NEW).status_code == 403
    assert not User.objects.filter(email=offer.address).exists()


def test_the_page_shows_the_offered_access(alice, alder, as_):
    from portals.models import OfferedGrant, Privilege, Resource

    domain = Resource.objects.get(resource_type__code="domain", external_id="alder.example")
    privilege = Privilege.objects.get(codename="domain.view")

    def first_grant(made):
        [invitation] = made
        OfferedGrant.objects.create(invitation=invitation, resource=domain, privilege=privilege)

    offer = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", offer=first_grant
    )

    html = as_(None).get(page(offer.token)).content.decode()
    assert "alder.example" in html.replace("gina@alder.example", "")
    assert str(privilege) in html
