"""A program that refreshes in parallel, as Roundcube does: nobody is signed out by it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests.clients.conftest import SECRET
from tests.clients.kept import Kept

AT_ONCE = 4


@pytest.fixture
def kept(clients, visitor):
    return Kept(clients, visitor)


def refresh_at_once(clients, value, method):
    """Refresh with one token several times at one moment, each on its own connection."""
    barrier = Barrier(AT_ONCE)
    credentials = {"client_id": clients.ids["kept"], "client_secret": SECRET}
    form = {"grant_type": "refresh_token", "refresh_token": value}
    how = {"data": form | credentials}
    if method == "client_secret_basic":
        how = {"data": form, "auth": tuple(credentials.values())}

    def refresh(_number):
        barrier.wait(timeout=20)
        return requests.post(f"{clients.hub}/identity/o/api/token", timeout=20, **how)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(refresh, range(AT_ONCE)))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_all_go_on_within_the_grace_and_the_family_lives(clients, kept, method):
    answers = refresh_at_once(clients, kept.token["refresh_token"], method)

    assert [answer.status_code for answer in answers] == [200] * AT_ONCE, answers[0].text
    tokens = [answer.json() for answer in answers]
    for name in ("access_token", "refresh_token"):
        assert len({token[name] for token in tokens}) == AT_ONCE
    for token in tokens:  # each goes on by itself
        assert kept.userinfo(token).status_code == 200
        again = kept.refresh(token["refresh_token"])
        assert kept.userinfo(again).status_code == 200
    assert kept.introspect(tokens[0]["access_token"])["active"] is True


def test_without_a_grace_one_goes_on_and_the_session_ends(clients, kept):
    """The same program with `refresh_grace = 0`, as the default is: why it needs the key."""
    clients.write("UPDATE portals_portal SET refresh_grace = 0 WHERE slug = 'kept'")
    try:
        value = kept.token["refresh_token"]
        answers = refresh_at_once(clients, value, "client_secret_post")
    finally:
        clients.write("UPDATE portals_portal SET refresh_grace = 30 WHERE slug = 'kept'")

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (token,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert kept.userinfo(token).status_code == 401
