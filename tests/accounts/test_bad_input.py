"""Every form refuses bad input clearly and changes nothing."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Customer, Invitation, Membership, Team, TeamMembership, User
from accounts.services.customers import company_values, create_customer
from accounts.services.invitations import invite_person
from accounts.services.memberships import work_details
from accounts.services.people import profile_values
from accounts.services.versions import version_of
from portals.models import Portal, Subscription
from tests.edits import edit

CONTROL = ["a\x07b", "a\x1b[31m", "line\nbreak", "a\x7f", "a\u2028b"]
HIDDEN = ["\u202eevil", "a\u2066b", "zero\u200bwidth", "\ufeffbom"]
NUL = ["a\x00b"]
WELCOME = [
    "山田太郎", "Zoë", "محمد", "स्मृति", "Ω-Werk", "O’Brien & Søn", "<script>alert(1)</script>",
    "'; DROP TABLE x; --", "{{ 7*7 }}", "%(actor)s %s", "joined\u200dup",
]  # fmt: skip


def snapshot():
    """Everything that must not change, as the database has it."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (
            User,
            Customer,
            Membership,
            Team,
            TeamMembership,
            Invitation,
            Subscription,
            AuditEvent,
        )
    ]


def _form(name, /, *args, **fields):
    return reverse(name, args=args), fields


@pytest.fixture
def forms(bob, emma, alice, olive, alder, join, membership):
    """name → (who, address, good data, longest text of each free field)."""
    gina = join("gina", role="super_user")
    team = alder.teams.get()
    offer = invite_person(actor=alice, customer=alder, address="hugo@alder.example")
    create_customer(actor=olive, slug="elm", name="Elm Street Gym")
    webmail = Portal.objects.get(slug="webmail").pk
    a = "accounts:"
    return {
        "profile": (
            bob,
            *_form(a + "profile", name="Bob", language="en",
                   version=version_of(profile_values(bob))),
            {"name": 150},
        ),
        "details": (
            alice,
            *_form(a + "person-details", "alder", bob.sub, work_name="B", work_phone="555",
                   version=version_of(work_details(membership(bob)))),
            {"work_name": 150, "work_phone": 40},
        ),
        "company": (
            alice,
            *_form(a + "company", "alder", name="Alder", language="en", phone="", street="",
                   city="", region="", postal_code="", country="",
                   version=version_of(company_values(alder))),
            {"name": 150, "phone": 40, "street": 200, "city": 100, "region": 100,
             "postal_code": 20, "country": 100},
        ),
        "hand over": (
            alice,
            *_form(a + "hand-over-offer", "alder", to=membership(gina).pk,
                   confirmation_name="Alder Dental"),
            {"confirmation_name": 150},
        ),
        "role": (alice, *_form(a + "person-role", "alder", bob.sub, role="super_user"), {}),
        "new team": (alice, *_form(a + "teams", "alder", name="Back office"), {"name": 100}),
        "rename team": (
            alice,
            *_form(a + "team-rename", "alder", team.uuid, name="Back office",
                   version=version_of({"name": team.name})),
            {"name": 100},
        ),
        "delete team": (alice, *_form("portals:team-delete", "alder", team.uuid), {}),
        "into team": (
            alice, *_form(a + "team-member-add", "alder", team.uuid, person=bob.sub), {}
        ),
        "out of team": (
            alice, *_form(a + "team-member-remove", "alder", team.uuid, emma.sub), {}
        ),
        "team of": (alice, *_form(a + "person-team-add", "alder", bob.sub, team=team.uuid), {}),
        "suspend": (alice, *_form(a + "person-suspend", "alder", bob.sub), {}),
        "restore": (alice, *_form(a + "person-restore", "alder", bob.sub), {}),
        "remove": (alice, *_form(a + "person-remove", "alder", bob.sub), {}),
        "resend": (alice, *_form("portals:invitations-resend", "alder", invitation=offer.uuid), {}),
        "right address": (
            alice,
            *_form("portals:invitation-address", "alder", offer.uuid, address="iva@alder.example"),
            {"address": 254},
        ),
        "revoke": (alice, *_form("portals:invitations-revoke", "alder", invitation=offer.uuid), {}),
        "accept": (
            None,
            *_form(a + "invitation-accept", offer.token, name="Hugo", password="two long words"),
            {"name": 150},
        ),
        "case": ("dana", *_form(a + "desk-open-case", bob.sub, ticket="T", reason="R"),
                 {"ticket": 60, "reason": 500}),
        "new customer": (
            "olive",
            *_form("portals:provider-customer-create", name="Dogwood", slug="dogwood",
                   language="en", address="iris@dogwood.example", person="Iris"),
            {"name": 150, "slug": 50, "address": 254, "person": 150},
        ),
        "invite main": (
            "olive",
            *_form("portals:provider-invite", "elm", address="iris@elm.example", name="Iris"),
            {"address": 254, "name": 150},
        ),
        "subscribe": ("olive", *_form("portals:provider-subscribe", "elm", portal=webmail), {}),
        "suspend customer": (
            "olive",
            *_form("portals:provider-customer-suspend", "birch", reason="R"),
            {"reason": 500},
        ),
        "subscription": (
            "olive",
            *_form("portals:provider-subscription", "alder", "webmail", status="suspended"),
            {},
        ),
    }  # fmt: skip


NAMES = [
    "profile", "details", "company", "hand over", "role", "new team", "rename team",
    "delete team", "into team", "out of team", "team of", "suspend", "restore", "remove", "resend",
    "right address", "revoke", "accept", "case", "new customer", "invite main",
    "subscribe", "suspend customer", "subscription",
]  # fmt: skip


@pytest.fixture
def send(forms, as_, dana, olive):
    """Send a form with some fields changed; nothing may have changed afterwards."""
    staff = {"dana": dana, "olive": olive}

    def refused(name, /, **odd):
        who, url, good, _longest = forms[name]
        client = as_(staff.get(who, who) if isinstance(who, str) else who)
        before = snapshot()

        answer = client.post(url, good | odd)
        shown = client.get(answer["Location"]) if answer.status_code == 302 else answer

        assert snapshot() == before, f"{name}: {odd} changed something"
        assert answer.status_code in (200, 302, 400), f"{name}: {answer.status_code}"
        html = shown.content.decode()
        assert "errorlist" in html or "notice danger" in html, f"{name}: {odd} got no word"

    return refused


def test_every_form_is_covered(forms):
    assert list(forms) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields(name, send):
    for field in ("is_staff", "customer", "x" * 200, "role__in", "é"):
        send(name, **{field: "1"})


@pytest.mark.parametrize("name", NAMES)
def test_control_hidden_and_over_long_text(name, forms, send):
    for field, longest in forms[name][3].items():
        for value in [*CONTROL, *HIDDEN, *NUL, "x" * (longest + 1), "x" * 20000]:
            send(name, **{field: value})


@pytest.mark.parametrize("name", NAMES)
def test_a_repeated_field_is_refused(name, forms, send):
    for field in list(forms[name][2])[:1]:
        send(name, **{field: ["first", "second"]})


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("profile", "language", "de"), ("profile", "language", ""), ("profile", "name", ""),
        ("profile", "name", "   "), ("details", "work_name", ""), ("company", "name", ""),
        ("company", "language", "xx"), ("role", "role", "owner"), ("role", "role", ""),
        ("role", "role", "user"), ("hand over", "to", ""), ("hand over", "to", "abc"),
        ("hand over", "to", "9" * 30), ("hand over", "to", "-1"), ("accept", "password", "short"),
        ("accept", "password", ""), ("accept", "password", "x" * 5000), ("accept", "name", ""),
        ("new customer", "slug", "Alder"), ("new customer", "slug", "alder"),
        ("new customer", "address", "nobody"), ("new customer", "portals", "x"),
        ("new customer", "portals", "9" * 30), ("new customer", "portals", "a\x00b"),
        ("new customer", "portals", ["webmail", "x"]), ("subscribe", "portal", "9" * 30),
        ("subscribe", "portal", "a\x00b"), ("subscribe", "portal", ""),
        ("invite main", "address", "nobody"), ("subscription", "status", "gone"),
        ("subscription", "status", "active"), ("suspend customer", "reason", ""),
    ],
)  # fmt: skip
def test_wrong_values(name, field, value, send):
    send(name, **{field: value})


@pytest.mark.parametrize("name", WELCOME)
def test_unusual_names_are_accepted_and_escaped_H2(name, as_, bob, alice, membership):
    edit(as_(bob), "/profile/", {"name": name, "language": "en"})
    data = {"work_name": name, "work_phone": ""}
    edit(as_(alice), reverse("accounts:person-details", args=["alder", bob.sub]), data)

    bob.refresh_from_db()
    assert bob.name == membership(bob).work_name == name
    for address in ("/c/alder/people/", "/c/alder/activity/", f"/c/alder/people/{bob.sub}/"):
        html = as_(alice).get(address).content.decode()
        assert "<script>alert" not in html
        assert "49" not in html or "{{ 7*7 }}" not in name or "{{ 7*7 }}" in html


@pytest.mark.parametrize("search", [*CONTROL, *NUL, *HIDDEN, "x" * 255, "x" * 20000])
@pytest.mark.parametrize("where", ["portals:people", "accounts:desk", "accounts:provider"])
def test_invalid_searches_find_nobody(search, where, as_, alice, olive):
    who = alice if where == "portals:people" else olive
    args = ["alder"] if where == "portals:people" else []

    answer = as_(who).get(reverse(where, args=args), {"q": search})

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not answer.context["page"]


@pytest.mark.parametrize("search", [*WELCOME, "%", "_", "\\", "a" * 254, "\U0010ffff"])
def test_valid_searches_are_answered(search, as_, alice, olive):
    for who, address in ((alice, "/c/alder/people/"), (olive, "/desk/"), (olive, "/provider/")):
        assert as_(who).get(address, {"q": search}).status_code == 200


@pytest.mark.parametrize("slug", ["ALDER", "alder%00", "../birch", "nobody", "x" * 300])
def test_invalid_company_slugs_are_not_found(slug, as_, alice):
    assert as_(alice).get(f"/c/{slug}/people/").status_code == 404


@pytest.mark.parametrize("sub", ["0", "x", "00000000-0000-0000-0000-000000000000", "1" * 36])
def test_invalid_person_ids_are_not_found(sub, as_, alice, dana):
    assert as_(alice).post(f"/c/alder/people/{sub}/suspend/").status_code == 404
    assert as_(dana).get(f"/desk/{sub}/").status_code == 404


@pytest.mark.parametrize("body", [b"\xff\xfe", b"name=%ff%fe", b"a" * 100000, b"{}", b""])
def test_a_body_that_is_not_a_form_is_refused(body, as_, bob):
    client, before = as_(bob), snapshot()

    for kind in ("application/x-www-form-urlencoded", "application/json", "text/plain"):
        assert client.post("/profile/", body, content_type=kind).status_code in (200, 400)

    assert snapshot() == before
