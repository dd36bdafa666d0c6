"""Super Users remind each other of a review that is due: in its last week, once a day."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.selectors import sentence_of
from accounts.services.customers import suspend_customer
from accounts.services.memberships import change_role
from portals.choices import ReviewState
from portals.models import AccessReview
from portals.services.reviews import ReviewRefused, remind_reviewers


@pytest.fixture
def second(alice, emma, membership):
    """Emma as a second Super User."""
    change_role(actor=alice, membership=membership(emma), role="super_user")
    return emma


@pytest.fixture
def late(alder):
    """Alder's open review, due tomorrow."""
    review = alder.access_reviews.get()
    review.due_at = timezone.now() + timedelta(days=1)
    review.save()
    return review


def refusal(actor, review):
    with pytest.raises(ReviewRefused) as refused:
        remind_reviewers(actor=actor, review=review)
    return refused.value.code


def press(as_, person, review, slug="alder"):
    url = reverse("portals:review-remind", args=[slug, review.uuid])
    return as_(person).post(url, headers={"Referer": "http://testserver/"}, follow=True)


def test_the_others_are_reminded_from_home(as_, alice, second, late, deliver):
    assert reverse("portals:review-remind", args=["alder", late.uuid]) in as_(alice).get("/").text

    answer = press(as_, alice, late)

    assert answer.redirect_chain == [("http://testserver/", 302)]
    assert "We sent Emma Roy a reminder of the access review." in answer.text
    [mail] = [mail for mail in deliver() if "finish the access review" in mail.subject]
    assert mail.to == [second.email]
    assert mail.subject == "Alice Martin asks you to finish the access review of Alder Dental"
    assert reverse("portals:review", args=["alder", late.uuid]) in mail.body
    event = AuditEvent.objects.latest("pk")
    assert sentence_of(event) == "Alice Martin reminded Emma Roy about the access review."
    assert "Remind the other Super Users" not in answer.text


def test_one_reminder_a_day_whoever_sends_it(alice, second, late):
    remind_reviewers(actor=alice, review=late)
    assert refusal(alice, late) == "reminded"
    assert refusal(second, late) == "reminded"

    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert remind_reviewers(actor=second, review=late) == ["Alice Martin"]


def test_an_early_or_finished_review_reminds_nobody(as_, alice, second, late):
    AccessReview.objects.update(due_at=timezone.now() + timedelta(days=7, minutes=1))
    assert refusal(alice, late) == "early"
    assert "Remind the other" not in as_(alice).get("/").text
    AccessReview.objects.update(due_at=timezone.now() - timedelta(days=9))
    assert remind_reviewers(actor=alice, review=late) == ["Emma Roy"]

    AccessReview.objects.update(state=ReviewState.NOT_FINISHED, ended_at=timezone.now())
    assert refusal(alice, late) == "over"


def test_who_is_alone_has_nobody_to_remind(as_, alice, late):
    assert refusal(alice, late) == "alone"
    assert "Remind the other" not in as_(alice).get("/").text
    assert (
        "You are the only Super User, so there is nobody to remind." in press(as_, alice, late).text
    )


def test_only_a_super_user_here_reminds(as_, alder, bob, charlie, dana, olive, second, late):
    for actor in (bob, charlie, dana, olive):
        with pytest.raises(PermissionDenied):
            remind_reviewers(actor=actor, review=late)
    assert press(as_, bob, late).status_code == 403
    assert press(as_, charlie, late).status_code == 404
    assert press(as_, charlie, late, "birch").status_code == 404
    assert "/accounts/login/" in press(as_, None, late).redirect_chain[0][0]


def test_nobody_is_reminded_while_the_company_is_suspended(alice, second, late, olive, alder):
    suspend_customer(actor=olive, customer=alder, reason="unpaid")

    with pytest.raises(PermissionDenied):
        remind_reviewers(actor=alice, review=late)
