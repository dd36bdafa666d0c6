"""The staff's pages for topics and campaigns: wiring, refusals and query budgets."""

import json
import re
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.services.versions import version_of
from preferences.choices import CampaignState
from preferences.gate import campaign_sending
from preferences.models import Campaign, NoticeClass, Reseller, Topic
from preferences.selectors.campaigns import estimate_audience
from preferences.services.campaigns import create_campaign, draft_values, schedule_campaign
from preferences.services.choices import choose_topic
from tests.edits import edit

TOPIC = {
    "slug": "status",
    "name_en": "Status",
    "name_fr": "État",
    "purpose_en": "How services do.",
    "purpose_fr": "Comment vont les services.",
    "cadence_en": "Weekly",
    "cadence_fr": "Chaque semaine",
    "portal": "",
    "basis": "express",
    "double_opt_in": "on",
    "position": "9",
}
WORDS = {
    "subject_en": "What is new",
    "subject_fr": "Quoi de neuf",
    "body_en": "A calmer inbox.",
    "body_fr": "Une boîte plus calme.",
}
LIST_BUDGET = 14  # session, person, navigation (5), permissions (2), the page itself


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def draft(olive, newsletter):
    return lambda **values: create_campaign(actor=olive, **{"topic": newsletter, **WORDS, **values})


@pytest.fixture
def legal(db):
    return NoticeClass.objects.get(code="legal")


def page(name, *args):
    return reverse(f"preferences:{name}", args=args)


def text_of(response):
    return response.content.decode()


def given(person, *codenames):
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=person.pk)


# --- Topics ------------------------------------------------------------------------------------


def test_create_change_close_and_reopen_a_topic(as_, olive):
    client = as_(olive)
    assert client.post(page("topic-new"), TOPIC).status_code == 302
    topic = Topic.objects.get(slug="status")
    changed = {name: value for name, value in TOPIC.items() if name != "slug"}
    edit(client, page("topic-edit", "status"), changed | {"name_en": "Health"})
    topic.refresh_from_db()
    assert topic.name_en == "Health"
    client.post(page("topic-close", "status"))
    topic.refresh_from_db()
    assert not topic.active
    client.post(page("topic-reopen", "status"))
    topic.refresh_from_db()
    assert topic.active


def test_a_topics_short_name_cannot_change(as_, olive):
    answer = edit(as_(olive), page("topic-edit", "newsletter"), TOPIC)
    assert "Unknown field: slug" in text_of(answer)
    assert not Topic.objects.filter(slug="status").exists()


def test_a_mandatory_topic_is_refused_with_an_explanation_R41(as_, olive):
    answer = as_(olive).post(page("topic-new"), TOPIC | {"slug": "legal"})
    assert answer.status_code == 200
    assert "errorlist" in text_of(answer)
    for slug in ("new", "import"):  # pages of staff have these addresses
        answer = as_(olive).post(page("topic-new"), TOPIC | {"slug": slug})
        assert f"“{slug}” is taken by a page of the hub." in text_of(answer)
        assert not Topic.objects.filter(slug=slug).exists()
    answer = as_(olive).post(page("topic-new"), TOPIC | {"default_on": "on"})
    assert "needs implied consent" in text_of(answer)
    assert not Topic.objects.filter(slug__in=["legal", "status"]).exists()


def test_a_topic_page_shows_who_is_excluded_and_why(as_, olive, bob, newsletter):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    shown = text_of(as_(olive).get(page("topic", "newsletter")))
    assert "The person unsubscribed" in shown
    assert re.search(r'class="figure"><strong>\d+</strong>', shown)
    audience, answers = re.findall(r'<svg\b.*?class="chart".*?</svg>', shown, re.DOTALL)
    assert "<text" not in audience  # it is stretched: letters in it could not be read
    assert "Recipients of “Newsletter” by reason" in audience
    assert (
        ">1<" in answers
        and "People who subscribed to and unsubscribed from “Newsletter”" in answers
    )
    for drawing in (audience, answers):
        assert not re.search(r"<style|<script|<defs|style=|https?://(?!www.w3.org)", drawing)


def test_lists_of_topics_and_classes_have_a_budget(as_, olive, django_assert_max_num_queries):
    client = as_(olive)
    for name in ("topics", "notice-classes"):
        client.get(page(name))
        with django_assert_max_num_queries(LIST_BUDGET):
            client.get(page(name))


# --- Notice classes ----------------------------------------------------------------------------


def test_classes_name_their_law_and_a_founding_one_needs_no_approval_R23_R41(as_, olive):
    client = as_(olive)
    shown = text_of(client.get(page("notice-classes")))
    assert "paragraph 6(6)(b)" in shown
    assert "Say yes" not in shown
    answer = client.post(page("notice-class-activate", "legal"), follow=True)
    assert "already in use" in text_of(answer)


# --- Campaigns ---------------------------------------------------------------------------------


def test_compose_check_and_send(as_, olive, bob, newsletter, deliver):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    client = as_(olive)
    answer = client.post(page("campaign-new"), WORDS | {"category": "topic:newsletter"})
    campaign = Campaign.objects.get()
    check = page("campaign-check", campaign.pk)
    assert answer["Location"] == check
    shown = text_of(client.get(check))
    assert "The person unsubscribed" in shown
    assert "Une boîte plus calme." in shown
    readers = estimate_audience(campaign).recipients
    wrong = edit(client, check, {"confirmation_count": readers + 1, "starts_at": ""})
    assert "This number is wrong" in text_of(wrong)
    assert deliver() == []
    sent = edit(client, check, {"confirmation_count": readers, "starts_at": ""})
    assert sent["Location"] == page("campaign", campaign.pk)

    assert len(deliver()) == readers
    cache.clear()
    shown = text_of(client.get(page("campaign", campaign.pk)))
    assert f"{readers} of {readers} emails processed" in shown
    assert "The person unsubscribed" in shown


def test_a_notice_is_sent_after_a_second_look_R24(as_, olive, draft, legal):
    campaign = draft(topic=None, notice_class=legal, body_en="A discount for you.")
    client = as_(olive)
    check = page("campaign-check", campaign.pk)
    shown = text_of(client.get(check))
    assert "sounds like advertising" in shown
    readers = estimate_audience(campaign).recipients
    form = {"confirmation_count": readers, "starts_at": ""}
    edit(client, check, form)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    edit(client, check, form | {"no_advertising": "on"})
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING


def test_promotion_is_refused_in_a_notice_beside_the_field_R24(as_, olive):
    values = WORDS | {"category": "notice:legal", "promotional": "on"}
    answer = as_(olive).post(page("campaign-new"), values)
    assert "A message with advertising needs a topic." in text_of(answer)
    assert not Campaign.objects.exists()


def test_a_missing_language_stops_the_sending_R31(as_, olive, draft):
    campaign = draft(body_fr="")
    client = as_(olive)
    shown = text_of(client.get(page("campaign-check", campaign.pk)))
    assert "The text in French is missing." in shown
    readers = estimate_audience(campaign).recipients
    version = version_of(draft_values(campaign))  # the page holds no form: it may not leave
    client.post(
        page("campaign-check", campaign.pk), {"confirmation_count": readers, "version": version}
    )
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_staff_who_cannot_send_notices_see_no_notice_classes(as_, dana):
    dana = given(dana, "add_campaign", "view_campaign")
    shown = text_of(as_(dana).get(page("campaign-new")))
    assert "topic:newsletter" in shown
    assert "notice:legal" not in shown
    values = WORDS | {"category": "notice:legal"}
    as_(dana).post(page("campaign-new"), values)
    assert not Campaign.objects.exists()


def test_permission_to_compose_does_not_cover_sending(as_, dana, draft):
    dana = given(dana, "add_campaign", "view_campaign")
    campaign = draft()
    check = page("campaign-check", campaign.pk)
    assert 'name="confirmation_count"' not in text_of(as_(dana).get(check))
    readers = estimate_audience(campaign).recipients
    answer = as_(dana).post(check, {"confirmation_count": readers})
    assert answer.status_code == 403


def test_a_campaign_is_scheduled_unscheduled_paused_resumed_and_cancelled(as_, olive, draft):
    campaign = draft()
    client = as_(olive)
    check = page("campaign-check", campaign.pk)
    readers = estimate_audience(campaign).recipients
    form = {"confirmation_count": readers}
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    past = edit(client, check, form | {"starts_at": "2020-01-01T08:00"})
    assert "Choose a later time" in text_of(past)
    for name, data, state in (
        ("check", form | {"starts_at": tomorrow}, "scheduled"),
        ("unschedule", {}, "draft"),
        ("check", form | {"starts_at": ""}, "running"),
        ("pause", {}, "paused"),
        ("resume", {}, "running"),
        ("cancel", {}, "cancelled"),
        ("resume", {}, "cancelled"),  # replayed too late: refused, and said
    ):
        send = partial(edit, client) if data else client.post
        answer = send(page(f"campaign-{name}", campaign.pk), data)
        assert answer.status_code == 302, name
        campaign.refresh_from_db()
        assert campaign.state == state, name
    assert "do this any more" in text_of(client.get(page("campaign", campaign.pk)))


def test_progress_is_a_fragment_that_polls_only_while_sending(as_, olive, draft):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    campaign_sending._resolve(campaign.pk)
    client = as_(olive)
    fragment = text_of(client.get(page("campaign", campaign.pk), headers={"HX-Request": "true"}))
    assert fragment.lstrip().startswith('<div id="live"')
    assert "every 3s" in fragment
    client.post(page("campaign-cancel", campaign.pk))
    assert "every 3s" not in text_of(client.get(page("campaign", campaign.pk)))


def test_people_are_paged_by_key_and_masked_without_permission(as_, olive, dana, bob, draft):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    campaign_sending._resolve(campaign.pk)
    people = page("campaign-people", campaign.pk)
    assert bob.email in text_of(as_(olive).get(people))
    dana = given(dana, "view_candidate")
    masked = text_of(as_(dana).get(people))
    assert bob.email not in masked
    assert "b…@alder.example" in masked
    assert as_(olive).get(f"{people}?after=999999999").status_code == 400


def test_the_list_of_messages_shows_category_and_date(as_, olive, draft, legal):
    draft(topic=None, notice_class=legal)
    tomorrow = timezone.now() + timedelta(days=1)
    schedule_campaign(actor=olive, campaign=draft(), starts_at=tomorrow)
    campaign_sending._resolve(schedule_campaign(actor=olive, campaign=draft()).pk)
    shown = text_of(as_(olive).get(page("campaigns")))
    cells = re.findall(r'<td data-label="Topic or notice">(.*?)</td>', shown, re.DOTALL)
    said = [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]
    topic = "Newsletter · for subscribers"
    assert said == [topic, topic, "Legal notices · for everyone concerned"]
    whens = re.findall(r'<td data-label="When">\s*(\w+) ', shown)
    assert whens == ["started", "scheduled", "written"]


def test_lists_of_messages_and_people_have_a_budget(
    as_, olive, draft, django_assert_max_num_queries
):
    first = schedule_campaign(actor=olive, campaign=draft())
    for _round in range(5):
        draft()
    campaign_sending._resolve(first.pk)
    client = as_(olive)
    for path in (page("campaigns"), page("campaign-people", first.pk)):
        client.get(path)
        with django_assert_max_num_queries(LIST_BUDGET):
            client.get(path)


# --- Resellers, evidence, the public count -----------------------------------------------------


def test_the_customers_page_marks_a_reseller(as_, olive, alder):
    client = as_(olive)
    customer = reverse("portals:provider-customer", args=["alder"])
    assert "Mark as a reseller" in text_of(client.get(customer))
    client.post(page("reseller-mark", "alder"))
    assert Reseller.objects.filter(customer=alder).exists()
    assert "Marked as a reseller since" in text_of(client.get(customer))
    client.post(page("reseller-unmark", "alder"))
    assert not Reseller.objects.filter(customer=alder).exists()


def test_evidence_is_downloaded_after_it_is_recorded(as_, olive, bob):
    answer = as_(olive).post(page("evidence"), {"address": "BOB@alder.example"})
    assert answer["Content-Type"].startswith("application/json")
    assert "attachment" in answer["Content-Disposition"]
    assert json.loads(answer.content)["reader"]["address"] == bob.email
    assert AuditEvent.objects.filter(kind="evidence.exported", person=bob).count() == 1


def test_evidence_of_an_unknown_address_is_refused_beside_the_field(as_, olive):
    answer = as_(olive).post(page("evidence"), {"address": "nobody@alder.example"})
    assert "Nobody has this address." in text_of(answer)
    assert not AuditEvent.objects.filter(kind="evidence.exported").exists()


def test_the_public_count_needs_no_sign_in_and_is_kept(
    as_, bob, send_legal, deliver, django_assert_num_queries
):
    send_legal(bob)
    deliver()
    client = as_(None)
    shown = text_of(client.get(page("mandatory-mail")))
    assert "Legal notices" in shown
    assert bob.email not in shown
    with django_assert_num_queries(0):
        client.get(page("mandatory-mail"))
    assert timezone.localdate().strftime("%Y") in shown
