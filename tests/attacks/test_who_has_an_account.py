"""Nobody learns who has an account by asking: the hub does the same work for every address.

Work is counted, not timed: the queries, the jobs, the hashes and the emails written in the request.
(OWASP's testing guide, WSTG-IDNT-04, times the answer of the reset form.)
"""

import difflib
import re

import pytest
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import AuditEvent, CompanyDomain, CompanySignIn, Invitation
from accounts.services.invitations import invite_person
from hub.example import PASSWORD
from hub.limits import ACCOUNT_RATE_LIMITS
from preferences.models import Message

KNOWN, UNKNOWN = "charlie@birch.example", "nobody@birch.example"


@pytest.fixture
def work_of(db, monkeypatch, settings):
    """work_of(act) → what it did: its statements, jobs, emails, and hash computations."""
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    computed = []
    _count(monkeypatch, MD5PasswordHasher, "encode", computed)  # of a password, and to check one
    _count(monkeypatch, EmailAwarePasswordResetTokenGenerator, "make_token", computed)

    def work(act):
        computed.clear()
        jobs, emails = DBTaskResult.objects.count(), Message.objects.count()
        with CaptureQueriesContext(connection) as queries:
            answer = act()
        return {
            "statements": [_shape(query["sql"]) for query in queries],
            "jobs": DBTaskResult.objects.count() - jobs,
            "emails": Message.objects.count() - emails,
            "hashes": list(computed),
            "answer": answer,
        }

    return work


def _count(monkeypatch, owner, name, computed):
    inner = getattr(owner, name)

    def counted(*args, **kwargs):
        computed.append(name)
        return inner(*args, **kwargs)

    monkeypatch.setattr(owner, name, counted)


def _shape(sql):
    """A statement without its values."""
    return re.sub(
        r"'(?:[^']|'')*'|\b\d+\b|\b[0-9a-f]{32}\b|\bs\d+_x\d+\b|\b_django_curs_\w+|\bNULL\b",
        "?",
        sql,
    )


def differ(known, unknown):
    """Say in what two works differ."""
    lines = [
        [*work["statements"], *str(work["answer"]).split("\\n"), *map(str, work["hashes"])]
        for work in (known, unknown)
    ]
    return "\n".join(difflib.unified_diff(*lines, "known", "unknown", n=0, lineterm=""))


def told(response):
    """What an answer tells: status, where to, and text without what differs each time."""
    random = r'(csrfmiddlewaretoken" value|nonce)="[^"]*"|"X-CSRFToken": "[^"]*"'
    text = re.sub(random, "", response.content.decode())
    text = text.replace(KNOWN, "").replace(UNKNOWN, "")
    return response.status_code, response.get("Location"), text


def test_the_reset_form_does_the_same_for_every_address(work_of):
    def ask(address):
        return lambda: told(Client().post(reverse("account_reset_password"), {"email": address}))

    work_of(ask("first@alder.example"))  # caches fill
    known, unknown = work_of(ask(KNOWN)), work_of(ask(UNKNOWN))

    assert known == unknown, differ(known, unknown)
    assert known["jobs"] == 1 and known["emails"] == 0 and not known["hashes"]


def test_the_job_finds_the_person(db, deliver):
    for address in (UNKNOWN, KNOWN, "Charlie@BIRCH.example"):
        Client().post(reverse("account_reset_password"), {"email": address})

    assert [mail.to for mail in deliver()] == [[KNOWN], [KNOWN]]


def test_the_job_writes_to_no_closed_account(charlie, deliver):
    charlie.is_active = False
    charlie.save()

    Client().post(reverse("account_reset_password"), {"email": KNOWN})

    assert deliver() == []


def test_a_bad_address_is_refused_before_any_work(work_of):
    done = work_of(
        lambda: Client().post(reverse("account_reset_password"), {"email": "a b@x"}).status_code
    )

    assert done["answer"] == 200 and done["jobs"] == 0


def test_a_wrong_password_costs_one_hash_for_every_address(work_of):
    def guess(address):
        data = {"login": address, "password": "a wrong password"}
        return lambda: told(Client().post(reverse("account_login"), data))

    work_of(guess("first@alder.example"))
    known, unknown = work_of(guess(KNOWN)), work_of(guess(UNKNOWN))

    assert 'FROM "accounts_user"' in unknown["statements"].pop(2)  # by allauth: 0.1 ms
    assert known == unknown, differ(known, unknown)
    assert known["jobs"] == 1 and known["hashes"] == ["encode"]


@pytest.fixture
def _own_sign_in(birch):
    now = timezone.now()
    CompanyDomain.objects.create(customer=birch, domain="birch.example", proven_at=now, proof="dns")
    CompanySignIn.objects.create(
        customer=birch, issuer="https://login.birch.example", tried_at=now, in_force_since=now
    )


@pytest.mark.parametrize(
    "name", ["account_login", "account_reset_password", "accounts:sign-in-code"]
)
@pytest.mark.usefixtures("_own_sign_in")
def test_a_company_with_its_own_sign_in_does_the_same_for_every_address(name, work_of):
    def ask(address):
        data = {"login": address, "password": "wrong"} if "login" in name else {"email": address}
        return lambda: told(Client().post(reverse(name), data))

    work_of(ask("first@birch.example"))
    known, unknown = work_of(ask(KNOWN)), work_of(ask(UNKNOWN))

    if name == "account_login":
        assert 'FROM "accounts_user"' in unknown["statements"].pop(2)
    assert known == unknown, differ(known, unknown)
    assert known["answer"][1] == reverse("accounts:company-sign-in-ask")


def test_the_job_records_the_refusal(charlie, deliver):
    for address in (UNKNOWN, KNOWN):
        Client().post(reverse("account_login"), {"login": address, "password": "wrong"})
    deliver()

    refused = AuditEvent.objects.filter(kind="sign_in.failed")
    assert [event.person for event in refused] == [charlie]


def test_an_address_change_does_the_same_for_every_address(as_, bob, emma, work_of):
    def change(person, address):
        client = as_(person)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        data = {"action_add": "", "email": address}
        return lambda: told(client.post(reverse("account_email"), data))

    work_of(change(bob, "first@alder.example"))
    work_of(change(emma, "first@alder.example"))
    known, unknown = work_of(change(bob, KNOWN)), work_of(change(emma, UNKNOWN))

    assert known == unknown, differ(known, unknown)
    assert known["emails"] == 1


def test_an_invitation_does_the_same_for_every_address(alice, alder, work_of):
    def invite(address):
        def act():
            return type(invite_person(actor=alice, customer=alder, address=address)) is Invitation

        return act

    work_of(invite("first@birch.example"))
    known, unknown = work_of(invite(KNOWN)), work_of(invite(UNKNOWN))

    assert known == unknown, differ(known, unknown)
    assert known["emails"] == 1


def test_an_emailed_code_is_the_same_work_for_every_address(work_of):
    """The browser's session, the row and the job are the same; the job looks the person up."""

    def ask(address):
        client = Client()
        data = {"email": address}
        return lambda: (
            told(client.post(reverse("accounts:sign-in-code"), data)),
            told(client.get(reverse("accounts:sign-in-code-enter"))),
        )

    work_of(ask("first@alder.example"))  # caches fill
    known, unknown = work_of(ask(KNOWN)), work_of(ask(UNKNOWN))

    assert known == unknown, differ(known, unknown)
    assert known["jobs"] == 1 and known["emails"] == 0


def test_a_wrong_emailed_code_is_the_same_work_for_every_address(work_of):
    def enter(address):
        client = Client()
        client.post(reverse("accounts:sign-in-code"), {"email": address})
        page = reverse("accounts:sign-in-code-enter")
        return lambda: told(client.post(page, {"code": "BBBB-BBBB"}))

    work_of(enter("first@alder.example"))
    known, unknown = work_of(enter(KNOWN)), work_of(enter(UNKNOWN))

    assert known == unknown, differ(known, unknown)
