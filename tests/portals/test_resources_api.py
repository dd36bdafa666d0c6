"""/api/v1/resources over HTTP, as a portal uses it."""

import json
from urllib.parse import quote

import pytest
from allauth.idp.oidc.models import Token
from django.core.management import call_command
from django.test import Client

from accounts.models import AuditEvent
from portals.models import Portal, Resource
from portals.services.credentials import issue_credentials

LIST = "/api/v1/resources"
SYNC = "/api/v1/resources/sync"


class Caller:
    """A portal with a token."""

    def __init__(self, slug: str, **values: str) -> None:
        portal = Portal.objects.get(slug=slug)
        issued = issue_credentials(actor=None, portal=portal)
        data = {"grant_type": "client_credentials", **issued._asdict(), **values}
        self.token = Client().post("/identity/o/api/token", data).json()["access_token"]

    def call(self, method: str, path: str, body=None, **headers: str):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return getattr(Client(raise_request_exception=False), method)(
            path,
            data if body is not None else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    def get(self, path: str):
        return Client().get(path, headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def domains(db) -> Caller:
    return Caller("domains")


@pytest.fixture
def webmail(db) -> Caller:
    return Caller("webmail")


def _put(caller: Caller, id: str, type_code: str = "domain", **values):
    body = {"customer": "alder", "name": "Name", **values}
    return caller.call("put", f"{LIST}/{type_code}/{quote(id, safe='')}", body)


# --- What works ---


def test_put_get_delete(domains):
    new = _put(domains, "new.example", name="New", parent=None)
    assert new.status_code == 201
    assert new.json() == {
        "type": "domain",
        "id": "new.example",
        "name": "New",
        "customer": "alder",
        "parent": None,
        "owner": None,
    }
    assert _put(domains, "new.example", name="Newer").status_code == 200
    assert domains.get(f"{LIST}/domain/new.example").json()["name"] == "Newer"

    assert domains.call("delete", f"{LIST}/domain/new.example").status_code == 204
    assert domains.call("delete", f"{LIST}/domain/new.example").status_code == 404


@pytest.mark.parametrize(
    "id", ["a/b/c", "/lead", "trail/", "été 😀@例え.jp", "sync", "a%2Fb", "x?y#z", "..;."]
)
def test_any_text_is_an_id(domains, id):
    assert _put(domains, id).json()["id"] == id
    assert domains.get(f"{LIST}/domain/{quote(id, safe='')}").json()["id"] == id
    assert Resource.objects.filter(external_id=id).exists()


def test_sync(webmail):
    parent = {"type": "mail_domain", "id": "alder.example"}
    body = {
        "customer": "alder",
        "type": "mailbox",
        "resources": [
            {"id": "bob@alder.example", "name": "bob@alder.example", "parent": parent},
            {"id": "new@alder.example", "name": "New", "parent": parent},
        ],
        "replace": True,
        "confirm": {"resources": 4, "grants": 2},
    }

    answer = webmail.call("post", SYNC, body)

    assert answer.status_code == 200
    assert answer.json() == {
        "added": 1,
        "changed": 0,
        "removed": 4,
        "unchanged": 1,
        "returned": 0,
        "moved": 0,
        "grants_ended": 2,
    }
    assert answer["Cache-Control"] == "no-store"
    events = AuditEvent.objects.count()
    assert webmail.call("post", SYNC, body).json()["unchanged"] == 2
    assert AuditEvent.objects.count() == events


def test_the_list_in_pages(domains, django_assert_num_queries):
    seen, after = [], ""
    while after is not None:
        with django_assert_num_queries(2):  # the token, the page
            page = domains.get(f"{LIST}?limit=4" + (f"&after={after}" if after else "")).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]

    assert len(seen) == 6
    assert set(seen) == set(
        Resource.objects.filter(resource_type__code="domain").values_list("external_id", flat=True)
    )


def test_the_list_by_type_and_customer(webmail):
    page = webmail.get(f"{LIST}?type=mailbox&customer=cedar").json()

    assert {item["id"] for item in page["items"]} == {"frank@cedar.example", "orders@cedar.example"}
    assert page["items"][0]["parent"] == {"type": "mail_domain", "id": "cedar.example"}
    assert page["next"] is None


# --- Removing much, coming back, renaming, moving ---


def test_an_empty_report_is_409_with_the_counts_to_repeat(webmail):
    """owncloud/core#29547, awslabs/ssosync#159."""
    body = {"customer": "alder", "type": "mailbox", "resources": [], "replace": True}
    before = _unchanged()

    refused = webmail.call("post", SYNC, body)

    assert refused.status_code == 409
    assert refused["Cache-Control"] == "no-store"
    error = refused.json()["error"]
    assert error["code"] == "removal_unconfirmed"
    assert error["confirm"] == {"resources": 5, "grants": 3}
    assert error["message"] == (
        "This report removes 5 resources and ends 3 grants. To confirm, send it again with"
        " these numbers in “confirm”."
    )
    assert _unchanged() == before
    wrong = webmail.call("post", SYNC, {**body, "confirm": {"resources": 5, "grants": 2}})
    assert wrong.status_code == 409
    done = webmail.call("post", SYNC, {**body, "confirm": error["confirm"]})
    assert (done.status_code, done.json()["removed"]) == (200, 5)


def test_a_removed_resource_is_404_and_new_again_when_it_returns(domains):
    address = f"{LIST}/domain/alder.example"
    assert domains.call("delete", address).status_code == 204

    assert domains.get(address).status_code == 404
    assert domains.call("delete", address).status_code == 404
    assert domains.call("patch", address, {"name": "Mine"}).status_code == 404
    assert "alder.example" not in {item["id"] for item in domains.get(LIST).json()["items"]}
    assert _put(domains, "alder.example").status_code == 201
    assert domains.get(address).json()["name"] == "Name"


def test_a_move_says_what_it_ended(domains):
    """GeoNode/geonode-mapstore-client#1977."""
    answer = _put(domains, "alder.example", customer="birch", name="alder.example")

    assert answer.status_code == 201
    ended = answer.json()["moved"]
    assert (ended["resources"], ended["grants_ended"] > 0) == (1, True)
    assert "moved" not in _put(domains, "alder.example", customer="birch").json()


def test_patch_renames_an_id_and_a_name(domains):
    address = f"{LIST}/domain/alder.example"
    former = domains.get(address).json()

    renamed = domains.call("patch", address, {"id": "a/new id"})

    assert (renamed.status_code, renamed.json()) == (200, {**former, "id": "a/new id"})
    assert domains.get(address).status_code == 404
    again = domains.call("patch", f"{LIST}/domain/a%2Fnew%20id", {"name": "A name"})
    assert again.json() == {**former, "id": "a/new id", "name": "A name"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, None),
        ({"id": "alderdental.example"}, ["id"]),
        ({"id": 7}, ["id"]),
        ({"id": None}, ["id"]),
        ({"name": ""}, ["name"]),
        ({"name": " x"}, ["name"]),
        ({"customer": "birch"}, ["customer"]),
        ({"parent": None}, ["parent"]),
    ],
)
def test_a_bad_patch_names_the_field_and_changes_nothing(domains, body, fields):
    before = _unchanged()

    answer = domains.call("patch", f"{LIST}/domain/alder.example", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    named = answer.json()["error"].get("fields")
    assert named is None if fields is None else list(named) == fields
    assert _unchanged() == before


def test_a_portal_renames_only_its_own(webmail, domains):
    before = _unchanged()

    assert webmail.call("patch", f"{LIST}/domain/alder.example", {"name": "X"}).status_code == 404
    root = domains.call("patch", f"{LIST}/subscription/alder", {"name": "X"})
    assert root.status_code == 404
    assert Client().patch(f"{LIST}/domain/alder.example", "{}").status_code == 401
    assert _unchanged() == before


# --- Who may ---


def _unchanged():
    return Resource.objects.count(), AuditEvent.objects.count()


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer", "Bearer é", "Basic eDp5", "x", "Bearer a b"]
)
def test_a_bad_token_is_401(db, header):
    answer = Client().get(LIST, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="hub", error="invalid_token"'
    assert answer.json()["error"]["code"] == "invalid_token"


def test_no_token_is_401_even_with_a_session(as_, alice):
    for client in (Client(), as_(alice)):
        answer = client.get(LIST)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="hub"'
        assert answer.json()["error"]["code"] == "not_authenticated"


def test_a_persons_token_is_refused(domains, alice):
    Token.objects.update(user=alice)

    answer = domains.get(LIST)

    assert answer.status_code == 401


def test_a_token_of_a_client_without_portal_is_refused(domains):
    Portal.objects.update(client=None)

    assert domains.get(LIST).status_code == 401


def test_a_token_for_another_audience_is_refused(db):
    caller = Caller("domains", resource="https://elsewhere.example/")

    assert caller.get(LIST).status_code == 401


def test_a_missing_scope_is_403(db):
    caller = Caller("domains", scope="access:check")

    for answer in (caller.get(LIST), _put(caller, "x.example"), caller.call("post", SYNC, {})):
        assert answer.status_code == 403
        assert answer["WWW-Authenticate"] == (
            'Bearer realm="hub", error="insufficient_scope", scope="resources:write"'
        )
        assert answer.json()["error"]["code"] == "insufficient_scope"


def test_resources_of_another_portal_are_not_found(domains, webmail):
    before = _unchanged()

    for method in ("get", "delete"):
        theirs = webmail.call(method, f"{LIST}/domain/alder.example")
        nothing = webmail.call(method, f"{LIST}/nothing/alder.example")
        assert (theirs.status_code, theirs.content) == (404, nothing.content)
    assert _put(webmail, "alder.example", type_code="domain").status_code == 404
    sync = webmail.call("post", SYNC, {"customer": "alder", "type": "domain", "resources": []})
    assert sync.status_code == 400
    assert list(sync.json()["error"]["fields"]) == ["type"]
    assert not [i for i in webmail.get(LIST).json()["items"] if i["type"] == "domain"]
    assert _unchanged() == before


def test_the_subscription_root_cannot_be_reported(domains):
    assert _put(domains, "alder", type_code="subscription").status_code == 404
    assert domains.call("delete", f"{LIST}/subscription/alder").status_code == 404


# --- Bad input ---


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"\ud800\n": 1}, "\\ud800\n"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": True}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": ""}, "name"),
        ({"name": " x"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\ud800b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": 10**400}, "name"),
        ({"customer": "nobody"}, "customer"),
        ({"customer": "\x00"}, "customer"),
        ({"customer": {}}, "customer"),
        ({"parent": "alder.example"}, "parent"),
        ({"parent": []}, "parent"),
        ({"parent": {"type": "domain"}}, "parent.id"),
        ({"parent": {"type": "domain", "id": "x", "z": 1}}, "parent.z"),
        ({"parent": {"type": "domain", "id": "alder.example"}}, "parent"),
    ],
)
def test_a_bad_put_names_the_field_and_changes_nothing(domains, values, field):
    before = _unchanged()

    answer = _put(domains, "x.example", **values)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "invalid"
    assert list(error["fields"]) == [field]
    assert all(error["fields"][field])
    assert _unchanged() == before


@pytest.mark.parametrize("id", ["a\x00b", "a\nb", "a\u202eb", " x", "x" * 256])
def test_a_bad_id_in_the_url(domains, id):
    answer = _put(domains, id)

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["id"]


@pytest.mark.parametrize("type_code", ["a\x00b", "\u202e"])
def test_a_bad_type_in_the_url(domains, type_code):
    for answer in (
        _put(domains, "x.example", type_code=quote(type_code)),
        domains.get(f"{LIST}/{quote(type_code)}/x.example"),
        domains.call("delete", f"{LIST}/{quote(type_code)}/x.example"),
    ):
        assert answer.status_code == 400
        assert list(answer.json()["error"]["fields"]) == ["type"]


def test_a_type_that_is_not_a_slug_is_not_found(domains):
    assert _put(domains, "x.example", type_code="no slug").json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"name": NaN}',
        b'{"name": "a", "name": "b"}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{}",
    ],
)
def test_a_body_that_is_not_an_object_is_refused(domains, body):
    before = _unchanged()
    for method, path in (("put", f"{LIST}/domain/x.example"), ("post", SYNC)):
        answer = domains.call(method, path, body)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] in ("invalid", "parse_error")
    assert _unchanged() == before


def test_a_form_is_not_json(domains):
    answer = Client().post(
        SYNC, {"customer": "alder"}, headers={"Authorization": f"Bearer {domains.token}"}
    )

    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "unsupported_media_type"


def test_a_body_too_large(domains):
    answer = domains.call("post", SYNC, b'{"x": "' + b"x" * (8 * 1024 * 1024) + b'"}')

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"replace": "true"}, ["replace"]),
        ({"replace": 1}, ["replace"]),
        ({"replace": None}, ["replace"]),
        ({"confirm": True}, ["confirm"]),
        ({"confirm": {"resources": 1}}, ["confirm.grants"]),
        ({"confirm": {"resources": -1, "grants": 0}}, ["confirm.resources"]),
        ({"confirm": {"resources": True, "grants": "1"}}, ["confirm.resources", "confirm.grants"]),
        ({"confirm": {"resources": 1, "grants": 1, "all": True}}, ["confirm.all"]),
        ({"resources": None}, ["resources"]),
        ({"resources": {}}, ["resources"]),
        ({"resources": [7]}, ["resources[0]"]),
        (
            {"resources": [{"id": "a", "name": "A"}, {"id": 1}]},
            ["resources[1].id", "resources[1].name"],
        ),
        ({"resources": [{"id": "a", "name": "A", "x": 1}]}, ["resources[0].x"]),
        (
            {"resources": [{"id": "a", "name": "A", "parent": {"id": 1}}]},
            ["resources[0].parent.type", "resources[0].parent.id"],
        ),
        ({"resources": [{"id": "a", "name": "A"}] * 10_001}, ["resources"]),
        ({"resources": [{"id": "a", "name": "A"}] * 2}, ["resources[0].id", "resources[1].id"]),
        ({"type": "mailbox"}, ["type"]),
        ({"type": 3}, ["type"]),
        ({"customer": ""}, ["customer"]),
        ({"more": []}, ["more"]),
    ],
)
def test_a_bad_sync_names_each_row_and_changes_nothing(domains, values, fields):
    before = _unchanged()

    body = {"customer": "alder", "type": "domain", "resources": [], **values}
    answer = domains.call("post", SYNC, body)

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == fields
    assert _unchanged() == before


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=",
        "after=-1",
        "after=99999999999999999999",
        "limit=0",
        "limit=1001",
        "limit=%00",
        "type=%00",
        "customer=%E2%80%AE",
        "page=2",
    ],
)
def test_a_bad_query(domains, query):
    answer = domains.get(f"{LIST}?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [query.partition("=")[0]]


def test_wrong_methods(domains):
    assert domains.call("post", LIST, {}).status_code == 405
    assert domains.get(SYNC).status_code == 405
    assert domains.call("post", f"{LIST}/domain/alder.example", {}).status_code == 405


# --- Its description ---


def test_the_schema_has_no_warning(db, tmp_path):
    file = tmp_path / "schema.yml"

    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))

    description = file.read_text()
    assert "/api/v1/resources/sync:" in description
    assert "removal_unconfirmed" in description


def test_the_schema_and_its_page_are_public_and_without_inline_script(db):
    assert Client().get("/api/v1/schema/").status_code == 200
    page = Client().get("/api/v1/docs/")
    assert page.status_code == 200
    assert "<style" not in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("accept", "status"), [("text/html", 405), ("*/*", 405), ("application/json", 406)]
)
def test_the_schema_page_is_read_only(db, accept, status):
    for method in ("options", "post", "delete"):
        answer = getattr(Client(), method)("/api/v1/docs/", headers={"Accept": accept})
        assert answer.status_code == status, method


# --- Whose it is ---


@pytest.fixture
def mailbox():
    """The address of Alder's shared mailbox, and what a report of it needs besides its owner."""
    parent = {"type": "mail_domain", "id": "alder.example"}
    return {"id": "info@alder.example", "type_code": "mailbox", "parent": parent}


def test_an_owner_is_reported_read_back_and_kept(webmail, mailbox, bob):
    for owner in ({"id": str(bob.sub)}, {"id": "bob@alder.example"}):
        answer = _put(webmail, **mailbox, owner=owner)
        assert (answer.status_code, answer.json()["owner"]) == (200, {"id": str(bob.sub)})

    assert _put(webmail, **mailbox, name="Info").json()["owner"] == {"id": str(bob.sub)}, "left out"
    listed = webmail.get(f"{LIST}?type=mailbox&customer=alder").json()["items"]
    assert {item["id"]: item["owner"] for item in listed}[mailbox["id"]] == {"id": str(bob.sub)}
    assert _put(webmail, **mailbox, owner=None).json()["owner"] is None


@pytest.mark.parametrize(
    ("owner", "field"),
    [
        ("bob@alder.example", "owner"),
        ([], "owner"),
        ({}, "owner.id"),
        ({"id": None}, "owner.id"),
        ({"id": ""}, "owner.id"),
        ({"id": 5}, "owner.id"),
        ({"id": "bob\0"}, "owner.id"),
        ({"id": "x" * 256}, "owner.id"),
        ({"id": "bob@alder.example", "role": "x"}, "owner.role"),
        ({"id": "charlie@birch.example"}, "owner.id"),
        ({"id": "BOB"}, "owner.id"),
    ],
)
def test_a_bad_owner_is_refused_by_its_field(webmail, mailbox, owner, field):
    answer = _put(webmail, **mailbox, owner=owner)

    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == {field}
    assert webmail.get(f"{LIST}/mailbox/{mailbox['id']}").json()["owner"] is None


def test_a_synchronisation_reports_owners(webmail, mailbox, bob):
    row = {"id": mailbox["id"], "name": "Info", "parent": mailbox["parent"]}
    body = {"customer": "alder", "type": "mailbox", "resources": [row]}

    row["owner"] = {"id": "dana@harbour.example"}
    refused = webmail.call("post", SYNC, body)
    assert set(refused.json()["error"]["fields"]) == {"resources[0].owner.id"}

    row["owner"] = {"id": str(bob.sub)}
    assert webmail.call("post", SYNC, body).json()["changed"] == 1
    assert webmail.call("post", SYNC, body).json()["unchanged"] == 1
    assert Resource.objects.get(external_id=mailbox["id"]).owner.user == bob


def test_the_list_of_owned_resources_takes_as_few_queries(webmail, django_assert_max_num_queries):
    assert Resource.objects.exclude(owner=None).count() == 5
    with django_assert_max_num_queries(12):
        webmail.get(f"{LIST}?type=mailbox")
