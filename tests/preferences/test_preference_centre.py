"""`/preferences/`: topics as switches, required notices with reasons (R30, R34, R40)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from preferences.choices import NoticeCode
from preferences.models import Choice, ConsentRecord, CustomerTopicDenial, Recipient
from preferences.selectors import may_send, preference_centre
from preferences.services.campaigns import create_campaign, schedule_campaign, start_due_campaigns
from preferences.services.choices import choose_topic
from preferences.services.recipients import choose_digest

HTMX = {"headers": {"HX-Request": "true"}}


def switches(text):
    """slug → on, as the page shows it."""
    found = re.findall(r'<input type="checkbox"[^>]*id="wants-([^"]+)"([^>]*)>', text)
    return {slug: "checked" in rest for slug, rest in found}


def test_topics_come_first_and_required_notices_have_no_switch_R40(bob, as_):
    text = as_(bob).get("/preferences/").text

    assert switches(text) == {
        "newsletter": True,
        "product-updates": True,
        "promotions": False,
        "domain-market": False,
    }
    assert text.index('id="optional"') < text.index('id="mandatory"')
    mandatory = text[text.index('id="mandatory"') :]
    for notice in preference_centre(bob).notices:
        assert str(notice) in mandatory
        assert str(notice.reason) in mandatory.replace("&#x27;", "'")
        assert str(notice.legal_basis) in mandatory.replace("&#x27;", "'")
    assert "checkbox" not in mandatory
    assert "disabled" not in mandatory


def test_a_topic_of_a_portal_is_for_its_users(dana, as_):
    assert "domain-market" not in switches(as_(dana).get("/preferences/").text)


def test_topics_for_resellers_are_shown_only_to_their_people(frank, bob, as_):
    """In the example Cedar Books resells, and Alder Dental does not."""
    assert "reseller-alerts" in switches(as_(frank).get("/preferences/").text)
    assert "reseller-alerts" not in switches(as_(bob).get("/preferences/").text)


def test_a_form_post_saves_and_offers_undo_R34(bob, alice, as_, newsletter):
    client = as_(bob)
    page = client.post("/preferences/choose/", {"topic": "newsletter"}, follow=True)

    [(address, status)] = page.redirect_chain
    assert status == 302
    assert switches(page.text)["newsletter"] is False
    assert not may_send(bob, newsletter)
    assert "Unsubscribed from: Newsletter." in page.text
    assert "Undo" in page.text
    assert "Unsubscribed from: Newsletter." in client.get(address).text  # loaded again
    assert "Unsubscribed from: " not in as_(alice).get(address).text  # somebody else's

    client.post("/preferences/choose/", {"topic": "newsletter", "wants": "yes"})
    assert may_send(bob, newsletter)


def test_htmx_gets_the_fragment_with_the_new_state(bob, as_, newsletter):
    response = as_(bob).post("/preferences/choose/", {"topic": "newsletter"}, **HTMX)

    assert response.status_code == 200
    assert "<html" not in response.text
    assert switches(response.text)["newsletter"] is False
    assert 'hx-swap-oob="innerHTML:#saved"' in response.text
    assert "Unsubscribed from: Newsletter." in response.text


@pytest.mark.parametrize("extra", [{}, HTMX])
def test_stop_all_names_required_notices_and_can_be_undone_R15_R40(bob, as_, extra):
    client = as_(bob)
    assert "Legal notices" in client.get("/preferences/").text
    page = client.post("/preferences/stop/", follow=True, **extra)

    assert not any(switches(page.text).values())
    assert "Unsubscribe from all optional email" not in page.text.split('id="history"')[0]
    assert 'action="/preferences/resume/"' in page.text
    page = client.post("/preferences/resume/", follow=True, **extra)
    on = {slug for slug, checked in switches(page.text).items() if checked}
    assert on == {"newsletter", "product-updates"}
    assert not Choice.objects.exists()  # by default again, as before: nothing was said of a topic


def test_the_history_shows_only_own_records(bob, alice, as_, newsletter, promotions):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    choose_topic(actor=alice, topic=promotions, wants=True)
    history = as_(bob).get("/preferences/").text.split('id="history"')[1]
    assert "Newsletter" in history
    assert "Promotions" not in history


def test_opening_the_page_changes_nothing(bob, as_):
    client = as_(bob)
    for said in (
        "done=no&topic=newsletter",
        "confirmation=a%00b",
        "confirmation=WzFd:1:x",
        "confirmation=",
    ):
        html = client.get(f"/preferences/?{said}").text
        assert "notice ok" not in html  # an address alone makes up nothing
        assert 'id="undo"' not in html
    assert client.get("/preferences/choose/").status_code == 405
    assert client.get("/preferences/stop/").status_code == 405
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize(
    "slug", ["nothing", "", "newsletter\x00", "newsletter\r\n", "'--", "é" * 500]
)
def test_unknown_topics_are_not_found(bob, as_, slug):
    assert as_(bob).post("/preferences/choose/", {"topic": slug}).status_code == 404
    assert not ConsentRecord.objects.exists()


def test_topic_of_somebody_elses_portal_is_not_found(dana, as_):
    response = as_(dana).post("/preferences/choose/", {"topic": "domain-market", "wants": "yes"})
    assert response.status_code == 404


def test_one_bad_topic_of_several_changes_nothing(bob, as_):
    data = {"topic": ["newsletter", NoticeCode.LEGAL.value]}
    assert as_(bob).post("/preferences/choose/", data).status_code == 409
    assert not ConsentRecord.objects.exists()


def test_query_budget(bob, as_, django_assert_max_num_queries):
    client = as_(bob)
    client.get("/preferences/")
    with django_assert_max_num_queries(12):
        client.get("/preferences/")


def test_pause_and_its_end_R30(bob, as_, newsletter):
    client = as_(bob)
    page = client.post("/preferences/pause/", {"days": "30"}, follow=True)
    assert "Optional email is paused." in page.text
    left = Recipient.objects.get(user=bob).paused_until - timezone.now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    assert not may_send(bob, newsletter)
    assert switches(page.text)["newsletter"]  # paused, not refused

    refused = client.post("/preferences/pause/", {"days": "45"})
    assert refused.status_code == 409
    assert "Choose 30 or 90 days." in refused.text
    assert Recipient.objects.get(user=bob).paused_until

    page = client.post("/preferences/pause/", {"days": ""}, follow=True)
    assert "The pause is over." in page.text
    assert may_send(bob, newsletter)


def test_frequency_and_language_are_saved_with_undo(bob, as_):
    client = as_(bob)
    page = client.post("/preferences/digest/", {"digest": "weekly"}, follow=True)
    assert Recipient.objects.get(user=bob).digest == "weekly"
    assert '<input type="hidden" name="digest" value="immediate">' in page.text
    assert client.post("/preferences/digest/", {"digest": "hourly"}).status_code == 409
    assert Recipient.objects.get(user=bob).digest == "weekly"

    page = client.post("/preferences/language/", {"language": "fr"}, follow=True)
    bob.refresh_from_db()
    assert bob.language == "fr"
    assert '<html lang="fr">' in page.text
    assert client.post("/preferences/language/", {"language": "xx"}).status_code == 409
    response = client.post("/preferences/language/", {"language": "en"}, **HTMX)
    assert response["HX-Redirect"].startswith("/preferences/?confirmation=")


def test_a_topic_denied_by_a_company_names_the_company_R43(bob, alice, alder, as_, newsletter):
    CustomerTopicDenial.objects.create(customer=alder, topic=newsletter, by=alice)
    text = as_(bob).get("/preferences/").text
    assert f"{alder} turned this topic off ({alice}" in text
    assert switches(text)["newsletter"]  # Bob's own choice is unchanged


def test_last_sent_is_the_day_of_the_last_mail(bob, as_, newsletter, send_topic, deliver):
    assert "last sent" not in as_(bob).get("/preferences/").text
    send_topic(newsletter, bob)
    deliver()
    row = next(r for r in preference_centre(bob).topics if r.topic == newsletter)
    assert row.last_sent.date() == timezone.now().date()
    assert as_(bob).get("/preferences/").text.count("last sent") == 1


def test_last_sent_is_not_a_campaign_that_reached_nobody_yet(bob, olive, newsletter, deliver):
    def last_sent():
        return next(r for r in preference_centre(bob).topics if r.topic == newsletter).last_sent

    for reader in Recipient.objects.all():
        choose_digest(actor=reader.user, digest="weekly")
    campaign = create_campaign(
        actor=olive, topic=newsletter, subject_en="N", subject_fr="N", body_en="T", body_fr="T"
    )
    schedule_campaign(actor=olive, campaign=campaign)
    deliver()
    assert last_sent() is None  # it waits for the digests

    choose_digest(actor=bob, digest="immediate")
    began = timezone.now()
    other = create_campaign(
        actor=olive, topic=newsletter, subject_en="M", subject_fr="M", body_en="T", body_fr="T"
    )
    schedule_campaign(actor=olive, campaign=other)
    deliver()
    with time_machine.travel(began + timedelta(days=2)):
        start_due_campaigns()  # the clock wakes the first one again and again
        deliver()
    assert began <= last_sent() < began + timedelta(days=1)


def test_an_unreachable_address_shows_a_banner(bob, as_):
    assert "has bounced since" not in as_(bob).get("/preferences/").text
    Recipient.objects.filter(user=bob).update(unreachable_since=timezone.now())
    assert f"Email to {bob.email} has bounced since" in as_(bob).get("/preferences/").text


def test_history_shows_the_wording_and_is_paged_by_key(
    bob, alice, as_, newsletter, promotions, django_assert_max_num_queries
):
    choose_topic(actor=alice, topic=promotions, wants=True)
    for number in range(25):
        choose_topic(actor=bob, topic=newsletter, wants=bool(number % 2))
    client = as_(bob)
    with django_assert_max_num_queries(12):
        page = client.get("/preferences/history/")
    assert page.text.count(newsletter.purpose) == 20
    assert promotions.purpose not in page.text
    after = re.search(r'href="\?after=(\d+)"', page.text)[1]
    assert client.get(f"/preferences/history/?after={after}").text.count(newsletter.purpose) == 5
    hers = alice.recipient.consent_records.get().pk
    assert client.get(f"/preferences/history/?after={hers}").status_code == 400


def test_no_cookie_of_ours_lasts_a_year_R33(bob, as_):
    client = as_(bob)
    for response in (
        client.get("/preferences/"),
        client.post("/preferences/language/", {"language": "fr"}),
    ):
        for cookie in response.cookies.values():
            assert int(cookie["max-age"] or 0) <= 365 * 24 * 3600


def test_signed_out_people_sign_in_first(as_, db):
    for path in ("/preferences/", "/preferences/choose/", "/preferences/stop/"):
        response = as_(None).post(path)
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/")
