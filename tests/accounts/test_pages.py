"""Who may open each page and act on it, and what the pages show."""

import pytest
from django.urls import reverse

from accounts.models import Membership, User
from accounts.services.customers import suspend_customer
from accounts.services.memberships import suspend_membership
from tests.edits import edit

OF_COMPANY = ["people", "activity", "company"]
ACTS = ["suspend", "restore", "remove", "role", "details"]


def url(name, *args):
    return reverse(f"{'portals' if name == 'people' else 'accounts'}:{name}", args=args)


@pytest.mark.parametrize("name", OF_COMPANY)
@pytest.mark.parametrize(
    ("who", "status"),
    [("alice", 200), ("bob", 403), ("charlie", 404), ("dana", 404), ("olive", 404)],
)
def test_company_pages(name, who, status, request, as_, db):
    assert as_(request.getfixturevalue(who)).get(url(name, "alder")).status_code == status


@pytest.mark.parametrize("name", [*OF_COMPANY, "profile", "desk", "provider"])
def test_signed_out_leads_to_sign_in(name, as_):
    answer = as_(None).get(url(name, "alder") if name in OF_COMPANY else url(name))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("who", "status"), [("bob", 403), ("charlie", 404), ("dana", 404), (None, 302)]
)
def test_acts_are_refused_to_others(act, who, status, request, as_, emma, events):
    client, before = as_(request.getfixturevalue(who) if who else None), events()

    assert client.post(url(f"person-{act}", "alder", emma.sub)).status_code == status
    assert events() == before


@pytest.mark.parametrize("act", ACTS)
def test_a_member_of_another_company_is_not_found_A4(act, as_, alice, charlie):
    assert as_(alice).post(url(f"person-{act}", "alder", charlie.sub)).status_code == 404


@pytest.mark.parametrize("act", ["suspend", "restore", "role"])
def test_acts_need_a_post(act, as_, alice, bob):
    assert as_(alice).get(url(f"person-{act}", "alder", bob.sub)).status_code == 405


def test_a_denied_page_names_the_super_users(as_, bob):
    html = as_(bob).get(url("people", "alder")).content.decode()

    assert "Alice Martin" in html
    assert "alice@alder.example" in html


def test_a_missing_page_names_nobody(as_, charlie):
    html = as_(charlie).get(url("people", "alder")).content.decode()

    assert "Alice" not in html
    assert "Alder" not in html


def test_a_suspended_person_sees_nothing_of_the_company(as_, alice, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))

    assert as_(bob).get(url("people", "alder")).status_code == 404


def test_a_suspended_company_can_be_read_and_not_changed(as_, alice, bob, olive, alder):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    client = as_(alice)

    for name in OF_COMPANY:
        answer = client.get(url(name, "alder"))
        assert answer.status_code == 200
        assert "has suspended Alder Dental" in answer.content.decode()
    assert client.post(url("person-suspend", "alder", bob.sub)).status_code == 403
    assert edit(client, url("company", "alder"), {"name": "X", "language": "en"}).status_code == 403


def test_people_page(as_, alice):
    html = as_(alice).get(url("people", "alder")).content.decode()

    for word in ("Bob Tremblay", "emma@alder.example", "Main Super User"):
        assert word in html
    assert "charlie" not in html.lower()


def test_people_search_with_and_without_htmx(as_, alice):
    whole = as_(alice).get(url("people", "alder"), {"q": "bob"})
    part = as_(alice).get(url("people", "alder"), {"q": "bob"}, headers={"HX-Request": "true"})

    for answer in (whole, part):
        assert "Bob Tremblay" in answer.content.decode()
        assert "Emma Roy" not in answer.content.decode()
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("hx", [{}, {"HX-Request": "true"}])
def test_a_fragment_is_guarded_like_its_page_A2(hx, as_, bob, charlie, dana):
    assert as_(bob).get(url("people", "alder"), headers=hx).status_code == 403
    assert as_(charlie).get(url("people", "alder"), headers=hx).status_code == 404
    assert as_(bob).get(url("desk"), {"q": "al"}, headers=hx).status_code == 403
    assert as_(dana).get(url("provider"), headers=hx).status_code == 403


def test_a_member_is_suspended_restored_promoted_and_removed(as_, alice, bob, membership):
    client = as_(alice)
    there = reverse("portals:person", args=["alder", bob.sub])

    for act, data in [("suspend", {}), ("restore", {}), ("role", {"role": "super_user"})]:
        assert client.post(url(f"person-{act}", "alder", bob.sub), data)["Location"] == there
    assert membership(bob).role == "super_user"

    assert (
        "leaves Alder Dental" in client.get(url("person-remove", "alder", bob.sub)).content.decode()
    )
    answer = client.post(url("person-remove", "alder", bob.sub))
    assert answer["Location"] == url("people", "alder")
    assert not Membership.objects.present().filter(user=bob).exists()


def test_the_main_super_user_is_shown_as_protected(as_, join, alice):
    gina = join("gina", role="super_user")

    page = reverse("portals:person-details", args=["alder", alice.sub])
    html = as_(gina).get(page).content.decode()

    assert "suspend or remove the main Super User" in html
    assert url("person-remove", "alder", alice.sub) not in html


def test_a_refusal_is_explained(as_, join, alice):
    gina = join("gina", role="super_user")

    answer = as_(gina).post(url("person-suspend", "alder", alice.sub), follow=True)

    assert "hand over the role" in answer.content.decode()


def test_work_details(as_, alice, bob, membership):
    data = {"work_name": "Robert Tremblay", "work_phone": "555 0100"}

    edit(as_(alice), url("person-details", "alder", bob.sub), data)

    assert membership(bob).work_name == "Robert Tremblay"


def test_activity_is_shown_as_sentences(as_, alice):
    html = as_(alice).get(url("activity", "alder")).content.decode()

    assert "Emma Roy accepted the invitation" in html
    assert "Unknown event" not in html
    assert "%(" not in html


def test_company_data(as_, alice, alder):
    data = {"name": "Alder Dental", "language": "fr", "city": "Québec"}
    assert edit(as_(alice), url("company", "alder"), data).status_code == 302

    alder.refresh_from_db()
    assert (alder.city, alder.language) == ("Québec", "fr")


@pytest.mark.parametrize(
    ("who", "desk", "provider"),
    [("dana", 200, 403), ("olive", 200, 200), ("alice", 403, 403), ("bob", 403, 403)],
)
def test_staff_pages(who, desk, provider, request, as_, bob, db):
    client = as_(request.getfixturevalue(who))

    assert client.get(url("desk")).status_code == desk
    assert client.get(url("desk-person", bob.sub)).status_code == desk
    assert client.get(url("provider")).status_code == provider


def test_support_finds_anyone_and_lists_nobody_without_a_search(as_, dana):
    assert "Frank" not in as_(dana).get(url("desk")).content.decode()
    assert "Frank" not in as_(dana).get(url("desk"), {"q": "f"}).content.decode()
    assert "Frank Lavoie" in as_(dana).get(url("desk"), {"q": "fr"}).content.decode()


def test_support_sees_whether_a_person_can_sign_in(as_, dana, bob):
    html = as_(dana).get(url("desk-person", bob.sub)).content.decode()
    assert "Possible" in html

    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert "The account is closed" in as_(dana).get(url("desk-person", bob.sub)).content.decode()


class TestLongLists:
    """With thousands of rows, made once."""

    @pytest.mark.parametrize(
        ("name", "args", "query", "limit"),
        [
            ("people", ["alder"], {}, 12),
            ("people", ["alder"], {"q": "p"}, 12),
            ("activity", ["alder"], {}, 8),
        ],
    )
    def test_query_budget_of_company_lists(
        self, name, args, query, limit, as_, alice, explain, django_assert_max_num_queries
    ):
        client = as_(alice)
        client.get(url(name, *args))

        with django_assert_max_num_queries(limit):
            assert client.get(url(name, *args), query).status_code == 200

    @pytest.mark.parametrize(
        ("name", "query", "limit"),
        [("provider", {}, 9), ("provider", {"q": "1"}, 9), ("desk", {"q": "p1"}, 9)],
    )
    def test_query_budget_of_staff_lists(
        self, name, query, limit, as_, olive, explain, django_assert_max_num_queries
    ):
        client = as_(olive)
        client.get(url(name))

        with django_assert_max_num_queries(limit):
            assert client.get(url(name), query).status_code == 200

    def test_the_next_page_follows(self, as_, alice, explain):
        client = as_(alice)
        first = client.get(url("people", "alder")).context["page"]
        second = client.get(url("people", "alder"), {"after": first.next_cursor}).context["page"]

        assert len(first) == len(second) == 50
        assert not {m.pk for m in first} & {m.pk for m in second}


@pytest.mark.parametrize("after", ["x", "0", "99999999999999999999", "-1", "1e5", "\x00"])
def test_an_invalid_cursor_is_a_bad_request_J5(after, as_, alice, olive):
    assert as_(alice).get(url("people", "alder"), {"after": after}).status_code == 400
    assert as_(alice).get(url("activity", "alder"), {"after": after}).status_code == 400
    assert as_(alice).get(url("profile"), {"after": after}).status_code == 400
    assert as_(olive).get(url("provider"), {"after": after}).status_code == 400
