"""Search by prefix of a normalised name or address, with an index; lists paged by key."""

import pytest
from django.db import connection

from accounts.models import Customer, Membership, User
from accounts.selectors import (
    BadCursor,
    activity_of,
    customers_for_staff,
    find_people,
    page_of,
    people_of,
)
from accounts.services.memberships import update_work_details


@pytest.mark.parametrize(
    ("search", "found"),
    [("bob", ["Bob Tremblay"]), ("BOB T", ["Bob Tremblay"]), ("  bob   trem", ["Bob Tremblay"]),
     ("emma@alder", ["Emma Roy"]), ("tremblay", []), ("%", []), ("_ob", []), ("bob%", []),
     ("\U0010ffff", []), ("", ["Alice Martin", "Bob Tremblay", "Emma Roy"])],
)  # fmt: skip
def test_people_by_prefix(search, found, alder):
    assert [m.work_name for m in people_of(alder, search=search)] == found


@pytest.mark.parametrize("search", ["Zoe", "zoë", "ZOË LÉV", "zoe levesque", "ｚｏｅ"])
def test_accents_and_case_do_not_matter(search, alice, bob, alder, membership):
    update_work_details(
        actor=alice, membership=membership(bob), work_name="Zoë Lévesque", work_phone=""
    )

    assert [m.user for m in people_of(alder, search=search)] == [bob]


def test_only_the_own_company_is_searched(alder):
    assert not people_of(alder, search="charlie")


def test_a_search_key_is_limited_in_length(bob, membership):
    """U+FDFA alone becomes eighteen letters."""
    changed = membership(bob)
    changed.work_name = "\ufdfa" * 150
    changed.save()

    changed.refresh_from_db()
    assert len(changed.search_name) <= 600


def test_bulk_creation_keeps_the_keys(alder):
    people = User.objects.bulk_create(
        [User(email=f"p{n}@bulk.example", name=f"Pérson {n}") for n in range(3)]
    )
    Membership.objects.bulk_create(
        [Membership(customer=alder, user=person, work_name=person.name) for person in people]
    )

    assert find_people("person 1").get() == people[1]
    assert people_of(alder, search="p2@bulk").get().user == people[2]


def test_saving_only_a_name_updates_its_search_key(bob):
    bob.name = "Robert"
    bob.save(update_fields=["name"])

    assert find_people("robert").get() == bob


def test_the_people_search_uses_its_indexes(alder, explain):
    plan = explain(people_of(alder, search="bob"))

    assert "membership_by_name" in plan
    assert "membership_by_address" in plan


def test_the_people_list_uses_its_index(alder, explain):
    assert "membership_by_name" in explain(
        Membership.objects.filter(customer=alder, search_name__gte="bob").order_by(
            "search_name", "pk"
        )[:50]
    )


def test_the_desk_search_uses_its_indexes(explain, db):
    plan = explain(find_people("bob"))

    assert "person_by_name" in plan
    assert "person_by_address" in plan


def test_the_customer_search_uses_its_indexes(explain, db):
    plan = explain(Customer.objects.matching("ald"))

    assert "customer_by_name" in plan
    assert "customer_by_short_name" in plan


def test_the_trail_uses_its_index(alder, explain):
    assert "event_by_customer" in explain(activity_of(alder)[:50])


def test_customers_by_name_and_short_name(db):
    assert [c.slug for c in customers_for_staff(search="Birch L")] == ["birch"]
    assert [c.slug for c in customers_for_staff(search="ced")] == ["cedar"]


def pages(rows, among, order, size):
    seen, cursor = [], ""
    while True:
        page = page_of(rows, among=among, order=order, after=cursor, size=size)
        seen += page.rows
        cursor = page.next_cursor
        if not cursor:
            return seen


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_show_everyone_once(size, alder):
    """Two people of one name are told apart by their number."""
    twins = User.objects.bulk_create(
        [User(email=f"t{n}@twins.example", name="Bob Tremblay") for n in range(4)]
    )
    for person in twins:
        Membership.objects.create(customer=alder, user=person, work_name="Bob Tremblay")
    everyone = list(people_of(alder))

    assert pages(people_of(alder), alder.memberships.all(), ("search_name", "pk"), size) == everyone


def test_pages_of_the_trail_run_backwards(alder):
    events = activity_of(alder)

    assert pages(events, events, ("-pk",), 3) == list(events)


def test_a_cursor_survives_the_removal_of_its_row(alder, bob, membership, alice):
    from accounts.services.memberships import remove_membership

    cursor = str(membership(bob).pk)
    remove_membership(actor=alice, membership=membership(bob))

    page = page_of(
        people_of(alder),
        among=alder.memberships.all(),
        order=("search_name", "pk"),
        after=cursor,
    )
    assert [m.work_name for m in page] == ["Emma Roy"]


@pytest.mark.parametrize("after", ["0", "-1", "x", "1.5", "²", "9" * 19, "9" * 30, "\x00", "1 "])
def test_invalid_cursors_are_refused_J5(after, alder):
    with pytest.raises(BadCursor):
        page_of(people_of(alder), among=alder.memberships.all(), order=("pk",), after=after)


def test_a_cursor_of_another_company_is_refused_A5(alder, charlie, membership):
    after = str(membership(charlie).pk)
    with pytest.raises(BadCursor):
        page_of(people_of(alder), among=alder.memberships.all(), order=("pk",), after=after)


def test_keys_are_compared_by_byte(db):
    """Otherwise a prefix is no index range on PostgreSQL."""
    if connection.vendor != "postgresql":
        return
    sql = """SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'search_%%'
             AND table_name LIKE 'accounts_%%' AND collation_name IS DISTINCT FROM 'C'"""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.fetchone() == (0,)
