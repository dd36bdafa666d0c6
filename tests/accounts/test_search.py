"""Search by the beginnings of words, with an index; lists paged by key."""

import pytest
from django.db import connection
from django.db.models import Q

from accounts.models import Customer, CustomerSearchEntry, Membership, User
from accounts.models.search import by_match
from accounts.search import MAX_WORDS, WORD_LENGTH, words_of
from accounts.selectors import (
    BadCursor,
    activity_of,
    customers_for_staff,
    find_people,
    invitations_of,
    page_of,
    people_of,
)
from accounts.selectors.paging import Part
from accounts.services.invitations import invite_person
from accounts.services.memberships import update_work_details
from accounts.services.people import follow_address_change


@pytest.mark.parametrize(
    ("search", "found"),
    [("bob", ["Bob Tremblay"]), ("BOB T", ["Bob Tremblay"]), ("  trem   bob", ["Bob Tremblay"]),
     ("tremblay", ["Bob Tremblay"]), ("emma@alder", ["Emma Roy"]), ("roy", ["Emma Roy"]),
     ("@alder.ex roy", ["Emma Roy"]), ("roy bob", []), ("%", []), ("_ob", []),
     ("ob", []), ("bob%", []), ("--", []), ("'", []), ("\U0010ffff", []),
     ("alder.example", ["Alice Martin", "Bob Tremblay", "Emma Roy"]),
     ("", ["Alice Martin", "Bob Tremblay", "Emma Roy"])],
)  # fmt: skip
def test_people_by_the_beginnings_of_words(search, found, alder):
    """Reported of others as keycloak/keycloak#15232 and #21053: only a beginning was searched."""
    assert [m.work_name for m in people_of(alder, search=search)] == found


@pytest.mark.parametrize(
    ("name", "searches"),
    [
        ("Zoë Lévesque", ["Zoe", "zoë", "ZOË LÉV", "levesque zoe", "ｚｏｅ"]),
        ("Jean-François Côté", ["francois", "jean-f", "jean francois", "cote jean", "Jean‑F"]),
        ("Sinéad O’Neil", ["o'neil", "oneil", "O’N", "neil", "sinead o`neil"]),
        ("Łukasz Søndergård-Đorđević", ["lukasz", "łuk", "sondergard", "dordevic", "SØND"]),
        ("Jörg Straße", ["strasse", "straße", "jorg str"]),
        ("Þóra Æsudóttir", ["thora", "þóra", "aesud"]),
        ("田中 太郎", ["田中", "太"]),
        ("Marie d'Amour", ["amour", "d'am", "damour"]),
    ],
)  # fmt: skip
def test_accents_case_letters_and_signs_do_not_matter(
    name, searches, alice, bob, alder, membership
):
    """Reported of others as sagemathinc/cocalc#4967 and keycloak/keycloak#16139."""
    update_work_details(actor=alice, membership=membership(bob), work_name=name, work_phone="")

    for search in searches:
        assert [m.user for m in people_of(alder, search=search)] == [bob], search


@pytest.mark.parametrize(
    ("address", "searches"),
    [
        ("finn.ray-marsh@pine.example", ["finn.r", "ray", "marsh@pine", "pine.ex", "@pine"]),
        ("post@xn--strae-oqa.example", ["straße.ex", "strasse", "xn--strae", "post@straß"]),
        ("a_b+c@mail.pine.example", ["b+c@", "pine", "mail.pine"]),
    ],
)
def test_an_address_is_found_by_what_is_before_and_after_its_signs(
    address, searches, bob, alder, membership
):
    bob.email = address
    bob.save(update_fields=["email"])
    follow_address_change(actor=bob, previous="bob@alder.example")

    for search in searches:
        assert [m.user for m in people_of(alder, search=search)] == [bob], search
        assert [person.pk for person in find_people(search)] == [bob.pk], search
    assert not people_of(alder, search="bob@alder")


def test_only_the_own_company_is_searched(alder):
    assert not people_of(alder, search="charlie")


def test_a_pending_invitation_is_found_by_name_and_address(alice, alder, birch):
    invite_person(actor=alice, customer=alder, address="gina@pine.example", name="Gina Roy")

    for search in ("roy", "gina@", "pine", "roy gina"):
        assert [i.address for i in invitations_of(alder, search=search)] == ["gina@pine.example"]
        assert not invitations_of(birch, search=search)
    assert not invitations_of(alder, search="bob")


def entries_of(row):
    return sorted(row.search_entries.values_list("entry", flat=True))


def test_entries_follow_their_row_whatever_writes_it(alder, bob, membership):
    """By save, by update, by raw SQL and at its end: the triggers keep them."""
    row = membership(bob)
    assert entries_of(row) == [
        "alder.example bob tremblay",
        "bob bob tremblay",
        "bob@alder.example bob tremblay",
        "tremblay bob tremblay",
    ]

    Membership.objects.filter(pk=row.pk).update(search_words='a"b c\\d', search_name="x")
    assert entries_of(row) == ['a"b x', "c\\d x"]
    Membership.objects.filter(pk=row.pk).update(search_words="")
    assert entries_of(row) == []

    gone = Customer.objects.create(slug="gone", name="Gone")
    entries = CustomerSearchEntry.objects.filter(row=gone.pk)
    assert entries.exists()
    gone.delete()
    assert not entries.exists()


def test_a_text_of_many_parts_has_a_bounded_number_of_words():
    words = words_of("a." * 150, "b" * 300)

    assert len(words) == MAX_WORDS
    assert max(map(len, words)) <= WORD_LENGTH


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

    assert find_people("1 person").rows == [people[1]]
    assert people_of(alder, search="p2@bulk").get().user == people[2]


def test_saving_only_a_name_updates_its_search_key(bob):
    bob.name = "Robert"
    bob.save(update_fields=["name"])

    assert find_people("robert").rows == [bob]


def first_page(rows, text, **scope):
    return by_match(rows, text, **scope).order_by("match", "match_row")[:50]


class TestPlans:
    """With thousands of rows, made once."""

    def test_the_people_search_reads_one_index_in_its_order(self, birch, explain):
        """So a page costs the same however many people are found."""
        plan = explain(first_page(birch.memberships.all(), "person", customer=birch))

        assert "membership_by_word" in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan

    def test_other_searches_use_their_index(self, alder, explain):
        assert "membership_by_word" in explain(people_of(alder, search="bob"))
        assert "person_by_word" in explain(first_page(User.objects.all(), "person"))
        assert "customer_by_word" in explain(first_page(Customer.objects.all(), "comp"))

    def test_the_people_list_uses_its_index(self, alder, explain):
        assert "membership_by_name" in explain(
            Membership.objects.filter(customer=alder, search_name__gte="bob").order_by(
                "search_name", "pk"
            )[:50]
        )

    def test_the_trail_uses_its_index(self, alder, explain):
        assert "event_by_customer" in explain(activity_of(alder)[:50])


def test_customers_by_name_and_short_name(db):
    assert [c.slug for c in customers_for_staff(search="Logis Birch")] == ["birch"]
    assert [c.slug for c in customers_for_staff(search="ced")] == ["cedar"]


def pages(rows, among, order, size, parts=None):
    seen, cursor = [], ""
    while True:
        page = page_of(rows, among=among, order=order, after=cursor, size=size, parts=parts)
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


@pytest.mark.parametrize("size", [1, 2, 50])
def test_the_parts_of_a_list_make_the_same_pages(size, alder):
    everyone, among = people_of(alder), alder.memberships.all()
    parts = [
        Part(Q(role="super_user")),
        Part(Q(search_name__lt="c")),
        Part(Q(search_name__gt="b"), is_small=True),
    ]

    assert pages(everyone, among, ("search_name", "pk"), size, parts) == list(everyone)
    some = pages(everyone, among, ("search_name", "pk"), size, parts[:2])
    assert some == list(everyone.filter(Q(role="super_user") | Q(search_name__lt="c")))
    assert pages(everyone, among, ("search_name", "pk"), size, []) == []


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
    sql = """SELECT count(*) FROM information_schema.columns
             WHERE column_name IN ('search_name', 'entry')
             AND collation_name IS DISTINCT FROM 'C'"""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.fetchone() == (0,)
