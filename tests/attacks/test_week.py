"""Attacks on a Super User's pages: hints, redirects, floods, sessions from before a demotion."""

import re
import uuid

import pytest
from django.urls import reverse

from accounts.models import Membership
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.memberships import change_role
from portals.models import Portal, Privilege, Resource
from portals.services.presets import create_preset

ODD = ["a\x00b", "9" * 400, "\u202e", "-1", "١", "[]", "%00", "\U0001f980" * 99]
NAMES = ("q", "after", "sort", "team", "portal", "role", "state", "factor", "away", "who",
         "person", "resource", "group", "since", "until", "kind", "type", "privilege",
         "return", "to", "show")  # fmt: skip
PAGES = ["people", "activity", "reviews", "requests", "requests/new", "presets", "invite"]


def _without_token(answer):
    """The page but for what differs each time: tokens, and its own address."""
    content = answer.content.replace(answer.request["PATH_INFO"].encode(), b"")
    return re.sub(rb'csrf[^>]*value="[^"]*"|X-CSRFToken[^>]*|nonce="[^"]*"', b"", content)


@pytest.mark.parametrize("page", [*(f"/c/alder/{name}/" for name in PAGES), "/ask/"])
def test_invalid_urls_are_answered(page, as_, alice):
    client = as_(alice)
    for odd in ODD:
        assert client.get(page, dict.fromkeys(NAMES, odd)).status_code < 500
    for name in NAMES:
        answer = client.get(page, {"portal": "domains", "type": "domain", name: ODD[0]})
        assert answer.status_code < 500, name


@pytest.fixture
def gina(alice, alder):
    """A second Super User of Alder."""
    invitation = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", role="super_user"
    )
    return accept_invitation(
        actor=None, token=invitation.token, name="Gina", password="three unrelated words"
    ).user


def test_an_id_of_another_company_is_answered_like_a_missing_one(
    as_, alice, charlie, alder, birch, frank
):
    """Presets, reviews, people and resources of Birch, requested below Alder's URL."""
    privilege = Privilege.objects.get(portal__slug="domains", codename="domain.renew")
    preset = create_preset(actor=charlie, customer=birch, name="B", lines=[(privilege, True)])
    member = charlie.memberships.get()
    resource = Resource.objects.filter(subscription__customer=birch).last()
    client = as_(alice)
    made_up = 10**12
    bob = Membership.objects.filter(customer=alder, role="user").first()
    pairs = [
        (reverse("portals:preset", args=["alder", preset.uuid]),
         reverse("portals:preset", args=["alder", uuid.uuid4()])),
        (reverse("portals:offboarding", args=["alder", charlie.sub]),
         reverse("portals:offboarding", args=["alder", uuid.uuid4()])),
        (reverse("portals:copy-access", args=["alder", charlie.sub]),
         reverse("portals:copy-access", args=["alder", uuid.uuid4()])),
    ]  # fmt: skip
    for foreign, nothing in pairs:
        for ask in (client.get, client.post):
            answers = [ask(foreign), ask(nothing)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert _without_token(answers[0]) == _without_token(answers[1])
    give = reverse("portals:give-access", args=["alder"])
    for foreign_keys, made_up_keys in (
        ({"resource": f"resource:{resource.pk}"}, {"resource": f"resource:{made_up}"}),
        ({"to": f"person:{member.pk}"}, {"to": f"person:{made_up}"}),
    ):
        said = [
            client.post(give, {"to": f"person:{bob.pk}", "privilege": privilege.pk, **keys})
            .context["form"]
            .errors.as_json()
            for keys in (foreign_keys, made_up_keys)
        ]
        assert said[0] == said[1]
    same = reverse("portals:copy-access", args=["alder", bob.user.sub])
    said = [
        client.post(same, {"colleague": who, "how": "add"}).context["form"].errors.as_json()
        for who in (charlie.sub, frank.sub, uuid.uuid4())
    ]
    assert said[0] == said[1] == said[2]
    selected = reverse("portals:people-bulk-action", args=["alder", "suspend"])
    pages = []
    for who in (charlie.sub, uuid.uuid4()):
        answer = client.post(selected, {"person": [bob.user.sub, who]}, follow=True)
        pages.append(_without_token(answer))
    assert pages[0] == pages[1]
    bob.refresh_from_db()
    assert bob.suspended_at is None


def test_a_session_from_before_a_demotion_has_no_power(as_, alice, gina, bob, membership, alder):
    client = as_(gina)
    person = membership(bob)
    assert client.get(reverse("portals:presets", args=["alder"])).status_code == 200
    change_role(actor=alice, membership=membership(gina), role="user")

    for name, args, data in (
        ("portals:give-access", [], {"to": f"person:{person.pk}", "resource": "resource:1"}),
        ("portals:access-change", ["p1"], {"privilege": "1"}),
        ("portals:access-remove", ["p1"], {}),
        ("portals:offboarding", [bob.sub], {"moment": "now", "step": "confirm"}),
        ("portals:invite", [], {"act": "send", "role": "user", "rows": '[["x@x.example"]]'}),
        ("portals:people-bulk-action", ["suspend"], {"person": bob.sub}),
        ("portals:review-begin", [], {}),
        ("accounts:activity-export", ["csv"], {}),
        ("accounts:undo", [1], {}),
    ):
        answer = client.post(reverse(name, args=["alder", *args]), data)
        assert answer.status_code == 403, name
    assert membership(bob).is_live


@pytest.mark.parametrize(
    "told",
    ["https://evil.example/", "//evil.example", "http://testserver@evil.example/",
     "https:evil.example", "/\\evil.example", "javascript:alert(1)", "\thttps://evil.example"],
)  # fmt: skip
def test_return_links_stay_on_this_host(told, as_, alice):
    client = as_(alice)
    answer = client.get(
        "/ask/", {"portal": "domains", "type": "domain", "return": told}, follow=True
    )
    assert b'href="' + told.encode() not in answer.content
    home = Portal.objects.get(slug="domains").home_url
    near = home.replace("://", "://evil.example\\@")
    answer = client.get("/ask/", {"portal": "domains", "return": near}, follow=True)
    assert b'href="' + near.encode() not in answer.content
