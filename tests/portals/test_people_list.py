"""The people list: filters, search, sort order, paging by key and export."""

import csv
import io
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.selectors import sentence_of
from accounts.selectors.people_list import PeopleFilter, narrowed, people_page
from accounts.services.audit import verify_chain
from accounts.services.customers import suspend_customer
from accounts.services.exports import record_people_export
from accounts.services.memberships import suspend_membership, update_work_details
from tests.savepoints import made_once

LIST = "/c/alder/people/"
EXPORT = "/c/alder/people/export/"


def names(response):
    return [membership.work_name.split()[0] for membership in response.context["page"]]


@pytest.fixture
def mixed(alice, bob, emma, membership):
    """Bob is suspended and never came; Emma leaves, has a second factor, and came long ago."""
    now = timezone.now()
    suspend_membership(actor=alice, membership=membership(bob))
    Membership.objects.filter(user=emma).update(ends_at=now + timedelta(days=9))
    Authenticator.objects.create(user=emma, type="totp", data={})
    Authenticator.objects.create(user=bob, type="recovery_codes", data={})  # is none by itself
    User.objects.filter(pk=alice.pk).update(last_login=now)
    User.objects.filter(pk=bob.pk).update(last_login=None)
    User.objects.filter(pk=emma.pk).update(last_login=now - timedelta(days=91))


@pytest.mark.parametrize(
    ("people_filter", "found"),
    [({}, ["Alice", "Bob", "Emma"]), ({"role": "super_user"}, ["Alice"]),
     ({"role": "user"}, ["Bob", "Emma"]), ({"state": "active"}, ["Alice"]),
     ({"state": "suspended"}, ["Bob"]), ({"state": "offboarding"}, ["Emma"]),
     ({"factor": "yes"}, ["Emma"]), ({"factor": "no"}, ["Alice", "Bob"]),
     ({"away": "yes"}, ["Bob", "Emma"]), ({"away": "yes", "factor": "yes"}, ["Emma"]),
     ({"state": "suspended", "factor": "yes"}, []), ({"q": "emma@", "role": "user"}, ["Emma"]),
     ({"q": "emma", "state": "suspended"}, []), ({"sort": "newest"}, ["Emma", "Bob", "Alice"]),
     ({"sort": "sign-in"}, ["Bob", "Emma", "Alice"]),
     ({"sort": "sign-in", "q": "e"}, ["Emma"]), ({"sort": "name"}, ["Alice", "Bob", "Emma"])],
)  # fmt: skip
def test_filters_and_sorts(people_filter, found, mixed, as_, alice):
    whole = as_(alice).get(LIST, people_filter)
    part = as_(alice).get(LIST, people_filter, headers={"HX-Request": "true"})

    assert names(whole) == names(part) == found
    assert part["HX-Push-Url"].startswith(LIST)


def test_filter_by_team(as_, alice, alder, charlie, birch):
    team = alder.teams.get()

    assert names(as_(alice).get(LIST, {"team": team.uuid})) == ["Emma"]


def test_filter_by_portal_uses_the_decision(mixed, as_, alice):
    """Bob is registered for webmail; suspended, he may not open it."""
    assert names(as_(alice).get(LIST, {"portal": "webmail"})) == ["Alice", "Emma"]


@pytest.mark.parametrize(
    "people_filter",
    [{"role": "boss"}, {"team": "x"}, {"team": "00000000-0000-4000-8000-000000000000"},
     {"portal": "nowhere"}, {"state": "\0"}, {"sort": "password"}, {"away": "no"}],
)  # fmt: skip
def test_an_invalid_filter_finds_nobody_and_is_explained(people_filter, as_, alice):
    answer = as_(alice).get(LIST, people_filter)

    assert answer.status_code == 200
    assert names(answer) == []
    assert list(answer.context["form"].errors) == list(people_filter)
    assert "Clear all filters" in answer.content.decode()
    assert as_(alice).post(f"{EXPORT}?{next(iter(people_filter))}=x").status_code == 302


def test_a_team_of_another_company_is_an_invalid_filter(as_, alice, charlie, birch):
    from accounts.services.teams import create_team

    theirs = create_team(actor=charlie, customer=birch, name="Drivers")

    assert list(as_(alice).get(LIST, {"team": theirs.uuid}).context["form"].errors) == ["team"]


def test_each_filter_is_a_removable_chip(as_, alice):
    answer = as_(alice).get(LIST, {"q": "b", "role": "user", "sort": "newest"})

    assert [chip["without"] for chip in answer.context["chips"]] == [
        "role=user&sort=newest",
        "q=b&sort=newest",
    ]
    assert "Role: User" in answer.content.decode()


def test_an_empty_result_offers_to_clear_the_filters(as_, alice):
    html = as_(alice).get(LIST, {"state": "offboarding"}).content.decode()

    assert "No member matches these filters" in html
    assert "Clear all filters" in html


def test_rows_show_second_factor_and_last_sign_in(mixed, as_, alice):
    html = as_(alice).get(LIST, {"state": "suspended"}).content.decode()

    assert "never" in html
    assert "Select Bob Tremblay" in html


def pages(people_filter, customer, size):
    seen, after = [], ""
    while True:
        page = people_page(customer, people_filter, after=after, size=size)
        assert len(page) <= size
        seen += [membership.pk for membership in page]
        after = page.next_cursor
        if not after:
            return seen


@pytest.fixture
def crowd(alder):
    """Names and addresses that begin alike, some both, and twins."""
    people = User.objects.bulk_create(
        User(email=f"{who}{n}@crowd.example", name=name, last_login=seen)
        for n in range(4)
        for who, name, seen in [
            ("kim", "Kim Park", None), ("kim-", "Ola Berg", timezone.now()), ("x", "Kimi Ito", None)
        ]
    )  # fmt: skip
    Membership.objects.bulk_create(
        Membership(customer=alder, user=person, work_name=person.name) for person in people
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 12, 50])
@pytest.mark.parametrize("search", ["", "kim", "kim pa", "crowd kim park"])
@pytest.mark.parametrize("sort", ["name", "newest", "sign-in"])
def test_pages_show_everyone_once(size, search, sort, crowd, alder):
    people_filter = PeopleFilter(search=search, sort=sort)
    wanted = {"": 15, "kim": 12, "kim pa": 4, "crowd kim park": 4}[search]

    seen = pages(people_filter, alder, size)

    assert len(seen) == len(set(seen)) == wanted
    assert seen == pages(people_filter, alder, 50)


def test_whole_words_come_first_then_longer_ones(crowd, alder):
    found = [m.work_name for m in people_page(alder, PeopleFilter(search="kim"))]

    assert found == ["Kim Park"] * 4 + ["Ola Berg"] * 4 + ["Kimi Ito"] * 4


@pytest.mark.parametrize(
    "people_filter", [{}, {"q": "bob"}, {"sort": "newest"}, {"sort": "sign-in"}]
)
def test_a_cursor_of_another_company_is_a_bad_request_A5(
    people_filter, as_, alice, charlie, membership
):
    after = membership(charlie).pk

    assert as_(alice).get(LIST, {**people_filter, "after": after}).status_code == 400


def exported(response):
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_filtered_list_is_exported(mixed, as_, alice, alder):
    response = as_(alice).post(f"{EXPORT}?state=offboarding&sort=newest")

    heading, row = exported(response)
    assert heading[:3] == ["Name", "Address", "Work phone"]
    assert row[:2] == ["Emma Roy", "emma@alder.example"]
    assert row[6:8] == ["Reception", "Yes"]
    event = AuditEvent.objects.filter(customer=alder).latest("pk")
    assert (event.kind, event.actor) == ("people.exported", alice)
    assert event.data == {"count": 1, "filters": "state=offboarding"}
    assert sentence_of(event) == "Alice Martin exported the list of people (1)."
    assert verify_chain(f"customer:{alder.pk}")


def test_no_cell_is_a_formula(as_, alice, bob, membership):
    update_work_details(
        actor=alice, membership=membership(bob), work_name="=HYPERLINK(1)", work_phone="+1 514"
    )

    rows = exported(as_(alice).post(EXPORT))

    assert ["'=HYPERLINK(1)", "bob@alder.example", "'+1 514"] in [row[:3] for row in rows]


def many_people():
    """Add thousands of people, a few of them out of the ordinary."""
    birch, alder = (Customer.objects.get(slug=slug) for slug in ("birch", "alder"))
    people = User.objects.bulk_create(
        User(email=f"p{n}@many.example", name=f"{n % 97} Person {n}") for n in range(6000)
    )
    now = timezone.now()
    Membership.objects.bulk_create(
        Membership(
            customer=birch if n % 30 else alder,
            user=person,
            work_name=person.name,
            suspended_at=now if n % 500 == 1 else None,
            ends_at=now + timedelta(days=5) if n % 500 == 2 else None,
        )
        for n, person in enumerate(people)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


many = made_once(many_people, scope="class")


ASKED = [
    {}, {"q": "p"}, {"role": "user"}, {"state": "active"}, {"factor": "yes"}, {"away": "yes"},
    {"portal": "webmail"}, {"sort": "newest"}, {"sort": "sign-in", "q": "1"},
]  # fmt: skip


class TestThousands:
    @pytest.mark.parametrize(
        ("people_filter", "index"),
        [({}, "membership_by_name"), ({"role": "super_user"}, "membership_by_role"),
         ({"state": "suspended"}, "membership_suspended"),
         ({"state": "offboarding"}, "membership_offboarding")],
    )  # fmt: skip
    def test_filtered_ones_use_their_index(self, people_filter, index, birch, many):
        rows = narrowed(birch, PeopleFilter(**people_filter)).order_by("search_name", "pk")[:51]

        plan = rows.explain()
        # Few leave anywhere: PostgreSQL may look all of these up and sort them.
        assert index in plan or (index == "membership_offboarding" and "membership_by_end" in plan)

    def test_the_newest_first_use_their_index(self, birch, many):
        rows = narrowed(birch, PeopleFilter()).order_by("-joined_at", "-pk")[:51]

        assert "membership_by_age" in rows.explain()

    @pytest.mark.parametrize("people_filter", ASKED)
    def test_query_budget(self, people_filter, many, as_, charlie, django_assert_max_num_queries):
        client = as_(charlie)
        client.get("/c/birch/people/")

        with django_assert_max_num_queries(15):
            assert client.get("/c/birch/people/", people_filter).status_code == 200

    def test_they_are_exported_in_few_queries(
        self, many, as_, charlie, birch, django_assert_max_num_queries
    ):
        client = as_(charlie)
        there = birch.memberships.count()

        with django_assert_max_num_queries(15 + 4 * (there // 500 + 1)):
            rows = exported(client.post("/c/birch/people/export/"))

        assert len(rows) == there + 1


@pytest.mark.parametrize(
    ("who", "status"), [("bob", 403), ("charlie", 404), ("dana", 404), ("olive", 404), (None, 302)]
)
def test_only_its_super_users_export_it(who, status, request, as_, db):
    before = AuditEvent.objects.filter(kind="people.exported").count()

    answer = as_(request.getfixturevalue(who) if who else None).post(EXPORT)

    assert answer.status_code == status
    assert AuditEvent.objects.filter(kind="people.exported").count() == before


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_the_export_service_refuses_others(who, request, alder):
    with pytest.raises(PermissionDenied):
        record_people_export(
            actor=request.getfixturevalue(who),
            customer=alder,
            people_filter=PeopleFilter(),
            filters="",
        )


def test_an_export_needs_a_post(as_, alice):
    assert as_(alice).get(reverse("portals:people-export", args=["alder"])).status_code == 405


def test_a_suspended_company_can_be_exported_but_not_changed(as_, alice, olive, alder):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")

    assert len(exported(as_(alice).post(EXPORT))) == 4
    assert "Selected people" not in as_(alice).get(LIST).content.decode()
