"""The navigation has each person's own pages and few queries."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccessRequest
from accounts.services.requests import refuse_request
from hub.navigation import sections_for
from hub.waiting import WAITING
from portals.models import AccessReview


def urls(person, path="/"):
    return [link.url for section in sections_for(person, path) for link in section.links]


def test_a_super_users_menu_has_the_company(alice):
    found = urls(alice)

    pages = ("people", "teams", "resources", "requests", "reviews", "activity", "company")
    assert {f"/c/alder/{page}/" for page in pages} <= set(found)
    assert not [url for url in found if "birch" in url or url in ("/desk/", "/provider/")]


def test_a_users_menu_has_only_their_own_pages(bob):
    assert urls(bob) == ["/", "/my-access/", "/preferences/", "/profile/"]


def test_the_menu_of_support_has_the_support_desk(dana):
    assert "/desk/" in urls(dana)
    assert "/provider/" not in urls(dana)


def test_an_operators_menu_has_the_provider_pages(olive):
    assert "/provider/" in urls(olive)


def test_the_page_in_view_is_marked(alice):
    [current] = [
        link
        for section in sections_for(alice, "/c/alder/people/")
        for link in section.links
        if link.current
    ]

    assert (current.url, current.current) == ("/c/alder/people/", "page")


def open_requested_grants(person):
    links = [link for section in sections_for(person, "/") for link in section.links]
    return {link.url: link.waiting for link in links if link.waiting}


def test_open_requests_are_counted_for_those_who_can_answer(alice, alder):
    assert open_requested_grants(alice)["/c/alder/requests/"] == 1  # Emma's
    refuse_request(
        actor=alice, access_request=AccessRequest.objects.get(customer=alder), reason="No."
    )
    assert "/c/alder/requests/" not in open_requested_grants(alice)


def test_an_open_review_counts_its_undecided_lines(alice, alder):
    review = alder.access_reviews.get()
    assert open_requested_grants(alice)["/c/alder/reviews/"] == review.total
    AccessReview.objects.filter(pk=review.pk).update(kept=review.total - 2)
    assert open_requested_grants(alice)["/c/alder/reviews/"] == 2
    AccessReview.objects.filter(pk=review.pk).update(state="not_finished", ended_at=timezone.now())
    assert "/c/alder/reviews/" not in open_requested_grants(alice)


def test_the_badge_has_a_text_label(as_, alice):
    html = as_(alice).get("/").content.decode()
    assert '<span class="badge info">1<span class="visually-hidden"> waiting</span></span>' in html


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["alice", "bob", "dana", "olive"])
def test_the_menu_asks_once(name, request, monkeypatch, django_assert_num_queries):
    person = request.getfixturevalue(name)
    runs = []
    monkeypatch.setattr(WAITING, "rows", lambda **values: runs.append(values) or [])

    with django_assert_num_queries(0):
        sections_for(person, "/")

    assert len(runs) == 1


def test_the_menu_of_a_signed_out_visitor_costs_no_query(as_, django_assert_num_queries):
    client = as_(None)
    client.get(reverse("account_login"))

    with django_assert_num_queries(0):
        client.get(reverse("account_login"))


def test_the_footer_links_to_the_required_notices(as_, bob):
    for reader in (bob, None):
        html = as_(reader).get(reverse("preferences:mandatory-mail")).content.decode()
        assert reverse("preferences:mandatory-mail") in html.split("<footer")[1]


def test_staff_are_not_sent_to_a_super_user(as_, dana):
    html = as_(dana).get(reverse("preferences:topics")).content.decode()
    assert "Ask the administrator of the staff accounts." in html
    assert "Super User" not in html.split('id="main"')[1]
