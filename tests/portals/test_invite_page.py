"""Inviting a person with first rights inside."""

import pytest
from django.urls import reverse

from accounts.models import Invitation, Membership
from accounts.services.invitations import accept_invitation
from portals.models import OfferedGrant

DNS = "domains.domain.manage_dns"


@pytest.fixture
def page(alder):
    return reverse("portals:invite", args=[alder.slug])


def value(resource, privilege):
    return f"{resource.pk}:{privilege.pk}"


def test_rights_ticked_inside_count_from_the_acceptance_on(as_, alice, page, thing, right, deliver):
    domain = thing("domain", "alder.example")
    client = as_(alice)
    added = client.post(page, {"add": "1", "new_resource": domain.pk, "address": "gina@alder.ex"})
    assert "Change its DNS records" in added.content.decode()
    assert "gina@alder.ex" in added.content.decode()
    assert not Invitation.objects.filter(address__startswith="gina").exists()

    response = client.post(
        page,
        {
            "address": "Gina@Alder.example",
            "name": "Gina Côté",
            "role": "user",
            "resource": domain.pk,
            "rights": value(domain, right(DNS)),
        },
    )
    assert response.status_code == 302
    invitation = Invitation.objects.get(address="gina@alder.example")
    assert OfferedGrant.objects.filter(invitation=invitation).count() == 1

    message = [mail for mail in deliver() if mail.to == ["gina@alder.example"]][-1]
    link = next(word for word in message.body.split() if "/invitations/" in word)
    token = link.rstrip("/").rsplit("/", 1)[1]
    gina = accept_invitation(
        actor=None, token=token, name="Gina Côté", password="a long passphrase 1"
    ).user

    assert gina.has_perm(f"portals.{DNS}", domain)
    assert not gina.has_perm("portals.domains.domain.renew", domain)


def test_an_offer_is_all_or_nothing(as_, alice, page, thing, right):
    """A foreign thing among the rights refuses the whole invitation."""
    own, foreign = thing("domain", "alder.example"), thing("domain", "birch.example")
    as_(alice).post(
        page,
        {
            "address": "gina@alder.example",
            "role": "user",
            "resource": [own.pk, foreign.pk],
            "rights": [value(own, right(DNS)), value(foreign, right(DNS))],
        },
    )
    assert not Invitation.objects.filter(address="gina@alder.example").exists()


def test_a_sensitive_offer_wants_reason_and_fresh_sign_in(as_, alice, page, thing, right):
    mailbox = thing("mailbox", "billing@alder.example")
    post = {
        "address": "gina@alder.example",
        "role": "user",
        "resource": mailbox.pk,
        "rights": value(mailbox, right("webmail.mailbox.read")),
    }
    assert as_(alice).post(page, post).status_code == 200
    response = as_(alice).post(page, {**post, "reason": "new colleague"})
    assert reverse("account_reauthenticate") in response["Location"]
    assert not Invitation.objects.filter(address="gina@alder.example").exists()


@pytest.mark.parametrize("who", ["bob", "dana"])
def test_others_cannot_invite(who, request, as_, page):
    client = as_(request.getfixturevalue(who))
    expected = 403 if who == "bob" else 404
    assert client.get(page).status_code == expected
    assert client.post(page, {"address": "x@y.example", "role": "user"}).status_code == expected


def test_a_super_user_of_another_customer_finds_nothing(as_, charlie, page):
    assert as_(charlie).post(page, {"address": "x@y.example", "role": "user"}).status_code == 404


@pytest.mark.parametrize(
    "values",
    [
        {"address": ""},
        {"address": "no-at-sign"},
        {"address": "bob@alder.example"},
        {"address": "x" * 250 + "@alder.example"},
        {"address": "new@alder.example\nBcc: all@alder.example"},
        {"name": "a\x00b"},
        {"name": "x" * 151},
        {"role": "owner"},
        {"rights": "1:2"},
        {"rights": "x"},
        {"expires_at": "2001-01-01T00:00"},
    ],
)
def test_bad_input_invites_nobody(as_, alice, page, values):
    before = (Invitation.objects.count(), Membership.objects.count())
    response = as_(alice).post(page, {"address": "new@alder.example", "role": "user", **values})

    assert response.status_code == 200
    assert (Invitation.objects.count(), Membership.objects.count()) == before


def test_names_of_any_script_are_welcome(as_, alice, page):
    response = as_(alice).post(
        page, {"address": "mei@alder.example", "name": "王 小美 ‍🙂", "role": "user"}
    )
    assert response.status_code == 302
