"""The page of one person: seen, granted, revoked, refused."""

import pytest
from django.urls import reverse
from django.utils import timezone

from portals.models import PersonGrant

DNS = "domains.domain.manage_dns"


@pytest.fixture
def page(alder, emma):
    return reverse("portals:person", args=[alder.slug, emma.sub])


@pytest.fixture
def give_page(alder, emma):
    return reverse("portals:grant-give", args=[alder.slug, emma.sub])


@pytest.fixture
def domain(thing):
    return thing("domain", "alder.example")


def test_a_super_user_sees_every_right_with_its_origin(
    as_, alice, emma, membership, page, give, thing
):
    give(alice, membership(emma), "webmail.mailbox.view", thing("mail_domain", "alder.example"))
    html = as_(alice).get(page).content.decode()

    assert "emma@alder.example" in html
    assert "through alder.example" in html
    assert "given directly" in html


def test_giving_and_revoking_by_plain_forms(as_, alice, emma, page, give_page, domain, right):
    client = as_(alice)
    chosen = client.get(page, {"resource": domain.pk}).content.decode()
    assert "Change its DNS records" in chosen

    response = client.post(
        give_page, {"resource": domain.pk, "privilege": right(DNS).pk, "reason": ""}
    )
    assert response.status_code == 302
    assert emma.has_perm(f"portals.{DNS}", domain)

    grant = PersonGrant.objects.get(user=emma, permission_id=right(DNS).pk, content_object=domain)
    response = client.post(
        reverse("portals:grant-revoke", args=["alder", emma.sub, grant.pk]), follow=True
    )
    assert response.status_code == 200
    assert not emma.has_perm(f"portals.{DNS}", domain)


def test_htmx_gets_the_form_alone(as_, alice, page, domain):
    response = as_(alice).get(page, {"resource": domain.pk}, headers={"HX-Request": "true"})
    html = response.content.decode()

    assert "<html" not in html
    assert 'id="grant-form"' in html
    assert "HX-Request" in response["Vary"]


def test_a_sensitive_right_sends_to_a_fresh_sign_in(as_, alice, emma, give_page, thing, right):
    """F4: a stale session is asked to prove itself first; nothing is given."""
    mailbox = thing("mailbox", "billing@alder.example")
    response = as_(alice).post(
        give_page,
        {
            "resource": mailbox.pk,
            "privilege": right("webmail.mailbox.read").pk,
            "reason": "holiday cover",
        },
    )
    assert response.status_code == 302
    assert reverse("account_reauthenticate") in response["Location"]
    assert not emma.has_perm("portals.webmail.mailbox.read", mailbox)


def test_after_a_fresh_sign_in_it_goes_through(as_, alice, emma, give_page, thing, right):
    mailbox = thing("mailbox", "billing@alder.example")
    client = as_(alice)
    post = {
        "resource": mailbox.pk,
        "privilege": right("webmail.mailbox.read").pk,
        "reason": "holiday cover",
    }
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp()}
    ]
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()

    assert client.post(give_page, post).status_code == 302
    assert emma.has_perm("portals.webmail.mailbox.read", mailbox)


def test_people_see_their_own_page_and_cannot_act_there(as_, emma, page, give_page, domain, right):
    client = as_(emma)
    html = client.get(page).content.decode()
    assert "Give a right" not in html
    assert "Revoke" not in html

    response = client.post(give_page, {"resource": domain.pk, "privilege": right(DNS).pk})
    assert response.status_code == 403
    assert not emma.has_perm(f"portals.{DNS}", domain)


def test_colleagues_are_refused_and_strangers_find_nothing(as_, bob, charlie, dana, page):
    assert as_(bob).get(page).status_code == 403
    assert as_(charlie).get(page).status_code == 404
    assert as_(dana).get(page).status_code == 404
    assert as_(None).get(page).status_code == 302


def test_foreign_ids_on_the_own_page_are_nothing(
    as_, alice, emma, charlie, give_page, thing, right
):
    """A4, B1: another customer's resource, or person, named in one's own page."""
    foreign = thing("domain", "birch.example")
    as_(alice).post(give_page, {"resource": foreign.pk, "privilege": right(DNS).pk})
    assert not emma.has_perm(f"portals.{DNS}", foreign)

    other = reverse("portals:grant-give", args=["alder", charlie.sub])
    own = thing("domain", "alder.example")
    response = as_(alice).post(other, {"resource": own.pk, "privilege": right(DNS).pk})
    assert response.status_code == 404


def test_anothers_grant_cannot_be_revoked_by_its_number(
    as_, alice, charlie, bob, membership, give, thing, birch
):
    """Rule 35: child ids are owner-checked too."""
    grant = give(alice, membership(bob), DNS, thing("domain", "alder.example"))
    path = reverse("portals:grant-revoke", args=["birch", charlie.sub, grant.pk])

    assert as_(charlie).post(path).status_code == 404
    assert PersonGrant.objects.filter(pk=grant.pk).exists()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"resource": "x"},
        {"resource": "9" * 30},
        {"resource": "own", "privilege": "0"},
        {"resource": "own", "privilege": "not a number"},
        {"resource": "own", "privilege": "own", "expires_at": "yesterday"},
        {"resource": "own", "privilege": "own", "expires_at": "2020-01-01T00:00"},
        {"resource": "own", "privilege": "own", "reason": "x" * 501},
        {"resource": "own", "privilege": "own", "reason": "null\x00byte"},
        {"resource": "own", "privilege": "own", "reason": "turned \u202e around"},
    ],
)
def test_bad_input_changes_nothing(as_, alice, emma, give_page, domain, right, values):
    before = PersonGrant.objects.count()
    filled = {
        name: {"resource": domain.pk, "privilege": right(DNS).pk}[name] if value == "own" else value
        for name, value in values.items()
    }
    response = as_(alice).post(give_page, filled)

    assert response.status_code in (200, 302)
    assert PersonGrant.objects.count() == before
    assert not emma.has_perm(f"portals.{DNS}", domain)


def test_the_page_costs_the_same_however_many_rights(
    as_, alice, membership, emma, page, give, thing, django_assert_max_num_queries
):
    client = as_(alice)
    client.get(page)
    with django_assert_max_num_queries(24):
        client.get(page)
