"""`If-Match` on a resource: a change of a former version is refused (RFC 9110, 13.1.1)."""

import json

import pytest

from accounts.models import AuditEvent
from portals.models import Resource
from tests.portals.test_resources_api import LIST, SYNC, _put, domains, webmail  # noqa: F401

ADDRESS = f"{LIST}/domain/alder.example"


def state():
    return list(Resource.objects.order_by("pk").values()), AuditEvent.objects.count()


def change(caller, method, etag, **values):
    """Change alder.example under `If-Match`."""
    body = {"put": {"customer": "alder", "name": "New"}, "patch": {"name": "New"}, "delete": None}
    return caller.call(method, ADDRESS, body[method], **{"If-Match": etag, **values})


@pytest.fixture
def etag(domains):  # noqa: F811
    """The version that the portal read."""
    return domains.get(ADDRESS)["ETag"]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_change_of_what_was_read_is_made(domains, etag, method):  # noqa: F811
    answer = change(domains, method, etag)
    assert answer.status_code == (204 if method == "delete" else 200)
    if method != "delete":
        assert answer["ETag"] == domains.get(ADDRESS)["ETag"] != etag


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("how", ["put", "patch", "sync"])
def test_a_change_of_what_has_changed_since_is_412_and_changes_nothing(
    domains,  # noqa: F811
    etag,
    how,
    method,
):
    row = {"id": "alder.example", "name": "Meanwhile"}
    if how == "sync":
        body = {"customer": "alder", "type": "domain", "resources": [row]}
        assert domains.call("post", SYNC, body).status_code == 200
    else:
        body = {"name": "Meanwhile"} | ({"customer": "alder"} if how == "put" else {})
        assert domains.call(how, ADDRESS, body).status_code == 200
    before = state()

    answer = change(domains, method, etag)

    assert answer.status_code == 412
    assert answer.json()["error"]["code"] == "changed"
    assert state() == before
    # The answer has what is there now, and a change of that is made.
    assert answer["ETag"] == domains.get(ADDRESS)["ETag"] != etag
    assert change(domains, method, answer["ETag"]).status_code < 300


def test_every_value_that_a_portal_reads_is_in_the_version(webmail, bob):  # noqa: F811
    address = f"{LIST}/mailbox/info@alder.example"
    read = webmail.get(address).json()
    assert set(read) == {"type", "id", "name", "customer", "parent", "owner"}
    seen = {webmail.get(address)["ETag"]}
    whole = {"customer": "alder", "name": read["name"], "parent": read["parent"]}
    for values in ({"name": "Reception"}, {"owner": {"id": str(bob.sub)}}):
        answer = webmail.call("put", address, {**whole, **values})
        assert answer.status_code == 200
        seen.add(answer["ETag"])
    assert len(seen) == 3
    back = webmail.call("put", address, {**whole, "owner": read["owner"]})
    assert back["ETag"] in seen  # the same values are the same version


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_star_is_whatever_there_is(domains, method):  # noqa: F811
    domains.call("patch", ADDRESS, {"name": "Meanwhile"})
    assert change(domains, method, "*").status_code < 300


@pytest.mark.parametrize("header", ["*", '"0123"'])
def test_what_does_not_exist_matches_nothing(domains, header):  # noqa: F811
    before = state()
    body = {"customer": "alder", "name": "New"}
    answer = domains.call("put", f"{LIST}/domain/new.example", body, **{"If-Match": header})
    assert answer.status_code == 412
    assert "ETag" not in answer
    assert state() == before


def test_one_of_several_is_enough(domains, etag):  # noqa: F811
    assert change(domains, "patch", f'"0123", {etag}').status_code == 200


def test_a_weak_etag_matches_nothing(domains, etag):  # noqa: F811
    before = state()
    assert change(domains, "patch", f"W/{etag}").status_code == 412
    assert state() == before


@pytest.mark.parametrize("header", ["", " ", "0123", "'0123'", '"open', "W/", "**", "é"])
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_header_without_an_etag_is_400_and_names_it(domains, method, header):  # noqa: F811
    before = state()
    answer = change(domains, method, header)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["If-Match"]
    assert state() == before


def test_without_the_header_the_last_change_wins_as_before(domains, etag):  # noqa: F811
    for name in ("One", "Two"):
        assert domains.call("patch", ADDRESS, {"name": name}).status_code == 200
    assert domains.get(ADDRESS).json()["name"] == "Two"


def test_a_portal_learns_nothing_of_another_portals_resource(webmail, etag):  # noqa: F811
    answer = webmail.call("patch", ADDRESS, {"name": "New"}, **{"If-Match": etag})
    assert answer.status_code == 404
    assert "ETag" not in answer


def test_the_description_has_the_header(client, db):
    answer = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    paths = json.loads(answer.content)["paths"]["/api/v1/resources/{type_code}/{external_id}"]
    for method in ("put", "patch", "delete"):
        names = {parameter["name"] for parameter in paths[method]["parameters"]}
        assert "If-Match" in names
        assert "412" in paths[method]["responses"]
    assert "ETag" in paths["get"]["responses"]["200"]["headers"]
