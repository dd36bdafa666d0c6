"""The unsubscribe link: safe to open, one POST, no sign-in (R3–R8, I1–I3, I6)."""

import re

import pytest
from django.test import Client

from accounts.encryption import LinkCipher
from accounts.models import AuditEvent
from preferences.choices import ConsentSource, Reason
from preferences.models import Choice, ConsentRecord, DeliveryDecision, Topic
from preferences.selectors import may_send
from preferences.services.choices import choose_topic
from preferences.tokens import BadToken, read_unsubscribe_token, unsubscribe_token

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def url(token):
    return f"/preferences/unsubscribe/{token}/"


@pytest.fixture
def stranger():
    """No cookie, CSRF checks on: what a mail program is."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def token(bob, newsletter):
    return unsubscribe_token(bob.recipient, newsletter)


def rows():
    return ConsentRecord.objects.count(), Choice.objects.count(), AuditEvent.objects.count()


def test_the_header_of_a_real_email_works_R1_R3_R11(bob, newsletter, deliver, send_topic, stranger):
    send_topic(newsletter, bob)
    wire = deliver()[0].message()
    path = re.fullmatch(r"<https?://[^/]+(/.+)>", wire["List-Unsubscribe"])[1]
    field, _, value = wire["List-Unsubscribe-Post"].partition("=")

    assert stranger.post(path, {field: value}).status_code == 200
    assert Choice.objects.get().consent.source == ConsentSource.ONE_CLICK
    send_topic(newsletter, bob)
    assert len(deliver()) == 1
    assert DeliveryDecision.objects.latest("pk").reason == Reason.CHOSE_NO


def test_multipart_and_urlencoded_both_parse_R3(bob, newsletter, promotions, stranger):
    for topic, body in (
        (newsletter, {"data": ONE_CLICK}),
        (
            promotions,
            {
                "data": "List-Unsubscribe=One-Click",
                "content_type": "application/x-www-form-urlencoded",
            },
        ),
    ):
        response = stranger.post(url(unsubscribe_token(bob.recipient, topic)), **body)
        assert response.status_code == 200
        consent = Choice.objects.get(topic=topic).consent
        assert (consent.wants, consent.source, consent.actor) == (False, "one_click", None)


def test_get_and_head_change_nothing_R5_I2(token, stranger):
    before = rows()
    for _ in range(3):
        response = stranger.get(url(token))
        assert response.status_code == 200
        assert b'<form method="post"' in response.content
        assert stranger.head(url(token)).status_code == 200
    assert stranger.options(url(token)).status_code == 405
    assert stranger.get(url(token) + "?List-Unsubscribe=One-Click").status_code == 200
    assert rows() == before


def test_a_repeated_post_succeeds_and_writes_once_R6_I3(token, stranger):
    for _ in range(3):
        assert stranger.post(url(token), ONE_CLICK).status_code == 200
    assert ConsentRecord.objects.count() == 1
    assert AuditEvent.objects.filter(kind="topic.unsubscribed").count() == 1


def test_a_replay_after_resubscribing_only_reduces_R6(bob, newsletter, token, stranger):
    stranger.post(url(token), ONE_CLICK)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    stranger.post(url(token), ONE_CLICK | {"wants": "yes"})
    assert not Choice.objects.get().wants


def test_the_form_of_the_page_works_without_cookies(token, stranger):
    response = stranger.post(url(token))
    assert response.status_code == 200
    assert Choice.objects.get().consent.source == ConsentSource.MAIL_LINK


def test_it_works_for_a_closed_account_and_a_closed_topic_R14(bob, newsletter, token, stranger):
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    Topic.objects.filter(pk=newsletter.pk).update(active=False)
    assert stranger.post(url(token), ONE_CLICK).status_code == 200
    assert not Choice.objects.get().wants


def test_the_page_is_in_the_recipients_language_and_masks_the_address_I6(
    bob, token, stranger, settings
):
    type(bob).objects.filter(pk=bob.pk).update(language="fr")
    text = stranger.get(url(token)).text
    assert "Infolettre" in text
    assert "b…@alder.example" in text
    assert bob.email not in text
    assert bob.email not in token
    stranger.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert "Newsletter" in stranger.get(url(token)).text

    stranger.post(url(token), ONE_CLICK)
    record = ConsentRecord.objects.get()
    assert (record.language, record.wording[:10]) == ("fr", "Infolettre")


def test_bad_tokens_get_the_same_answer_R4_I1(bob, alice, newsletter, promotions, token, stranger):
    other = unsubscribe_token(alice.recipient, promotions)
    half = len(token) // 2
    other_letter = "A" if token[-2] != "A" else "B"
    bad = {
        "forged": "x" * len(token),
        "truncated": token[:-5],
        "one character less": token[:-1],
        "flipped": token[:-2] + other_letter + token[-1],
        "swapped": token[:half] + other[half:],
        "other purpose": LinkCipher("another.purpose").encrypt(f"{bob.sub}/1"),
        "nobody": LinkCipher("preferences.tokens.unsubscribe").encrypt(
            "00000000-0000-0000-0000-000000000000/1"
        ),
        "no topic": LinkCipher("preferences.tokens.unsubscribe").encrypt(f"{bob.sub}/999999"),
        "nonsense": LinkCipher("preferences.tokens.unsubscribe").encrypt("ÿ/x"),
        "address": bob.email,
        "not ASCII": "é" * 40,
        "zero byte": "a%00b",
    }
    before = rows()
    answers = set()
    for value in bad.values():
        for send in (stranger.get, lambda path: stranger.post(path, ONE_CLICK)):
            response = send(url(value))
            # a fresh CSRF token and nonce stand in every page
            text = re.sub(r'(X-CSRFToken": "|nonce=")[^"]*', "", response.text)
            text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)
            text = re.sub(r'name="next" value="[^"]*"', "", text)
            answers.add((response.status_code, text))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    assert rows() == before


def test_a_former_secret_key_still_verifies_links(bob, newsletter, token, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "y" * 40
    assert read_unsubscribe_token(token) == (bob.recipient, [newsletter])
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BadToken):
        read_unsubscribe_token(token)


# --- Undo on the page ---


@pytest.mark.parametrize("everything", [False, True])
def test_the_page_undoes_what_it_did_R34(bob, newsletter, stranger, everything):
    path = url(unsubscribe_token(bob.recipient, *([] if everything else [newsletter])))
    page = stranger.post(path)
    assert 'value="undo"' in page.text
    assert not may_send(bob, newsletter)
    csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]

    page = stranger.post(path, {"act": "undo", "csrfmiddlewaretoken": csrf})
    assert page.status_code == 200
    assert ("as before" if everything else "gets “Newsletter” again") in page.text
    assert may_send(bob, newsletter)
    before = rows()
    again = stranger.post(path, {"act": "undo", "csrfmiddlewaretoken": csrf})
    assert "Nothing was undone" in again.text
    assert rows() == before


def test_another_site_browser_or_link_undoes_nothing_R6(bob, alice, newsletter, stranger):
    path = url(unsubscribe_token(bob.recipient, newsletter))
    page = stranger.post(path)
    csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    before = rows()

    assert stranger.post(path, {"act": "undo"}).status_code == 403  # from another site
    other = Client(enforce_csrf_checks=True)
    other.cookies["hub_csrf"] = stranger.cookies["hub_csrf"].value
    answer = other.post(path, {"act": "undo", "csrfmiddlewaretoken": csrf})
    assert "Nothing was undone" in answer.text
    of_alice = url(unsubscribe_token(alice.recipient, newsletter))
    stranger.cookies["hub_mail_undo"]["path"] = "/"
    answer = stranger.post(of_alice, {"act": "undo", "csrfmiddlewaretoken": csrf})
    assert "Nothing was" in answer.text
    assert rows() == before
    assert not may_send(bob, newsletter)


def test_a_mail_program_is_offered_no_undo_R6(token, stranger):
    assert 'value="undo"' not in stranger.post(url(token), ONE_CLICK).text
    assert "hub_mail_undo" not in stranger.cookies
    assert 'value="undo"' not in stranger.post(url(token)).text  # it was off already
    both = stranger.post(url(token), ONE_CLICK | {"act": "undo"})
    assert both.status_code == 200
    assert not Choice.objects.get().wants


def test_a_newer_choice_is_not_undone(bob, newsletter, stranger):
    path = url(unsubscribe_token(bob.recipient, newsletter))
    page = stranger.post(path)
    csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    choose_topic(actor=bob, topic=newsletter, wants=True)
    choose_topic(actor=bob, topic=newsletter, wants=False)
    answer = stranger.post(path, {"act": "undo", "csrfmiddlewaretoken": csrf})
    assert "Nothing was undone" in answer.text
    assert not may_send(bob, newsletter)
