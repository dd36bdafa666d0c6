"""What nobody used for 90 days is removed in one press, told, and can be undone."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.services.memberships import change_role, suspend_membership
from portals.models import AccessReview, PersonGrant, TeamGrant
from portals.services.reviews import ItemDecision, ReviewRefused, remove_unused, save_decisions

pytestmark = pytest.mark.usefixtures("nothing_owned")


@pytest.fixture
def review(alder) -> AccessReview:
    return alder.access_reviews.get()


@pytest.fixture
def url(review):
    return reverse("portals:review-remove-unused", args=["alder", review.uuid])


def unused(review):
    return {item.pk: item for item in review.items.all() if item.is_long_unused}


def grants():
    return set(PersonGrant.objects.values_list("pk")) | set(TeamGrant.objects.values_list("pk"))


def test_one_press_removes_what_the_page_lists_and_undo_brings_it_back(as_, alice, review, url):
    expected, before = unused(review), PersonGrant.objects.count()
    client = as_(alice)
    page = client.get(reverse("portals:review", args=["alder", review.uuid])).text
    assert f"{len(expected)} permissions not used for 90 days" in page
    assert page.count("not used since") >= 1

    html = client.post(url, follow=True).text

    decided = review.items.exclude(decision=None)
    assert {item.pk for item in decided} == set(expected)
    assert set(decided.values_list("decision", flat=True)) == {"remove"}
    assert f"{len(expected)} unused permissions are removed." in html
    assert "not used for 90 days</h2>" not in html
    gone = before - PersonGrant.objects.count()
    assert gone == sum(item.kind == "person" for item in expected.values())
    [undo] = re.findall(r'action="(/c/alder/undo/[^"]+)"', html)
    client.post(undo)
    assert PersonGrant.objects.count() == before


def test_a_second_press_has_nothing_to_do(as_, alice, url):
    client = as_(alice)
    client.post(url)
    before = grants()

    assert "All permissions were used in the last 90 days." in client.post(url, follow=True).text
    assert grants() == before


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", None])
def test_others_are_refused_and_nothing_goes(who, request, as_, review, url):
    before = grants()
    person = request.getfixturevalue(who) if who else None

    assert as_(person).post(url).status_code in (302, 403, 404)
    if person:
        with pytest.raises(PermissionDenied):
            remove_unused(actor=person, review=review)
    assert grants() == before


def test_a_suspended_super_user_is_refused(alice, emma, review, membership):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    suspend_membership(actor=alice, membership=membership(emma))
    with pytest.raises(PermissionDenied):
        remove_unused(actor=emma, review=review)


def test_a_review_that_is_over_is_refused(alice, review):
    AccessReview.objects.filter(pk=review.pk).update(state="not_finished", ended_at=timezone.now())
    with pytest.raises(ReviewRefused, match="closed"):
        remove_unused(actor=alice, review=review)


def test_ones_own_is_left_to_another_super_user(alice, bob, review, membership):
    change_role(actor=alice, membership=membership(bob), role="super_user")
    own = {pk for pk, item in unused(review).items() if item.membership_id == membership(bob).pk}
    assert own

    remove_unused(actor=bob, review=review)

    assert set(review.items.filter(pk__in=own).values_list("decision", flat=True)) == {None}
    assert review.items.filter(decision="remove").exists()


def test_all_or_nothing(alice, review, monkeypatch):
    before, calls = grants(), []

    def fail_at_the_second(*args, **kwargs):
        calls.append(1)
        if len(calls) > 1:
            raise ReviewRefused("stop")
        return real(*args, **kwargs)

    from portals.services.reviews import unused as module

    real = module.decide_lines
    monkeypatch.setattr(module, "decide_lines", fail_at_the_second)
    with pytest.raises(ReviewRefused):
        remove_unused(actor=alice, review=review)

    assert grants() == before
    assert not review.items.exclude(decision=None).exists()


def test_people_are_told_what_they_lost_in_their_language(alice, bob, review, deliver, membership):
    bob.language = "fr"
    bob.save()
    view = review.items.get(
        membership=membership(bob), privilege__codename="domain.view", resource_name="alder.example"
    )
    save_decisions(actor=alice, review=review, decisions=[ItemDecision(view.pk, "remove")])

    [sent] = [message for message in deliver() if message.to == [bob.email]]

    assert "Alice Martin" in sent.subject
    assert "alder.example" in sent.body
    assert "Bonjour" in sent.body


def test_nobody_is_told_what_was_kept_and_nobody_of_their_own_act(
    alice, review, deliver, membership
):
    own = review.items.filter(membership=membership(alice))
    decisions = [ItemDecision(item.pk, "keep") for item in own]
    save_decisions(actor=alice, review=review, decisions=decisions)

    assert not [message for message in deliver() if "Alice Martin" in message.subject]


def test_what_was_given_lately_says_so(as_, alice, bob, review):
    review.items.filter(kind="person").update(granted_at=review.begun_at - timedelta(days=3))
    part = review.items.filter(membership__user=bob).earliest("pk").pk
    page = reverse("portals:review", args=["alder", review.uuid])
    html = as_(alice).get(page, {"part": part}).text
    assert "Given less than 30 days ago" in html
