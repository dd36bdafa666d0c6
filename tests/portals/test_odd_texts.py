"""NUL, line ends and other characters around a name: a plain no, never an error or a longer match.

PostgreSQL stores no NUL and its library ends a text there; a regular expression's `$` takes a line
end along; lone surrogates have no bytes.
"""

import json

import pytest

from portals.choices import Reason
from portals.decision import answer_check, decide
from tests.portals.test_evaluation import (  # noqa: F401 — fixtures
    ask,
    keep_token,
    portals,
    question,
    token,
)

ODD = ["\0", "\n", "\r\n", " ", "\t", "\u00a0", "\u200b", "\u2028", "\ud800", "\0x", "%", "\\"]


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.mark.parametrize("odd", ODD)
def test_a_permission_is_named_exactly(bob, domain, odd):
    codename = "domain.view"
    assert decide(bob, codename, domain, portal="domains") != Reason.NOT_ALLOWED

    for name in (codename + odd, odd + codename, f"domain{odd}.view", f"domain.{odd}view"):
        assert decide(bob, name, domain, portal="domains") == Reason.NOT_ALLOWED
        assert not bob.has_perm(f"portals.domains.{name}", domain)
    for portal in ("domains" + odd, odd + "domains"):
        assert not bob.has_perm(f"portals.{portal}.{codename}", domain)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["subject", "resource_type", "resource_id", "action"])
def test_each_name_of_a_check_is_exact(bob, token, name, odd):  # noqa: F811
    values = {
        "subject": str(bob.sub),
        "resource_type": "domain",
        "resource_id": "alder.example",
        "action": "view",
    }
    assert answer_check(token=token, **values).reason == Reason.GRANT

    for text in (values[name] + odd, odd + values[name]):
        result = answer_check(token=token, **{**values, name: text})
        assert result.reason == Reason.NOT_ALLOWED


def test_a_sub_in_another_shape_is_nobodys(bob, token):  # noqa: F811
    sub = str(bob.sub)
    others = {"resource_type": "domain", "resource_id": "alder.example", "action": "view"}
    for text in (bob.sub.hex, sub.upper(), f"{{{sub}}}", f"urn:uuid:{sub}"):
        assert answer_check(token=token, subject=text, **others).reason == Reason.NOT_ALLOWED


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("entity", "key"),
    [("subject", "id"), ("resource", "type"), ("resource", "id"), ("action", "name")],
)
def test_a_check_by_http_never_says_yes(ask, question, entity, key, odd):  # noqa: F811
    question[entity][key] += odd

    response = ask(question)

    assert response.status in (200, 400)
    assert response.json.get("decision", False) is False


def test_a_portal_asks_about_a_sub_with_more_in_it(bob, portals, client):  # noqa: F811
    """About email: each such sub is nobody's, and the others are still answered."""
    keep_token("email", portals["domains"], scopes="preferences:read")
    subjects = [f"{bob.sub}{odd}" for odd in ODD] + [str(bob.sub)]

    response = client.post(
        "/api/v1/preferences/evaluations",
        json.dumps({"notice_class": "legal", "subjects": subjects}),
        content_type="application/json",
        headers={"Authorization": "Bearer email"},
    )

    *odd, own = response.json()["evaluations"]
    assert [answer["decision"] for answer in odd] == [False] * len(ODD)
    assert own["decision"] is True
