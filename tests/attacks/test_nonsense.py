"""Malformed requests get a clear refusal, never a server error."""

import pytest
from django.test import Client
from django.urls import reverse

from portals.models import PersonGrant, Portal, Resource
from portals.services.credentials import issue_credentials

FORM = "application/x-www-form-urlencoded"
DAMAGED = {
    "another encoding": (b"a=1", f"{FORM}; charset=utf-16"),
    "no boundary": (b"garbage", "multipart/form-data"),
    "too many fields": (b"&".join(b"f%d=1" % n for n in range(1100)), FORM),
    "a wrong boundary": (b"garbage", "multipart/form-data; boundary=x"),
}


@pytest.mark.parametrize("name", ["account_login", "account_reset_password", "set_language"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_form_is_a_bad_request(name, damage, db):
    """With the CSRF check on: it reads the form too, and so did the page that says no."""
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("account_login"))
    token = {"X-CSRFToken": client.cookies["hub_csrf"].value}
    body, content_type = DAMAGED[damage]

    answer = client.post(reverse(name), body, content_type=content_type, headers=token)

    assert answer.status_code in (200, 302, 400)
    assert b"<h1>" in answer.content or answer.status_code == 302


@pytest.mark.parametrize("text", ["\0", "%", "\ufffd", "9" * 5000, "-1", "\r\nX: y", "a" * 3000])
def test_invalid_queries_of_a_super_user_are_answered(text, as_, alice, bob):
    client = as_(alice)
    person = reverse("portals:person", args=["alder", bob.sub])

    for page, names in {
        person: ("q", "show", "type", "after", "single", "open"),
        reverse("portals:resource-list", args=["alder"]): ("q", "portal", "after"),
        reverse("portals:people", args=["alder"]): ("q",),
        reverse("preferences:centre"): ("done", "topic"),
        reverse("api-schema"): ("version", "lang", "format"),
    }.items():
        for name in names:
            assert client.get(page, {name: text}).status_code in (200, 400, 404, 406), name


@pytest.mark.parametrize("resource", ["x", "http://a/#f", "http://[::1", ["http://a", "y"], "\0"])
def test_a_bad_resource_indicator_gets_no_token(resource, client, db):
    issued = issue_credentials(actor=None, portal=Portal.objects.get(slug="domains"))
    data = {"grant_type": "client_credentials", "resource": resource, **issued._asdict()}

    answer = client.post(reverse("idp:oidc:token"), data)

    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_target", "invalid_request")


@pytest.mark.parametrize("number", ["9" * 19, "9" * 40, "9" * 5000, "-1", "\0"])
def test_a_number_beyond_the_database_is_refused(number, as_, alice, bob):
    domain = Resource.objects.get(resource_type__code="domain", external_id="alder.example")
    client = as_(alice)
    give = reverse("portals:give-access", args=["alder"])
    good = {
        "to": f"person:{bob.memberships.get().pk}",
        "resource": f"resource:{domain.pk}",
        "privilege": domain.resource_type.privileges.first().pk,
        "ends": "never",
    }
    before = PersonGrant.objects.count()

    for name, value in (
        ("to", f"person:{number}"),
        ("resource", f"resource:{number}"),
        ("resource", f"resource:{domain.pk}.{number}"),
        ("privilege", number),
    ):
        assert client.post(give, {**good, name: value}).status_code == 200
    hand_over = {"to": number, "confirmation_name": "Alder Dental"}
    address = reverse("accounts:hand-over-offer", args=["alder"])
    assert client.post(address, hand_over).status_code == 200
    if number.isdigit() and len(number) < 1000:
        remove = reverse("portals:access-remove", args=["alder", f"p{number}"])
        assert "Someone changed" in client.post(remove, follow=True).content.decode()
    assert PersonGrant.objects.count() == before
