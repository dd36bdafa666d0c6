"""What a customer has, and who may do what to one thing."""

import pytest
from django.urls import reverse

from accounts.selectors import page_of
from portals.selectors.resources import resources_of


def test_the_list_shows_this_customers_things_only(as_, alice, alder):
    html = as_(alice).get(reverse("portals:resource-list", args=[alder.slug])).content.decode()

    assert "info@alder.example" in html
    assert "birch.example" not in html


def test_search_finds_by_the_beginning(as_, alice, alder):
    path = reverse("portals:resource-list", args=[alder.slug])
    html = as_(alice).get(path, {"q": "info@"}).content.decode()

    assert "info@alder.example" in html
    assert "billing@alder.example" not in html


def test_pages_by_key_reach_everything_once(as_, alice, alder, monkeypatch):
    monkeypatch.setattr(page_of, "__kwdefaults__", {**page_of.__kwdefaults__, "size": 4})
    client, path, seen, after = as_(alice), reverse("portals:resource-list", args=["alder"]), [], ""
    while not seen or after:
        page = client.get(path, {"after": after}).context["page"]
        seen += [row.pk for row in page]
        after = page.next_cursor

    assert seen == list(resources_of(alder).values_list("pk", flat=True))


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "foreign"])
def test_a_cursor_of_another_list_is_refused(as_, alice, thing, after):
    """A5, J5: a foreign row is no place to begin."""
    value = thing("domain", "birch.example").pk if after == "foreign" else after
    path = reverse("portals:resource-list", args=["alder"])
    assert as_(alice).get(path, {"after": value}).status_code == 400


def test_odd_characters_in_a_search_find_nothing(as_, alice):
    path = reverse("portals:resource-list", args=["alder"])
    assert as_(alice).get(path, {"q": "nul\x00"}).status_code == 200


def test_a_thing_says_who_may_do_what(as_, alice, alder, membership, emma, give, thing):
    mail_domain = thing("mail_domain", "alder.example")
    give(alice, membership(emma), "webmail.mailbox.view", mail_domain)
    mailbox = thing("mailbox", "bob@alder.example")
    html = as_(alice).get(reverse("portals:resource", args=["alder", mailbox.pk])).content.decode()

    assert "Emma Roy" in html
    assert "through alder.example" in html


def test_foreign_things_do_not_exist(as_, alice, thing):
    foreign = thing("domain", "birch.example")
    assert (
        as_(alice).get(reverse("portals:resource", args=["alder", foreign.pk])).status_code == 404
    )
    assert (
        as_(alice).get(reverse("portals:resource", args=["birch", foreign.pk])).status_code == 404
    )


def test_members_are_refused_and_staff_find_nothing(as_, bob, dana, olive, thing):
    path = reverse("portals:resource", args=["alder", thing("domain", "alder.example").pk])
    for url in (path, reverse("portals:resource-list", args=["alder"])):
        assert as_(bob).get(url).status_code == 403
        assert as_(dana).get(url).status_code == 404
        assert as_(olive).get(url).status_code == 404
        assert as_(None).get(url).status_code == 302


def test_lists_have_a_budget(as_, alice, thing, django_assert_max_num_queries):
    client = as_(alice)
    with django_assert_max_num_queries(12):
        client.get(reverse("portals:resource-list", args=["alder"]))
    with django_assert_max_num_queries(30):
        client.get(reverse("portals:resource", args=["alder", thing("domain", "alder.example").pk]))
