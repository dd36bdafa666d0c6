"""/api/v1/preferences/evaluation(s): a portal checks before it sends (R40, R42)."""

import json
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from accounts.services.customers import suspend_customer
from accounts.services.memberships import suspend_membership
from portals.models import Portal, Subscription
from portals.services.credentials import issue_credentials
from preferences.choices import NoticeCode, Reason
from preferences.models import DeliveryDecision, Recipient, Topic
from preferences.selectors import send_decision_for
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.services.recipients import pause_optional_mail

ONE = "/api/v1/preferences/evaluation"
MANY = "/api/v1/preferences/evaluations"
NOT_THEIRS = {"decision": False, "context": {"reason": "not_theirs"}}


@pytest.fixture
def ask(db):
    """A portal's call: ask(path, body), with the token of `slug` and these scopes."""

    def call(path, body, *, slug="domains", **values):
        issued = issue_credentials(actor=None, portal=Portal.objects.get(slug=slug))
        form = {"grant_type": "client_credentials", **issued._asdict(), **values}
        token = Client().post("/identity/o/api/token", form).json()["access_token"]
        return Client(raise_request_exception=False).post(
            path,
            body if isinstance(body, str) else json.dumps(body),
            "application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    return call


def subject(person):
    return {"type": "user", "id": str(person.sub)}


def test_one_person_is_answered_with_the_reason(ask, bob, newsletter):
    body = {"subject": subject(bob), "topic": "newsletter"}
    answer = ask(ONE, body)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json() == {
        "decision": True,
        "context": {"reason": "default_on", "digest": "immediate"},
    }
    choose_topic(actor=bob, topic=newsletter, wants=False)
    assert ask(ONE, body).json() == {"decision": False, "context": {"reason": "chose_no"}}


@pytest.mark.parametrize("code", NoticeCode.values)
def test_a_notice_class_is_always_yes_R42(ask, bob, code):
    stop_all_optional(actor=bob)
    pause_optional_mail(actor=bob, until=timezone.now() + timedelta(days=30))
    body = {"subject": subject(bob), "notice_class": code}
    assert ask(ONE, body).json() == {"decision": True, "context": {"reason": "mandatory"}}
    Recipient.objects.filter(user=bob).update(unreachable_since=timezone.now())
    assert ask(ONE, body).json() == {"decision": True, "context": {"reason": "escalate"}}


def test_many_people_are_answered_in_order_and_like_one(ask, alice, bob, emma, newsletter):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    stop_all_optional(actor=emma)
    people = [emma, bob, alice, bob]
    answer = ask(MANY, {"topic": "newsletter", "subjects": [str(p.sub) for p in people]})
    assert [evaluation["context"]["reason"] for evaluation in answer.json()["evaluations"]] == [
        send_decision_for(person.recipient, newsletter).reason for person in people
    ]
    for person, one in zip(people, answer.json()["evaluations"], strict=True):
        assert ask(ONE, {"topic": "newsletter", "subject": subject(person)}).json() == one


@pytest.mark.parametrize("category", [{"topic": "newsletter"}, {"notice_class": "legal"}])
def test_people_outside_a_portal_get_the_same_answer(ask, bob, frank, dana, alice, category):
    """Frank's company lacks the portal, Dana is staff, Bob left, and one never was."""
    stop_all_optional(actor=frank)
    Subscription.objects.filter(customer__slug="cedar", portal__slug="domains").delete()
    Membership.objects.filter(user=bob).update(ended_at=timezone.now())
    strangers = [str(frank.sub), str(dana.sub), str(bob.sub), str(uuid.uuid4()), "x", "é\x00"]
    answer = ask(MANY, {**category, "subjects": [*strangers, str(alice.sub)]}).json()
    assert answer["evaluations"][:-1] == [NOT_THEIRS] * len(strangers)
    assert answer["evaluations"][-1]["decision"] is True
    # a suspended subscription serves nobody either
    Subscription.objects.update(status="suspended")
    answer = ask(ONE, {**category, "subject": subject(alice)}).json()
    assert answer == NOT_THEIRS


def test_a_suspended_company_gets_notices_and_nothing_else_R43(
    ask, as_, alice, bob, birch, olive, newsletter, send_topic, send_legal, deliver
):
    """Page, gate, one question and many: the same answer, with its reason."""
    choose_topic(actor=bob, topic=newsletter, wants=True)
    suspend_customer(actor=olive, customer=bob.memberships.get().customer, reason="Unpaid")
    optional = {"decision": False, "context": {"reason": "suspended"}}
    notice = {"decision": True, "context": {"reason": "mandatory"}}
    for category, expected in (({"topic": "newsletter"}, optional),
                               ({"topic": "domain-market"}, optional),
                               ({"notice_class": "legal"}, notice)):  # fmt: skip
        assert ask(ONE, {**category, "subject": subject(bob)}).json() == expected
        subjects = [str(person.sub) for person in (alice, bob)]
        answer = ask(MANY, {**category, "subjects": subjects}).json()
        assert answer["evaluations"] == [expected, expected]
    assert send_decision_for(bob.recipient, newsletter).reason == Reason.SUSPENDED
    assert "company is suspended" in as_(bob).get("/preferences/").text

    send_topic(newsletter, bob)
    send_legal(bob)
    deliver()
    decisions = DeliveryDecision.objects.filter(message__recipient__user=bob)
    assert set(decisions.values_list("outcome", "reason")) >= {
        ("skipped", "suspended"), ("sent", "mandatory"),
    }  # fmt: skip
    # through a company that is not suspended it comes again
    Membership.objects.create(customer=birch, user=bob, work_name="Bob")
    assert ask(ONE, {"topic": "newsletter", "subject": subject(bob)}).json()["decision"] is True


def test_a_suspended_member_still_gets_notices_R43(ask, alice, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))
    answer = ask(ONE, {"notice_class": "legal", "subject": subject(bob)}).json()
    assert answer == {"decision": True, "context": {"reason": "mandatory"}}
    answer = ask(ONE, {"topic": "domain-market", "subject": subject(bob)}).json()
    assert answer == NOT_THEIRS


def test_a_portal_asks_about_its_own_topics_and_the_provider_s(ask, bob):
    body = {"subject": subject(bob), "topic": "domain-market"}
    assert ask(ONE, body).json()["context"] == {"reason": "default_off"}
    answer = ask(ONE, body, slug="webmail")
    missing = ask(ONE, body | {"topic": "no-such"}, slug="webmail")
    assert answer.status_code == 400
    assert answer.json() == missing.json()  # no hint that there is one
    assert list(answer.json()["error"]["fields"]) == ["topic"]


def test_a_closed_topic_is_reported(ask, bob):
    Topic.objects.update(active=False)
    body = {"subject": subject(bob), "topic": "newsletter"}
    assert ask(ONE, body).json()["context"]["reason"] == Reason.TOPIC_CLOSED


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "subject"),
        ({"subject": {"type": "user", "id": "x"}}, "topic"),
        ({"subject": {"type": "user", "id": "x"}, "topic": "a", "notice_class": "legal"}, "topic"),
        ({"subject": {"type": "user", "id": "x"}, "notice_class": "newsletter"}, "notice_class"),
        ({"subject": {"type": "user", "id": "x"}, "topic": 5}, "topic"),
        ({"subject": {"type": "user", "id": "x"}, "topic": "a", "more": 1}, "more"),
        ({"subject": {"type": "team", "id": "x"}, "topic": "newsletter"}, "subject.type"),
        ({"subject": {"type": "user"}, "topic": "newsletter"}, "subject.id"),
        ({"subject": {"type": "user", "id": 7}, "topic": "newsletter"}, "subject.id"),
        ({"subject": "x", "topic": "newsletter"}, "subject"),
        ("[]", None),
        ("{", None),
    ],
)
def test_bad_calls_name_the_field(ask, body, field):
    answer = ask(ONE, body)
    assert answer.status_code == 400
    if field:
        assert field in answer.json()["error"]["fields"]


@pytest.mark.parametrize(
    ("subjects", "field"),
    [
        ([], "subjects"),
        (["x"] * 10_001, "subjects"),
        ("x", "subjects"),
        ({}, "subjects"),
        (["x", 5], "subjects[1]"),
        (["x", ""], "subjects[1]"),
        (["x", None], "subjects[1]"),
        (["x", ["x"]], "subjects[1]"),
        (["x" * 256], "subjects[0]"),
    ],
)
def test_bad_lists_name_the_index(ask, subjects, field):
    answer = ask(MANY, {"topic": "newsletter", "subjects": subjects})
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]


def test_ten_thousand_people_take_few_queries(ask, bob, django_assert_max_num_queries):
    subjects = [str(uuid.uuid4()) for _ in range(9_999)] + [str(bob.sub)]
    with django_assert_max_num_queries(40):  # most of them make the token
        answer = ask(MANY, {"topic": "newsletter", "subjects": subjects})
    assert answer.json()["evaluations"][-1]["decision"] is True
    assert len(answer.json()["evaluations"]) == 10_000


@pytest.mark.parametrize("path", [ONE, MANY])
def test_the_scope_is_required(ask, as_, alice, path):
    body = {"topic": "newsletter", "subjects": ["x"]}
    answer = ask(path, body, scope="access:check")
    assert answer.status_code == 403
    assert 'scope="preferences:read"' in answer["WWW-Authenticate"]
    for client in (Client(), as_(alice)):
        assert client.post(path, body, "application/json").status_code == 401
