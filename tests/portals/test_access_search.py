"""POST /access/v1/search/…: who may do what, in pages, as the checks answer."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.services.memberships import suspend_membership
from portals.api.evaluation import BODY_LIMIT, PATH
from portals.api.search import ACTION, RESOURCE, SUBJECT
from portals.api.search.pages import DEFAULT_LIMIT, MAX_LIMIT
from portals.decision.prepared import PreparedStatement
from portals.models import PersonGrant, Privilege, PrivilegeUse, Resource, TeamGrant
from portals.services.resources import Report, delete_resource, sync_resources
from portals.services.uses import UseRecorder
from tests.portals.test_evaluation import (
    call,
    in_own_connection,
    keep_token,
    nowhere,
    portals,
    token,
)

__all__ = ["portals", "token"]  # fixtures

SEARCHES = {"resource": RESOURCE, "subject": SUBJECT, "action": ACTION}


def user(person):
    return {"type": "user", "id": str(person.sub)}


DOMAIN = {"type": "domain"}
ALDER = {"type": "domain", "id": "alder.example"}
USER = {"type": "user"}


def action(name):
    return {"name": name}


@pytest.fixture
def search(token):
    """Search by one of the three kinds; return the whole response."""

    def send(kind, body, *, token=token, **environ):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if token is not None:
            environ.setdefault("HTTP_AUTHORIZATION", f"Bearer {token}")
        return call("front", path=SEARCHES[kind].path, body=body, **environ)

    return send


@pytest.fixture
def found(search):
    """Search page by page; return the ids or names of all pages."""

    def walk(kind, body, **options):
        names, page = [], body.get("page", {})
        while True:
            response = search(kind, {**body, "page": page}, **options)
            assert response.status == 200, response.body
            names += [row.get("id") or row["name"] for row in response.json["results"]]
            if not response.json["page"]["next_token"]:
                return names
            page = {"token": response.json["page"]["next_token"]}

    return walk


def everything_about(person):
    """The three searches about a person and alder.example."""
    return {
        "resource": {"subject": user(person), "resource": DOMAIN, "action": action("view")},
        "subject": {"subject": USER, "resource": ALDER, "action": action("view")},
        "action": {"subject": user(person), "resource": ALDER},
    }


@pytest.fixture
def domains(portals):
    """Report more of Alder's domains."""

    def report(*names):
        sync_resources(
            actor=portals["domains"],
            customer="alder",
            type_code="domain",
            reports=[Report(name, name) for name in names],
        )

    return report


# --- Answers ---


def test_each_search_answers_in_the_shape_of_the_specification(search, bob, alice):
    """openid/authzen, certification 4.2.1, 4.3.1 and 4.4.1."""
    bodies = everything_about(bob)
    answers = {kind: search(kind, body).json for kind, body in bodies.items()}

    assert answers["resource"] == {"results": [ALDER], "page": {"next_token": ""}}
    assert answers["action"] == {"results": [{"name": "view"}], "page": {"next_token": ""}}
    assert answers["subject"]["page"] == {"next_token": ""}
    people = answers["subject"]["results"]
    assert user(bob) in people
    assert user(alice) in people  # a Super User, by role
    assert all(person.keys() == {"type", "id"} for person in people)


def test_a_grant_to_a_team_is_found_for_its_members(found, portals, emma):
    """AuthZEN 1.0 recommends transitive searches."""
    keep_token("mail", portals["webmail"])
    info = {"type": "mailbox", "id": "info@alder.example"}
    read = action("read")

    assert str(emma.sub) in found(
        "subject", {"subject": USER, "resource": info, "action": read}, token="mail"
    )
    mailboxes = {"subject": user(emma), "resource": {"type": "mailbox"}, "action": read}
    assert set(found("resource", mailboxes, token="mail")) == {
        "info@alder.example",
        "emma@alder.example",  # her own
    }
    assert "read" in found("action", {"subject": user(emma), "resource": info}, token="mail")


def test_a_search_names_only_people_who_may(found, bob, dana):
    body = everything_about(bob)["subject"]
    before = found("subject", body)
    assert str(bob.sub) in before
    assert str(dana.sub) not in before

    PersonGrant.objects.filter(user=bob).delete()

    assert set(before) - set(found("subject", body)) == {str(bob.sub)}


def test_a_person_of_another_company_finds_nothing_of_this_one(found, charlie, bob):
    birch = {"subject": user(charlie), "resource": DOMAIN, "action": action("view")}
    assert "birch.example" in found("resource", birch)
    assert "alder.example" not in found("resource", birch)
    assert found("action", {"subject": user(charlie), "resource": ALDER}) == []
    people = found("subject", everything_about(bob)["subject"])
    assert str(charlie.sub) not in people


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_portal_searches_its_own_resources_only(search, portals, bob, kind):
    keep_token("statistics", portals["statistics"])

    response = search(kind, everything_about(bob)[kind], token="statistics")

    assert response.json == {"results": [], "page": {"next_token": ""}}


def test_the_same_id_in_another_portal_is_another_resource(found, portals, alice, bob):
    """alder.example is a domain in one portal and a mail domain in the other."""
    keep_token("mail", portals["webmail"])
    mail_domain = {"type": "mail_domain", "id": "alder.example"}
    by_mail = found("action", {"subject": user(alice), "resource": mail_domain}, token="mail")

    assert "create_mailbox" in by_mail
    assert "manage_dns" not in by_mail
    assert found("action", {"subject": user(bob), "resource": mail_domain}, token="mail") == []


@pytest.mark.parametrize("how", ["member", "person", "company", "removed"])
def test_what_ends_access_empties_the_searches(
    found, alice, bob, membership, portals, alder, resource, how
):
    bodies = everything_about(bob)
    assert all(found(kind, body) for kind, body in bodies.items())
    if how == "member":
        suspend_membership(actor=alice, membership=membership(bob))
    elif how == "person":
        bob.is_active = False
        bob.save()
    elif how == "company":
        alder.status = "suspended"
        alder.save()
    else:
        delete_resource(actor=portals["domains"], resource=resource("domain", "alder.example"))

    assert found("resource", bodies["resource"]) == []
    assert found("action", bodies["action"]) == []
    people = found("subject", bodies["subject"])
    assert str(bob.sub) not in people
    assert people == [] or how in ("member", "person")


@pytest.mark.parametrize(
    ("kind", "entity", "key", "value"),
    [
        ("resource", "subject", "id", "b3b7c4a0-0000-4000-8000-000000000000"),
        ("resource", "subject", "id", "bob@alder.example"),
        ("resource", "subject", "type", "service"),
        ("resource", "resource", "type", "spaceship"),
        ("resource", "resource", "type", "mailbox"),
        ("resource", "action", "name", "no_such"),
        ("resource", "action", "name", "VIEW"),
        ("subject", "subject", "type", "spaceship"),
        ("subject", "resource", "id", "no-such.example"),
        ("subject", "resource", "id", "birch.example"),
        ("subject", "resource", "type", "Domain"),
        ("subject", "action", "name", "%"),
        ("action", "subject", "id", "' OR 1=1 --"),
        ("action", "subject", "type", "User"),
        ("action", "resource", "id", "ALDER.example"),
        ("action", "resource", "type", "mail_domain"),
    ],
)
def test_unknown_names_find_nothing(search, bob, kind, entity, key, value):
    """openid/authzen, certification 4.6.1 and 4.6.2: no error."""
    body = everything_about(bob)[kind]
    body[entity] = {**body[entity], key: value}

    response = search(kind, body)

    assert response.status == 200
    found = [row.get("id") for row in response.json["results"]]
    if (kind, value) == ("subject", "birch.example"):  # the portal's, of another company
        assert str(bob.sub) not in found
    else:
        assert found == []


def test_a_subject_is_known_by_one_spelling_in_searches(found, bob):
    for spelling in (str(bob.sub).upper(), bob.sub.hex, f"{{{bob.sub}}}", f"urn:uuid:{bob.sub}"):
        body = everything_about(bob)["resource"]
        body["subject"] = {"type": "user", "id": spelling}
        assert found("resource", body) == []


def test_a_type_and_an_action_are_not_split_elsewhere(found, bob):
    """Together they read `domain.view.x`, which could also be the action `view.x` of `domain`."""
    view = Privilege.objects.get(portal__slug="domains", codename="domain.view")
    Privilege.objects.filter(pk=view.pk).update(code="view.x", codename="domain.view.x")
    body = everything_about(bob)["resource"]

    assert found("resource", {**body, "action": action("view.x")}) == ["alder.example"]
    split = {**body, "resource": {"type": "domain.view"}, "action": action("x")}
    assert found("resource", split) == []


@pytest.mark.parametrize("extra", ["x", 7, None, {"deep": []}, ""])
def test_the_id_of_what_is_searched_for_is_ignored(found, bob, extra):
    """AuthZEN 1.0: the subject's or resource's own id is IGNORED, and an action is left out."""
    bodies = everything_about(bob)
    expected = {kind: found(kind, body) for kind, body in bodies.items()}
    bodies["resource"]["resource"] = {**DOMAIN, "id": extra}
    bodies["subject"]["subject"] = {**USER, "id": extra}
    bodies["action"]["action"] = extra
    for body in bodies.values():
        body |= {"foo": "bar", "context": {"time": "now"}}

    assert {kind: found(kind, body) for kind, body in bodies.items()} == expected


def test_a_search_is_no_use(search, bob, monkeypatch):
    fresh = UseRecorder()
    monkeypatch.setattr("portals.api.evaluation.answers.record_use", fresh.record)
    before = PrivilegeUse.objects.count()
    for kind, body in everything_about(bob).items():
        assert search(kind, body).status == 200
    fresh.save()
    assert PrivilegeUse.objects.count() == before


def example(path):
    """The body and the answer that docs/checks.md shows for an address."""
    [(body, answer)] = re.findall(
        rf"{path} .*?-d '(.*?)'\n```\n\n```json\n(.*?)```",
        (settings.BASE_DIR / "docs" / "checks.md").read_text(),
        re.DOTALL,
    )
    return json.loads(body), json.loads(answer)


def test_the_example_of_the_document_is_answered_as_it_shows(search, alice):
    body, shown = example(RESOURCE.path)
    body["subject"]["id"] = str(alice.sub)

    answer = search("resource", body).json

    assert answer["results"] == shown["results"]
    assert answer["page"]["next_token"].startswith("WyI")


# --- Pages ---


def test_a_long_list_comes_in_pages(search, found, domains, alice):
    domains(*(f"d{number:03}.example" for number in range(DEFAULT_LIMIT + 5)))
    body = everything_about(alice)["resource"]

    first = search("resource", body).json
    everything = found("resource", body)

    assert len(first["results"]) == DEFAULT_LIMIT == 100  # as docs/checks.md says
    assert first["page"]["next_token"]
    assert (
        len(everything)
        == len(set(everything))
        == Resource.objects.filter(
            resource_type__code="domain", subscription__customer__slug="alder"
        ).count()
    )
    for limit in (1, 7, DEFAULT_LIMIT + 4, MAX_LIMIT, 10**30):
        assert found("resource", {**body, "page": {"limit": limit}}) == everything
    assert len(search("resource", {**body, "page": {"limit": 7}}).json["results"]) == 7


def test_a_page_is_cut_at_the_largest_limit(search, alice, monkeypatch):
    assert MAX_LIMIT == 1000  # as docs/checks.md says
    monkeypatch.setattr("portals.api.search.pages.MAX_LIMIT", 1)
    body = everything_about(alice)["resource"]
    page = search("resource", {**body, "page": {"limit": 5}}).json
    assert len(page["results"]) == 1
    assert page["page"]["next_token"]


@pytest.mark.parametrize("kind", SEARCHES)
def test_each_kind_comes_in_pages(search, found, alice, kind):
    body = everything_about(alice)[kind]
    everything = found(kind, body)
    assert len(everything) > 1

    page = search(kind, {**body, "page": {"limit": 1}}).json
    assert len(page["results"]) == 1
    second = search(kind, {**body, "page": {"token": page["page"]["next_token"]}}).json
    assert len(second["results"]) == 1  # as long as the one before
    assert found(kind, {**body, "page": {"limit": 1}}) == everything


def test_pages_hold_all_that_stays_while_rows_come_and_go(search, domains, alice, portals):
    domains(*(f"d{number:02}.example" for number in range(20)))
    body = everything_about(alice)["resource"]
    stay = {f"d{number:02}.example" for number in range(20) if number not in (3, 12)}
    seen, page, turn = [], {"limit": 4}, 0
    while page:
        answer = search("resource", {**body, "page": page}).json
        seen += [row["id"] for row in answer["results"]]
        next_token = answer["page"]["next_token"]
        page = {"token": next_token} if next_token else None
        domains(f"a{turn}.example", f"z{turn}.example")  # before and after, by name
        if turn == 1:
            for name in ("d03.example", "d12.example"):  # seen already, and not yet
                resource = Resource.objects.get(external_id=name)
                delete_resource(actor=portals["domains"], resource=resource)
        turn += 1
        assert turn < 30 or not page

    assert len(seen) == len(set(seen))
    assert stay <= set(seen)
    assert "d12.example" not in seen


def test_access_that_ends_between_two_pages_is_not_in_the_second(
    search, give, alice, bob, membership, domains, resource
):
    domains("one.example", "two.example")
    for name in ("one.example", "two.example"):
        give(alice, membership(bob), "domains.domain.view", resource("domain", name))
    body = everything_about(bob)["resource"]
    first = search("resource", {**body, "page": {"limit": 1}}).json
    PersonGrant.objects.filter(user=bob, content_object__external_id="two.example").delete()
    TeamGrant.objects.all().delete()

    second = search("resource", {**body, "page": {"token": first["page"]["next_token"]}}).json

    assert [row["id"] for row in second["results"]] == ["one.example"]
    assert second["page"]["next_token"] == ""


def test_a_token_opens_the_search_it_came_from_and_no_other(
    search, domains, portals, alice, charlie
):
    domains("one.example", "two.example")
    body = everything_about(alice)["resource"]
    token = search("resource", {**body, "page": {"limit": 1}}).json["page"]["next_token"]
    page = {"page": {"token": token}}
    keep_token("statistics", portals["statistics"])
    keep_token("again", portals["domains"])
    others = [
        search("resource", {**body, **page, "subject": user(charlie)}),
        search("resource", {**body, **page, "action": action("renew")}),
        search("resource", {**body, **page, "resource": {"type": "mailbox"}}),
        search("resource", {**body, **page, "subject": {**user(alice), "type": "service"}}),
        search("subject", {**everything_about(alice)["subject"], **page}),
        search("action", {**everything_about(alice)["action"], **page}),
        search("resource", {**body, **page}, token="statistics"),
        *(
            search("resource", {**body, "page": {"token": altered}})
            for altered in (token[:-1], token + "x", "x" + token, token.swapcase(), "1", "\0é")
        ),
    ]

    for response in others:
        assert response.status == 400
        assert list(response.json["error"]["fields"]) == ["page.token"]
    assert search("resource", {**body, **page}).status == 200
    assert search("resource", {**body, **page}, token="again").status == 200  # a newer credential
    assert search("resource", {**body, "page": {"token": ""}}).status == 200  # after the last


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ([], "page"),
        (None, "page"),
        ({"limit": 0}, "page.limit"),
        ({"limit": -1}, "page.limit"),
        ({"limit": "5"}, "page.limit"),
        ({"limit": 1.0}, "page.limit"),
        ({"limit": True}, "page.limit"),
        ({"limit": None}, "page.limit"),
        ({"token": 5}, "page.token"),
        ({"token": None}, "page.token"),
        ({"token": "5"}, "page.token"),
    ],
)
@pytest.mark.parametrize("kind", SEARCHES)
def test_a_malformed_page_is_refused_by_the_field(search, bob, kind, page, field):
    response = search(kind, {**everything_about(bob)[kind], "page": page})

    assert response.status == 400
    assert list(response.json["error"]["fields"]) == [field]


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_page_has_a_query_budget(
    search, domains, alice, kind, django_assert_num_queries, monkeypatch
):
    """The token and the two that are named, then the page, however long it is."""
    pages = []
    run = PreparedStatement._run
    monkeypatch.setattr(
        PreparedStatement, "_run", lambda self, *rest: pages.append(self) or run(self, *rest)
    )
    domains(*(f"d{number}.example" for number in range(20)))
    for limit in (1, 20):
        with django_assert_num_queries(3):
            search(kind, {**everything_about(alice)[kind], "page": {"limit": limit}})
    assert len(pages) == 2


# --- Requests ---

REQUIRED = {
    "resource": ["subject.type", "subject.id", "resource.type", "action.name"],
    "subject": ["subject.type", "resource.type", "resource.id", "action.name"],
    "action": ["subject.type", "subject.id", "resource.type", "resource.id"],
}
BAD_VALUES = [None, "", 7, [], {}, True, "x" * 256, "a\nb", "\ud800", "alder\u202e.example"]


@pytest.mark.parametrize(
    ("kind", "field"), [(k, f) for k, names in REQUIRED.items() for f in names]
)
def test_a_malformed_search_is_refused_by_the_field(search, bob, kind, field):
    """openid/authzen, certification 4.7.1 and 4.7.2."""
    body = everything_about(bob)[kind]
    entity, _, key = field.partition(".")
    without = {name: value for name, value in body[entity].items() if name != key}
    changes = [
        ({**body, entity: without}, field),
        *(({**body, entity: {**body[entity], key: bad}}, field) for bad in BAD_VALUES),
        ({name: value for name, value in body.items() if name != entity}, entity),
        *(({**body, entity: bad}, entity) for bad in (None, "x", [])),
        ({**body, entity: {**body[entity], "properties": []}}, f"{entity}.properties"),
        ({**body, "context": "x"}, "context"),
    ]
    for changed, expected in changes:
        response = search(kind, changed)
        assert response.status == 400, changed
        assert list(response.json["error"]["fields"]) == [expected]


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_search_is_refused_as_a_check_is(search, bob, portals, kind):
    """The same refusals as portals/test_evaluation.py finds at the check, byte for byte."""
    body = everything_about(bob)[kind]
    keep_token("expired", portals["domains"], expires_at=timezone.now() - timedelta(seconds=1))
    keep_token("persons", portals["domains"], user=bob, scopes="openid\naccess:check")
    keep_token("writer", portals["domains"], scopes="resources:write\naccess:checks")
    keep_token("away", portals["domains"], data={"resources": ["https://elsewhere.example/api"]})
    refusals = {
        401: [
            {"token": None},
            {"token": "wrong"},
            {"token": "expired"},
            {"token": "persons"},
            {"token": "away"},
            {"HTTP_AUTHORIZATION": "Basic Z29vZDpnb29k"},
        ],
        403: [{"token": "writer"}],
        405: [{"method": "GET"}, {"method": "PUT"}, {"method": "OPTIONS"}],
        400: [
            {"CONTENT_TYPE": "text/plain"},
            {"CONTENT_TYPE": None},
            {"HTTP_X_REQUEST_ID": "x" * 256},
            {"body": b"{"},
            {"body": b"[]"},
            {"body": b'{"action": {}, "action": {}}'},
            {"body": b""},
        ],
        413: [{"body": b" " * (BODY_LIMIT + 1)}],
    }
    for status, cases in refusals.items():
        for case in cases:
            sent = {"body": body, "HTTP_X_REQUEST_ID": "bfe9eb29-ab87 (1)", **case}
            response = search(kind, sent.pop("body"), **sent)
            assert response.status == status, case
            token = sent.pop("token", "good")
            content = case.get("body", json.dumps(body).encode())
            if token:
                sent.setdefault("HTTP_AUTHORIZATION", f"Bearer {token}")
            assert response == call("route", path=PATH, body=content, **sent), case


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_bad_token_is_reported_before_a_bad_search(search, kind):
    assert search(kind, b"{", token="wrong").status == 401


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_token_bound_to_a_search_is_good_there_alone(search, portals, bob, kind, settings):
    bound = settings.HUB_BASE_URL + SEARCHES[kind].path
    keep_token("narrow", portals["domains"], data={"resources": [bound]})

    for other, body in everything_about(bob).items():
        expected = 200 if other == kind else 401
        assert search(other, body, token="narrow").status == expected


@pytest.mark.parametrize("kind", SEARCHES)
def test_an_answer_carries_the_request_id_and_stays_out_of_caches(search, bob, kind):
    response = search(kind, everything_about(bob)[kind], HTTP_X_REQUEST_ID="search-1")

    assert response.headers["X-Request-ID"] == "search-1"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_signed_in_person_searches_nothing(as_, alice, kind):
    body = json.dumps(everything_about(alice)[kind])
    response = as_(alice).post(SEARCHES[kind].path, body, content_type="application/json")
    assert response.status_code == 401


@pytest.mark.parametrize("kind", SEARCHES)
def test_without_a_database_a_search_says_so(search, bob, kind):
    body = everything_about(bob)[kind]

    response = in_own_connection(lambda: search(kind, body), **nowhere())

    assert response.status == 503
    assert "results" not in response.json
    assert response.headers["Retry-After"] == "1"


def test_the_searches_are_in_the_openapi_document(client, db):
    document = client.get("/api/v1/schema/?format=json").json()
    for kind, search in SEARCHES.items():
        operation = document["paths"][search.path]["post"]
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        request = document["components"]["schemas"][name.rsplit("/", 1)[1]]
        required = [
            f"{entity}.{key}"
            for entity in request["required"]
            for key in request["properties"][entity]["required"]
        ]
        assert required == REQUIRED[kind]
        assert request["properties"]["page"]["properties"]["limit"]["minimum"] == 1
        assert operation["security"] == [{"portal": ["access:check"]}]
        assert {"200", "400", "401", "403", "413", "503"} <= set(operation["responses"])
