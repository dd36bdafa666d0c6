"""The desk's pages take as many queries for many rows as for few, and page what grows."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.choices import Verification
from accounts.models import SupportCase, User
from accounts.selectors.support import MAX_CASES
from accounts.services import support
from accounts.services.customers import create_customer
from accounts.services.invitations import (
    accept_invitation,
    invite_main_super_user,
    invite_person,
)
from accounts.services.recoveries import propose_recovery
from tests.cases import WHY, confirmed_case, verified_case

PASSWORD = "three unrelated words"
DESK, RECOVERIES = reverse("accounts:desk"), reverse("accounts:desk-recoveries")


@pytest.fixture
def agents(db):
    """Return a function that makes one more agent."""

    def make(number):
        agent = User.objects.create_user(
            f"agent{number}@harbour.example", name=f"Agent {number}", is_staff=True
        )
        agent.groups.add(Group.objects.get(name="Support"))
        return agent

    return make


def queries_of(client, address, django_assert_max_num_queries, most):
    """Return how many queries a page takes, the second time."""
    assert client.get(address).status_code == 200
    with django_assert_max_num_queries(most) as counted:
        assert client.get(address).status_code == 200
    return len(counted)


def test_the_page_of_a_person(
    as_, dana, olive, alice, alder, agents, django_assert_max_num_queries
):
    """With an open, verified case, factors, invitations, what waits, and colleagues' cases."""
    page, client = reverse("accounts:desk-person", args=[alice.sub]), as_(dana)
    sent = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", role="super_user"
    )
    accept_invitation(actor=None, token=sent.token, name="Gina", password=PASSWORD)
    key = Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Key"})
    case = confirmed_case(dana, alice)
    few = queries_of(client, page, django_assert_max_num_queries, 62)

    for number in range(5):
        Authenticator.objects.create(user=alice, type="webauthn", data={"name": f"Key {number}"})
        invite_person(actor=alice, customer=alder, address=f"guest{number}@alder.example")
        agent = agents(number)
        other = verified_case(agent, alice)
        if not number:
            support.remove_factor(actor=agent, case=other, factor=str(key.pk))  # waits
        if number % 2:
            support.close_case(actor=agent, case=other, outcome="helped")
        support.add_reference(
            actor=dana, case=case, kind="ticket", system="RT", external_id=str(number),
            announced=False, keep_until=None,
        )  # fmt: skip
    support.end_all_sessions(actor=dana, case=case)

    assert queries_of(client, page, django_assert_max_num_queries, 62) <= few + 2
    assert "Waiting until" in client.get(page).content.decode()


def test_home_pages_the_open_cases(as_, dana, bob, emma, agents, django_assert_max_num_queries):
    client = as_(dana)
    support.open_case(actor=dana, person=bob, **WHY)
    few = queries_of(client, DESK, django_assert_max_num_queries, 12)
    for number in range(MAX_CASES // 2 + 1):
        agent = agents(number)
        for person in (bob, emma):
            support.open_case(actor=agent, person=person, **WHY)

    assert queries_of(client, DESK, django_assert_max_num_queries, 12) <= few
    first = client.get(DESK).context["cases"]
    rest = client.get(DESK, {"after": first.next_cursor})
    rows = [*first.rows, *rest.context["cases"].rows]
    assert [case.pk for case in rows] == list(
        SupportCase.objects.open().order_by("pk").values_list("pk", flat=True)
    )
    assert len(first.rows) == MAX_CASES
    assert "<svg" in client.get(DESK).content.decode()
    assert "The last 30 days" not in rest.content.decode()


def test_home_says_how_much_waits(as_, dana, bob):
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Key"})
    assert as_(dana).get(DESK).context["figures"].delayed == 0
    case = support.open_case(actor=dana, person=bob, **WHY)
    support.verify(case, Verification.CALL_BACK, by=dana, called_back="company")
    support.remove_factor(actor=dana, case=case, factor=str(key.pk))

    page = as_(dana).get(DESK)

    assert page.context["figures"].delayed == 1
    assert "Acts that wait" in page.content.decode()


def test_the_chart_names_days_as_the_reader_writes_them(as_, dana, bob):
    support.open_case(actor=dana, person=bob, **WHY)
    today = timezone.localdate()
    for language in ("en", "fr"):
        User.objects.filter(pk=dana.pk).update(language=language)
        with translation.override(language):
            named = date_format(today, "MONTH_DAY_FORMAT")
        client = as_(User.objects.get(pk=dana.pk))
        text = client.get(DESK, headers={"accept-language": language}).content.decode()
        assert f">{named}<" in text


def test_what_is_found(as_, dana, alice, alder, django_assert_max_num_queries):
    client = as_(dana)
    few = queries_of(client, f"{DESK}?q=alice", django_assert_max_num_queries, 14)
    assert queries_of(client, f"{DESK}?q=alder", django_assert_max_num_queries, 14) <= few


def test_recoveries_are_paged(as_, dana, olive, django_assert_max_num_queries):
    client, now = as_(dana), timezone.now()

    def propose(number):
        slug = f"c{number}"
        company = create_customer(actor=olive, slug=slug, name=f"Company {number}")
        sent = invite_main_super_user(actor=olive, customer=company, address=f"a@{slug}.example")
        accept_invitation(actor=None, token=sent.token, name="Ann", password=PASSWORD)
        company.refresh_from_db()
        propose_recovery(
            actor=dana, customer=company, address=f"b@{slug}.example", name="Ben", ticket="T-1",
            evidence="The register.", proof="Extract", signed_in_at=now,
        )  # fmt: skip

    propose(0)
    few = queries_of(client, RECOVERIES, django_assert_max_num_queries, 16)
    for number in range(1, 22):
        propose(number)

    assert queries_of(client, RECOVERIES, django_assert_max_num_queries, 16) <= few
    first = client.get(RECOVERIES).context["page"]
    rest = client.get(RECOVERIES, {"after": first.next_cursor}).context["page"]
    assert (len(first.rows), len(rest.rows)) == (20, 2)
    company = client.get(reverse("accounts:desk-recovery", args=["c0"]))
    assert company.status_code == 200
