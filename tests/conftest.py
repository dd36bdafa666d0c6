"""Fixtures for all tests: the database and the example's people and companies.

The example provider is in a kept database (tests/template_database.py) that each process copies;
each test runs in a transaction on the copy. After a test that commits (`transactional_db`), all
rows are restored (tests/cast.py).
"""

import gc
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.cache import cache
from django.db.models.signals import post_save
from django.test import Client, TransactionTestCase
from django.utils import translation
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.choices import EVENT_SENTENCES
from accounts.models import AuditEvent, Customer, Membership, User
from accounts.selectors.events import placeholders_of, undeclared_facts, undeclared_words
from preferences.management.commands.worker import Worker
from tests.cast import keep_cast
from tests.machine import CI
from tests.template_database import layers, prepare, templates

LAYERS = layers()  # now, of the imported code; files may change before the first test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Turn a skipped test into a failure where nothing may be skipped (CI=true)."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Begin on another day if `TEST_DAY` names one, as `2028-02-29 23:50`, in UTC.

    Other processes, certificates and the database's own clock stay in the present.
    """
    if day := os.environ.get("TEST_DAY"):
        time_machine.travel(datetime.fromisoformat(f"{day}+00:00")).start()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a test by the length of a long value: workers send names to and fro, megabytes too."""
    if isinstance(val, str | bytes) and len(val) > 500:
        return f"{argname} of {len(val)}"
    return None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the garbage collector from looking through all modules and tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
) -> Iterator[Callable[[], None]]:
    """Prepare the database; the value is a function that restores the example's rows."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        kept = templates()
        prepare(kept, LAYERS)
        ContentType.objects.get_for_models(
            *apps.get_models()
        )  # so that no test counts these queries
        restore = keep_cast()
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: restore())
        yield restore
        kept.drop()


@pytest.fixture(scope="module")
def committed(django_db_setup: Callable[[], None], django_db_blocker: Any) -> Iterator[None]:
    """Let a fixture commit rows for all tests of a module, which each undo only their own."""
    with django_db_blocker.unblock():
        yield
        django_db_setup()


@pytest.fixture(autouse=True)
def _mail_passes_the_gate(settings: pytest.FixtureRequest) -> None:
    """Use the gate, because Django's test set-up replaces the backend by its own."""
    settings.EMAIL_BACKEND = "preferences.gate.GateBackend"
    mail.outbox = []


@pytest.fixture(autouse=True, scope="session")
def _static_files_are_listed_once() -> Iterator[None]:
    """Let all clients of a process share the list of static files, which each would make itself."""
    listed: dict[str, Any] = {}
    make_list = WhiteNoiseMiddleware.add_files_from_finders

    def share_list(self: WhiteNoiseMiddleware) -> None:
        if not listed:
            make_list(self)
            listed.update(self.files)
        self.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", share_list)
        yield


@pytest.fixture(autouse=True, scope="session")
def _uses_wait_for_their_test() -> Iterator[None]:
    """Start no thread that writes last uses: it would commit outside of the tests' transactions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portals.services.uses.UseRecorder.start", lambda self: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _every_event_fills_its_sentence() -> Iterator[None]:
    """Fail a test that records an event without all data of its sentence, or with more.

    Nothing may be in an event that neither its sentence nor its details say, and each fact is
    declared as personal words or not.
    """

    def check(instance: AuditEvent, **_more: Any) -> None:
        sentence = str(EVENT_SENTENCES.get(instance.kind, ""))
        data = {"actor": instance.actor_name, "customer": "", **instance.data}
        missing = [name for name in placeholders_of(sentence) if data.get(name) is None]
        assert not missing, f"{instance.kind} does not say: {missing}"
        hidden = undeclared_facts(instance)
        assert not hidden, f"{instance.kind} holds what nobody reads: {hidden}"
        undeclared = undeclared_words(instance.kind, instance.data)
        assert not undeclared, f"{instance.kind}: personal words or not? {undeclared}"
        assert "@" not in str(instance.public), f"{instance.kind} shows an address"

    post_save.connect(check, sender=AuditEvent, weak=False)
    yield
    post_save.disconnect(check, sender=AuditEvent)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Clear the cache, which all tests of a process share."""
    cache.clear()


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """Reset the language, which a request leaves active in the thread."""
    translation.deactivate()


@pytest.fixture
def deliver(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[mail.EmailMessage]]:
    """Return a function that runs every due job and returns all sent messages."""
    # A worker closes a connection that is inside a transaction; here that is the test's own.
    monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)

    def run() -> list[mail.EmailMessage]:
        worker = Worker(interval=0)
        while worker.run_round():
            pass
        assert not [job.traceback for job in DBTaskResult.objects.failed()]
        return mail.outbox

    return run


def _person(name: str, home: str) -> Callable[[], User]:
    @pytest.fixture(name=name)
    def person(db: None) -> User:
        return User.objects.get(email=f"{name}@{home}.example")

    return person


def _customer(slug: str) -> Callable[[], Customer]:
    @pytest.fixture(name=slug)
    def customer(db: None) -> Customer:
        return Customer.objects.get(slug=slug)

    return customer


alice = _person("alice", "alder")
bob = _person("bob", "alder")
emma = _person("emma", "alder")
charlie = _person("charlie", "birch")
frank = _person("frank", "cedar")
dana = _person("dana", "harbour")
olive = _person("olive", "harbour")
alder = _customer("alder")
birch = _customer("birch")
cedar = _customer("cedar")


@pytest.fixture
def membership() -> Callable[[User], Membership]:
    """Return a function that finds a person's current membership."""
    return lambda user: Membership.objects.get(user=user, ended_at=None)


@pytest.fixture
def as_(db: None) -> Callable[[User | None], Client]:
    """Return a function that gives a client signed in as a person (None: signed out)."""

    def sign_in(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="accounts.backends.PersonBackend")
        return client

    return sign_in
