"""What came of a message and of a topic, as staff see it in numbers and charts."""

import re
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts.views.charts import step_of
from preferences.choices import Reason
from preferences.gate.campaign_sending import dispatch
from preferences.models import Campaign, Message, NoticeClass, Topic
from preferences.selectors.audiences import Month, audience_of, subscriber_counts
from preferences.selectors.campaigns import AudienceEstimate, results_of
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.choices import choose_topic, unsubscribe
from preferences.services.delivery_events import record_delivery_event
from preferences.services.opt_out_undo import undo_opt_out, unsubscribe_by_link
from preferences.tokens import unsubscribe_token
from preferences.views.charts import answers_chart, audience_chart

WORDS = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def sent(olive, newsletter):
    """Send a campaign of the newsletter to everybody who gets it."""

    def send() -> Campaign:
        draft = create_campaign(actor=olive, topic=newsletter, **WORDS)
        campaign = schedule_campaign(actor=olive, campaign=draft)
        while dispatch(campaign.pk):
            pass
        campaign.refresh_from_db()
        return campaign

    return send


def counted(campaign):
    cache.clear()
    return results_of(campaign)


def report(campaign, person, kind):
    message = Message.objects.get(campaign=campaign, recipient=person.recipient)
    event = f"x:{message.pk}:{kind}:{timezone.now()}"
    record_delivery_event(message=message, kind=kind, event=event, diagnostic="550 5.1.1 no")


def test_accepted_is_not_delivered_and_each_email_counts_once_R48(sent, bob, emma, alice):
    campaign = sent()
    people = Message.objects.filter(campaign=campaign).count()
    results = counted(campaign)
    assert (results.sent, results.delivered, results.bounced) == (people, 0, 0)
    assert people > 3

    report(campaign, bob, "delivered")
    report(campaign, bob, "delivered")
    report(campaign, emma, "soft")
    report(campaign, emma, "hard")
    report(campaign, alice, "delayed")
    results = counted(campaign)
    assert (results.sent, results.delivered, results.bounced) == (people, 1, 1)


def test_who_unsubscribed_by_the_email_counts_until_the_next_one(
    sent, bob, emma, alice, newsletter
):
    before = unsubscribe_token(alice.recipient, newsletter)
    campaign = sent()
    assert counted(campaign).unsubscribed == 0
    one = unsubscribe_token(bob.recipient, newsletter)
    for _twice in range(2):
        unsubscribe(actor=None, token=one, source="one_click")
    assert counted(campaign).unsubscribed == 1
    everything = unsubscribe_token(emma.recipient)
    recipient, _topics, opt_out = unsubscribe_by_link(actor=None, token=everything)
    assert counted(campaign).unsubscribed == 2
    undo_opt_out(actor=None, recipient=recipient, opt_out=opt_out)
    assert counted(campaign).unsubscribed == 1

    following = sent()
    unsubscribe(actor=None, token=before, source="one_click")
    assert (counted(campaign).unsubscribed, counted(following).unsubscribed) == (1, 1)


def test_a_no_on_a_page_or_to_another_topic_is_not_of_the_email(sent, bob, emma, newsletter):
    campaign = sent()
    choose_topic(actor=bob, topic=newsletter, wants=False)
    other = Topic.objects.get(slug="product-updates")
    token = unsubscribe_token(emma.recipient, other)
    unsubscribe(actor=None, token=token, source="one_click")
    assert counted(campaign).unsubscribed == 0


def test_the_page_shows_the_strip_until_its_end_and_then_stops_asking(as_, olive, sent, bob):
    campaign = sent()
    report(campaign, bob, "hard")
    client = as_(olive)
    path = reverse("preferences:campaign", args=[campaign.pk])
    running = client.get(path).text
    assert "every 3s" in running
    strip = running[running.index('class="strip"') : running.index("</dl>")]
    assert re.findall(r"<dt>(.*?)</dt>", strip)[:4] == [
        "Sent", "Delivered", "Bounced", "Unsubscribed",
    ]  # fmt: skip
    assert re.findall(r"<dd>(\d+)</dd>", strip)[1:4] == ["0", "1", "0"]

    Campaign.objects.filter(pk=campaign.pk).update(state="done")
    cache.clear()
    ended = client.get(path, headers={"HX-Request": "true"}).text
    assert 'id="live"' in ended and "Results" in ended
    assert "hx-get" not in ended and "every 3s" not in ended


def test_nobody_can_unsubscribe_from_a_notice(as_, olive, sent):
    notice = create_campaign(
        actor=olive, topic=None, notice_class=NoticeClass.objects.get(code="legal"), **WORDS
    )
    notice = schedule_campaign(actor=olive, campaign=notice)
    while dispatch(notice.pk):
        pass
    notice.refresh_from_db()
    assert counted(notice).unsubscribed is None
    page = as_(olive).get(reverse("preferences:campaign", args=[notice.pk])).text
    assert "<dt>Delivered</dt>" in page and "<dt>Unsubscribed</dt>" not in page


# --- Topics ---


def test_the_list_of_topics_counts_subscribers(as_, olive, bob, newsletter):
    before = subscriber_counts()[newsletter.pk]
    choose_topic(actor=bob, topic=newsletter, wants=False)
    assert subscriber_counts()[newsletter.pk] == before  # kept for ten minutes
    cache.clear()
    assert subscriber_counts()[newsletter.pk] == before - 1
    shown = as_(olive).get(reverse("preferences:topics")).text
    row = shown[shown.index("/provider/topics/newsletter/") :].partition("</tr>")[0]
    assert f'data-label="Subscribers">{before - 1}<' in row


def test_a_closed_topic_has_no_subscribers(newsletter):
    newsletter.active = False
    newsletter.save()
    assert newsletter.pk not in subscriber_counts()


def test_the_audience_of_a_topic_is_counted_every_ten_minutes(
    bob, newsletter, django_assert_num_queries
):
    before = audience_of(newsletter)
    choose_topic(actor=bob, topic=newsletter, wants=False)
    with django_assert_num_queries(0):
        assert audience_of(newsletter) == before
    cache.clear()
    with django_assert_num_queries(1):
        assert audience_of(newsletter).recipients == before.recipients - 1


@pytest.mark.parametrize("change", ["active", "default_on"])
def test_the_audience_is_counted_anew_when_the_topic_changes(newsletter, change):
    before = audience_of(newsletter)
    setattr(newsletter, change, not getattr(newsletter, change))
    newsletter.save()
    assert audience_of(newsletter) != before


# --- Charts ---


def months(*counts):
    first = date(2026, 1, 1)
    return [
        Month(first + timedelta(days=31 * place), yes, no) for place, (yes, no) in enumerate(counts)
    ]


@pytest.mark.parametrize("svg", [
    answers_chart(months((3, 1), (0, 0), (12, 5)), 'A <b>"title"</b>'),
    audience_chart(
        AudienceEstimate([(Reason.CHOSE_YES, 5)], [(Reason.CHOSE_NO, 2)]), 'A <b>"title"</b>'
    ),
])  # fmt: skip
def test_a_chart_is_an_image_without_style_or_script(svg):
    assert svg.startswith("<svg") and 'role="img"' in svg
    assert 'aria-label="A &lt;b&gt;&quot;title&quot;&lt;/b&gt;"' in svg
    assert not re.search(r"<style|<script|<defs|<!--|style=| on\w+=|href", svg)
    assert 'class="bar"' not in svg  # print hides what is so called
    assert "serie-0 color-0" in svg and "serie-1 color-1" in svg and "serie-2" not in svg


def test_a_chart_has_axes_and_values():
    svg = answers_chart(months((3, 1), (0, 0), (12, 5)), "T")
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    assert {"Jan", "Feb", "Mar", "0", "5", "10"} <= set(texts)
    assert {"3", "1", "12"} <= set(texts)


def test_there_is_no_chart_of_nothing():
    assert answers_chart(months((0, 0), (0, 0)), "T") == ""
    assert audience_chart(AudienceEstimate([], []), "T") == ""


@pytest.mark.parametrize(
    ("most", "step"), [(1, 1), (5, 1), (6, 2), (10, 2), (11, 5), (23, 5), (1234, 500)]
)
def test_the_lines_of_a_chart_are_few_whole_numbers(most, step):
    assert step_of(most) == step
