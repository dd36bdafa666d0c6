"""Every act, tried by everybody who may not: it is refused, changes nothing and reveals nothing.

The acts are in acts.py; test_access.py fails for an act that is not listed there.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.messages import ERROR, get_messages
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Customer, User
from tests.acts import ACTS, Act, Scene
from tests.savepoints import made_once
from tests.test_access import outcome, without_what_varies

# Sessions change by being used; what a refused act may not touch is everything else.
OWN_TRACES = {"django_session", "usersessions_usersession"}
EXAMPLES = {"UUIDConverter": uuid.uuid4(), "NumberConverter": 10**9, "SlugConverter": "nowhere"}

OUTSIDERS = {
    "nobody": "sign in",
    "foreign super user": 404,
    "former super user": 404,
    "support": 404,
    "operator": 404,
    "staff without privileges": 404,
}
NOBODYS = {
    "customer",
    "portal",
    "sequence",
    "form",
    "listed",
    "act",
    "topic",
}  # URL arguments that are no key of a customer's row
# Right actor → who may not, and what each gets.
WRONG: dict[str, dict[str, Any]] = {
    "super user": {**OUTSIDERS, "colleague": "refused"},
    "main": {**OUTSIDERS, "colleague": "refused", "second super user": 403},
    "receiver": {**OUTSIDERS, "colleague": "refused", "super user": 403},
    "person": {**OUTSIDERS, "colleague": 404, "super user": 403},
    "operator": {
        **dict.fromkeys(["super user", "colleague", "foreign super user"], 403),
        **dict.fromkeys(["support", "staff without privileges"], 403),
        "nobody": "sign in",
    },
    "register": {  # of breaches: who may not see it learns nothing (L33)
        **dict.fromkeys(["super user", "colleague", "foreign super user"], 404),
        **dict.fromkeys(["support", "staff without privileges"], 404),
        "nobody": "sign in",
    },
    "desk": {
        **dict.fromkeys(["super user", "colleague", "foreign super user"], 403),
        "staff without privileges": 403,
        "nobody": "sign in",
    },
}
OF_A_CUSTOMER = {"super user", "main", "receiver", "person"}
INSIDE = {"super user", "second super user"}  # they may know of what is not theirs to do


def patterns_by_name() -> dict[str, URLPattern]:
    def walk(patterns: Any, namespaces: tuple[str, ...]) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
                yield from walk(pattern.url_patterns, inner)
            elif pattern.name:
                yield ":".join((*namespaces, pattern.name)), pattern

    return dict(walk(get_resolver().url_patterns, ()))


def converters_of(name: str) -> dict[str, str]:
    """Return the arguments of this URL and their kinds."""
    pattern = patterns_by_name()[name].pattern
    converters = pattern.converters
    return {key: type(converters.get(key)).__name__ for key in pattern.regex.groupindex}


def made_up(name: str, key: str) -> Any:
    return EXAMPLES.get(converters_of(name)[key], "nothing")


def address_of(name: str, act: Act, scene: Scene, /, **instead: Any) -> str:
    values = {**scene.arguments(), **act.at(scene), **instead}
    kwargs = {key: values[key] for key in converters_of(name)}
    return reverse(name, kwargs=kwargs) + act.query(scene)


@pytest.fixture
def fingerprint(db: None) -> Callable[[], dict[str, str]]:
    """Return a function that gives a hash of every table's whole content.

    SQLite counts the rows that a connection has changed: while it counts none, the last hashes
    hold.
    """
    last: tuple[int, dict[str, str]] = (-1, {})

    def take() -> dict[str, str]:
        nonlocal last
        changes = connection.connection.total_changes
        if changes != last[0]:
            last = changes, hashes()
        return last[1]

    return take


def hashes() -> dict[str, str]:
    prints = {}
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor)) - OWN_TRACES
        for table in sorted(tables):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = sorted(map(repr, cursor.fetchall()))
            prints[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return prints


def signed_in(person: User | None) -> Client:
    """A client of this person, who proved who they are just now."""
    client = Client()
    if person is not None:
        client.force_login(person, backend="accounts.backends.PersonBackend")
        session = client.session
        session["account_authentication_methods"] = [
            {"method": "password", "at": timezone.now().timestamp()}
        ]
        session["account_authentication_methods_user"] = str(person.pk)
        session.save()
    return client


def as_seen(response: HttpResponse) -> tuple[Any, ...]:
    """All a reader gets to see of an answer."""
    return response.status_code, response.get("Location"), without_what_varies(response)


scene_of_alder = made_once(lambda: Scene(Customer.objects.get(slug="alder")))
scene_of_birch = made_once(lambda: Scene(Customer.objects.get(slug="birch")))


@pytest.fixture
def theirs(db, scene_of_alder) -> Scene:
    return deepcopy(scene_of_alder)


@pytest.fixture
def own(db, scene_of_birch) -> Scene:
    return deepcopy(scene_of_birch)


@pytest.fixture
def cast(theirs, charlie, dana, olive) -> Callable[[str], Client]:
    """Return a client of any actor: those who may and those who may not."""
    people: dict[str, Any] = {
        "nobody": None,
        "super user": theirs.super_user,
        "main": theirs.super_user,
        "receiver": theirs.second.user,
        "second super user": theirs.second.user,
        "person": theirs.person.user,
        "colleague": theirs.colleague.user,
        "former super user": theirs.former.user,
        "foreign super user": charlie,
        "support": dana,
        "operator": olive,
        "register": olive,
        "desk": dana,
        "staff without privileges": User.objects.create_user(
            "sam@harbour.example", name="Sam", is_staff=True
        ),
    }
    return lambda who: signed_in(people[who])


@pytest.mark.parametrize("name", ACTS)
def test_the_right_actor_succeeds(name, theirs, cast, fingerprint):
    """Else the refusals below would prove nothing."""
    act, client = ACTS[name], cast(ACTS[name].by)
    act.before(theirs)
    before = fingerprint()

    response = client.post(address_of(name, act, theirs), act.data(theirs))

    said = list(get_messages(response.wsgi_request))
    assert outcome(response) == "in"
    assert not [str(message) for message in said if message.level == ERROR]
    assert (fingerprint() != before) is act.writes, [str(message) for message in said]


@pytest.mark.parametrize("name", ACTS)
def test_nobody_else_succeeds(name, theirs, cast, fingerprint):
    act = ACTS[name]
    clients = {who: cast(who) for who in WRONG[act.by] if who not in act.also}
    act.before(theirs)
    before, data = fingerprint(), act.data(theirs)
    for who, client in clients.items():
        response = client.post(address_of(name, act, theirs), data)

        expected = WRONG[act.by][who]
        assert outcome(response) in ((403, 404) if expected == "refused" else (expected,)), who
        assert fingerprint() == before, who
        if who == "nobody" or (who in INSIDE and act.by in OF_A_CUSTOMER):
            continue
        for key in converters_of(name):
            unknown = address_of(name, act, theirs, **{key: made_up(name, key)})
            if who == "colleague" and key == "customer":
                continue  # their own company is no secret
            assert as_seen(client.post(unknown, data)) == as_seen(response), (who, key)


@pytest.mark.parametrize("name", [name for name in ACTS if ACTS[name].by in OF_A_CUSTOMER])
def test_nothing_of_another_customer_is_reached_through_the_own_one(name, theirs, own, fingerprint):
    """A10: Charlie may do all this at Birch, but not to what is Alder's."""
    act = ACTS[name]
    right = {"person": own.person.user, "receiver": own.second.user}
    client = signed_in(right.get(act.by, own.super_user))
    for scene in (theirs, own):
        act.before(scene)
    before = fingerprint()
    foreign = {**theirs.arguments(), **act.at(theirs)}
    for key in converters_of(name).keys() - NOBODYS:
        response = client.post(address_of(name, act, own, **{key: foreign[key]}), act.data(own))

        unknown = client.post(
            address_of(name, act, own, **{key: made_up(name, key)}), act.data(own)
        )
        assert outcome(response) == act.missing, key
        assert as_seen(response) == as_seen(unknown), key
        assert fingerprint() == before, key
    if act.query(theirs) != act.query(own):
        foreign_query = replace(act, query=lambda scene: act.query(theirs))
        response = client.post(address_of(name, foreign_query, own), act.data(own))
        no_query = replace(act, query=lambda scene: "")
        unknown = client.post(address_of(name, no_query, own), act.data(own))
        assert as_seen(response) == as_seen(unknown)
        assert fingerprint() == before
    for key, value in act.data(theirs).items():
        if act.data(own)[key] == value:
            continue
        response = client.post(address_of(name, act, own), {**act.data(own), key: value})

        nothing = {uuid.UUID: uuid.uuid4(), int: 10**9}.get(type(value), "nothing")
        unknown = client.post(address_of(name, act, own), {**act.data(own), key: nothing})
        assert fingerprint() == before, key
        assert as_seen(response)[:2] == as_seen(unknown)[:2], key
