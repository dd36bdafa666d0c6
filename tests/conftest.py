"""The cast, and what every test stands on.

The example provider is in a database that is kept (tests/template_database.py) and copied for each
process; each test runs in a transaction over the copy. After a test that commits
(`transactional_db`), every row is put back as it was (tests/cast.py).
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.cache import cache
from django.db.models.signals import post_save
from django.test import Client, TransactionTestCase
from django.utils import translation
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from accounts.choices import EVENT_SENTENCES
from accounts.models import AuditEvent, Customer, Membership, User
from accounts.selectors.trail import named_in
from preferences.management.commands.worker import Worker
from tests.cast import keep_cast
from tests.machine import CI
from tests.template_database import layers, prepare, templates

LAYERS = layers()  # of the code just imported; the first test may come much later


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where everything is there to run everything (CI=true), a skipped test is a failed one."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: pytest.FixtureRequest,
) -> Iterator[None]:
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        kept = templates()
        prepare(kept, LAYERS)
        ContentType.objects.get_for_models(*apps.get_models())  # or a first test counts queries
        put_back = keep_cast()
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: put_back())
        yield
        kept.drop()


@pytest.fixture(autouse=True)
def _mail_passes_the_gate(settings: pytest.FixtureRequest) -> None:
    """Django's test set-up swaps the backend for its own; put the gate back."""
    settings.EMAIL_BACKEND = "preferences.gate.GateBackend"
    mail.outbox = []


@pytest.fixture(autouse=True, scope="session")
def _uses_wait_for_their_test() -> Iterator[None]:
    """No thread keeps last uses while tests run: it would commit beside their transactions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portals.services.uses.UseRecorder.start", lambda self: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _every_event_fills_its_sentence() -> Iterator[None]:
    """Whoever records an event that lacks a word of its own sentence fails the test."""

    def check(instance: AuditEvent, **_more: Any) -> None:
        sentence = str(EVENT_SENTENCES.get(instance.kind, ""))
        words = {"actor": instance.actor_name, "customer": "", **instance.data}
        missing = [name for name in named_in(sentence) if words.get(name) is None]
        assert not missing, f"{instance.kind} does not say: {missing}"

    post_save.connect(check, sender=AuditEvent, weak=False)
    yield
    post_save.disconnect(check, sender=AuditEvent)


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet() -> None:
    """The cache is the process's: what one test counted, or cached, is nothing to the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def _nobodys_language() -> None:
    """A request leaves its reader's language behind in the thread; each test begins without."""
    translation.deactivate()


@pytest.fixture
def deliver(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[mail.EmailMessage]]:
    """Run every due job in this process; the result is what the transport got so far."""
    # Between jobs a worker drops a connection that is inside a transaction; ours is the test's.
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
    """A person's present membership."""
    return lambda user: Membership.objects.get(user=user, ended_at=None)


@pytest.fixture
def as_(db: None) -> Callable[[User | None], Client]:
    """A client signed in as this person (None: signed out)."""

    def sign_in(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in
