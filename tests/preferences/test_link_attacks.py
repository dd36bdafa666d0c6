"""Attacks on emailed links: whoever holds one can only reduce email (R3–R7)."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.encryption import LinkCipher
from accounts.models import AuditEvent
from preferences.gate.sealing import seal
from preferences.models import Choice, ConsentRecord, Message, Recipient
from preferences.selectors import may_send
from preferences.services.choices import choose_topic
from preferences.services.opt_out_undo import pause_by_link, stop_mail, undo_opt_out
from preferences.services.receipts import receipt_for
from preferences.tokens import (
    CONFIRMATION,
    PAGE,
    UNSUBSCRIBE,
    confirmation_url,
    page_token,
    unsubscribe_token,
)
from preferences.views.links import UNDO_COOKIE

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ROUTES = {
    "unsubscribe": "/preferences/unsubscribe/{}/",
    "page": "/preferences/mail/{}/",
    "confirm": "/subscribe/confirm/{}/",
}


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def tokens(bob, newsletter):
    """A good token of each purpose, by the route it opens."""
    url = confirmation_url(address="sam@elsewhere.example", language="en", topics=[newsletter])
    return {
        "unsubscribe": unsubscribe_token(bob.recipient, newsletter),
        "page": page_token(bob.recipient),
        "confirm": re.search(r"/confirm/([^/]+)/", url)[1],
    }


def everything():
    return (
        list(ConsentRecord.objects.values_list("pk", flat=True)),
        AuditEvent.objects.count(),
        Message.objects.count(),
        Session.objects.count(),
        list(Recipient.objects.values_list("paused_until", "digest", "stopped").order_by("pk")),
    )


def answered(response):
    """Status and text without what is fresh in every page."""
    text = re.sub(r'(X-CSRFToken": "|nonce=")[^"]*', "", response.text)
    text = re.sub(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"', "", text)
    return response.status_code, text


def token_of(page):
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]


# --- Tokens in the wrong place ---


def test_every_bad_token_gets_the_same_answer_and_changes_nothing_R4(
    bob, alice, newsletter, promotions, tokens, stranger
):
    choose_topic(actor=alice, topic=newsletter, wants=False)
    receipt = receipt_for(actor=alice)
    foreign = {
        "undo": signing.dumps({"recipient": bob.recipient.pk, "kind": "stop"}, salt=UNDO_COOKIE),
        "receipt": receipt["signature"],
        "receipt id": receipt["receipt"]["receipt_id"],
        "sealed mail": seal({"body": "1/1"}).decode(),
        "key": str(bob.recipient.pk),
        "sub": str(bob.sub),
        "empty": "-",
        "long": "A" * 4000,
        "another reader's topic": LinkCipher(UNSUBSCRIBE).encrypt("999999/1"),
        "a topic twice": LinkCipher(UNSUBSCRIBE).encrypt(
            f"{bob.recipient.pk}/{newsletter.pk}.{newsletter.pk}"
        ),
        "no number": LinkCipher(PAGE).encrypt("one"),
        "negative": LinkCipher(PAGE).encrypt("-1"),
        "too large": LinkCipher(PAGE).encrypt("9" * 30),
        "no date": LinkCipher(CONFIRMATION).encrypt("nonsense"),
        "another shape": LinkCipher(CONFIRMATION).encrypt('{"a": 1}'),
        "too short": LinkCipher(CONFIRMATION).encrypt("1/en"),
        "no moment": LinkCipher(CONFIRMATION).encrypt("x!/en/1/a@b.example"),
        "no wanted topic": LinkCipher(UNSUBSCRIBE).encrypt("1/x.y"),
    }
    before = everything()
    for route, path in ROUTES.items():
        bad = {**foreign, **{name: one for name, one in tokens.items() if name != route}}
        answers = {
            name: answered(send(path.format(value.replace("/", "%2F"))))
            for name, value in bad.items()
            for send in (
                stranger.get,
                lambda url: Client().post(url, ONE_CLICK | {"act": "stop-all"}),
            )
        }
        assert len(set(answers.values())) == 1, {n: a[0] for n, a in answers.items()}
        assert next(iter(answers.values()))[0] == 404
    assert everything() == before


@pytest.mark.parametrize("route", ROUTES)
def test_get_head_and_prefetch_change_nothing_R5(tokens, stranger, route):
    path = ROUTES[route].format(tokens[route])
    before = everything()
    for headers in ({}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}):
        for query in ("", "?act=stop-all&List-Unsubscribe=One-Click&confirm=1"):
            assert stranger.get(path + query, headers=headers).status_code == 200
            assert stranger.head(path + query, headers=headers).status_code == 200
    for send in (stranger.options, stranger.put, stranger.delete, stranger.patch, stranger.trace):
        assert send(path).status_code in (403, 405)
    assert everything() == before


# --- Undo ---


def stopped(client, recipient, act="stop"):
    page = client.get(ROUTES["page"].format(page_token(recipient)))
    data = {"act": act, "topic": "newsletter", "csrfmiddlewaretoken": token_of(page)}
    return client.post(ROUTES["page"].format(page_token(recipient)), data)


def undone(client, recipient, **more):
    path = ROUTES["page"].format(page_token(recipient))
    page = client.get(path)
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    data = {"act": "undo", "csrfmiddlewaretoken": found[1] if found else ""} | more
    return client.post(path, data)


def test_an_undo_from_another_site_is_refused_a_reduction_needs_no_cookie_R3(
    bob, newsletter, stranger
):
    stopped(stranger, bob.recipient)
    path = ROUTES["page"].format(page_token(bob.recipient))
    assert stranger.post(path, {"act": "undo"}).status_code == 403  # no token of the form
    assert stranger.post(path, {"act": "undo", "csrfmiddlewaretoken": "x" * 64}).status_code == 403
    assert not may_send(bob, newsletter)
    assert undone(stranger, bob.recipient).status_code == 200
    assert may_send(bob, newsletter)
    assert Client(enforce_csrf_checks=True).post(path, {"act": "stop-all"}).status_code == 200
    assert not may_send(bob, newsletter)


def test_subscribing_needs_the_form_of_the_page(subscriber, promotions, stranger):
    path = ROUTES["page"].format(page_token(subscriber()))
    data = {"act": "ask", "topic": "promotions"}
    assert stranger.post(path, data).status_code == 403
    assert not Message.objects.exists()
    data["csrfmiddlewaretoken"] = token_of(stranger.get(path))
    assert stranger.post(path, data).status_code == 200
    assert Message.objects.count() == 1


@pytest.mark.parametrize("act", ["stop", "stop-all"])
def test_an_undo_expires_after_ten_minutes_and_is_for_one_browser(
    bob, newsletter, stranger, time_machine, act
):
    stopped(stranger, bob.recipient, act)
    kept = stranger.cookies[UNDO_COOKIE].value
    other = Client(enforce_csrf_checks=True)
    assert "Nothing was undone" in undone(other, bob.recipient).text
    time_machine.move_to(timezone.now() + timedelta(seconds=601), tick=False)
    for client in (stranger, other):
        client.cookies[UNDO_COOKIE] = kept
        assert "Nothing was undone" in undone(client, bob.recipient).text
    assert not may_send(bob, newsletter)


@pytest.mark.parametrize("act", ["stop", "stop-all"])
def test_an_undo_yields_to_a_newer_choice_and_works_once(bob, newsletter, stranger, act):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    stopped(stranger, bob.recipient, act)
    kept = stranger.cookies[UNDO_COOKIE].value
    undone(stranger, bob.recipient)
    assert may_send(bob, newsletter)
    choose_topic(actor=bob, topic=newsletter, wants=False)
    stranger.cookies[UNDO_COOKIE] = kept
    before = everything()
    undone(stranger, bob.recipient)
    assert everything() == before
    assert not may_send(bob, newsletter)


def test_a_forged_undo_needs_the_key_and_its_salt(bob, newsletter, stranger):
    stopped(stranger, bob.recipient)
    content = signing.loads(stranger.cookies[UNDO_COOKIE].value, salt=UNDO_COOKIE)
    before = everything()
    for value in (
        signing.dumps(content, salt="another"),
        signing.dumps(content, salt=UNDO_COOKIE, key="k" * 50),
        "x",
        "",
    ):
        stranger.cookies[UNDO_COOKIE] = value
        assert "Nothing was undone" in undone(stranger, bob.recipient).text
    assert everything() == before


OPT_OUTS = {
    "stop": {"act": "stop", "topic": "newsletter"},
    "stop-all": {"act": "stop-all"},
    "pause": {"act": "pause", "days": "30"},
    "digest": {"act": "digest", "digest": "weekly"},
}


@pytest.mark.parametrize("act", OPT_OUTS)
def test_an_undo_cookie_of_another_reader_changes_nothing(bob, emma, time_machine, act):
    """Neither for the one whose page it is shown to, nor for the one it is about."""
    time_machine.move_to(timezone.now(), tick=False)  # both pauses end at one moment
    browsers = {}
    for person in (bob, emma):
        browser = browsers[person] = Client(enforce_csrf_checks=True)
        path = ROUTES["page"].format(page_token(person.recipient))
        data = {**OPT_OUTS[act], "csrfmiddlewaretoken": token_of(browser.get(path))}
        assert browser.post(path, data).status_code == 200
    browsers[emma].cookies[UNDO_COOKIE] = browsers[bob].cookies[UNDO_COOKIE].value
    readers = Recipient.objects.filter(user__in=[bob, emma]).order_by("pk")
    before = everything(), list(readers.values())

    undone(browsers[emma], emma.recipient)

    assert (everything(), list(readers.values())) == before


@pytest.mark.parametrize("act", OPT_OUTS)
def test_a_cookie_undoes_its_own_kind_of_opt_out_alone(bob, stranger, act):
    """The cookie of an earlier act, put back after another one, leaves the other as it is."""
    path = ROUTES["page"].format(page_token(bob.recipient))

    def do(name):
        token = token_of(stranger.get(path))
        assert (
            stranger.post(path, {**OPT_OUTS[name], "csrfmiddlewaretoken": token}).status_code == 200
        )
        return stranger.cookies[UNDO_COOKIE].value

    def state():
        bob.recipient.refresh_from_db()
        reader = bob.recipient
        return {
            "stop": reader.choices.filter(wants=False).exists(),
            "stop-all": reader.stopped_id is not None,
            "pause": reader.paused_until is not None,
            "digest": reader.digest != "immediate",
        }

    untouched = dict.fromkeys(OPT_OUTS, False)
    kept = do(act)
    assert state() == {**untouched, act: True}
    [other] = [name for name in ("pause", "digest") if name != act][:1]
    do(other)
    stranger.cookies[UNDO_COOKIE] = kept

    undone(stranger, bob.recipient)

    assert state() == {**untouched, other: True}


@pytest.mark.parametrize("kind", ["pause", "digest", "stop", "unknown", ""])
def test_an_undo_of_a_changed_kind_does_nothing_else(bob, newsletter, kind):
    """Signed by us, of a kind that does not fit what it holds."""
    taken = stop_mail(actor=None, recipient=bob.recipient, topics=[newsletter])
    before = everything()
    if kind == "stop":
        taken = pause_by_link(
            actor=None, recipient=bob.recipient, until=timezone.now() + timedelta(days=30)
        )
        before = everything()

    assert not undo_opt_out(actor=None, recipient=bob.recipient, opt_out=replace(taken, kind=kind))

    assert everything() == before
    assert not may_send(bob, newsletter)


# --- Whose link it is ---


def test_the_link_of_a_merged_recipient_applies_to_the_current_one(
    bob, subscriber, newsletter, stranger
):
    sam = subscriber("sam@alder.example")
    old = unsubscribe_token(sam, newsletter)
    page = ROUTES["page"].format(page_token(sam))
    bob.email = "sam@alder.example"
    bob.save()
    choose_topic(actor=bob, topic=newsletter, wants=True)
    assert stranger.get(page).status_code == 200
    assert stranger.post(ROUTES["unsubscribe"].format(old), ONE_CLICK).status_code == 200
    assert not may_send(bob, newsletter)
    assert not Choice.objects.filter(recipient=sam).exists()
    data = {"act": "ask", "topic": "newsletter"}  # enrolling a person asks them to sign in
    data["csrfmiddlewaretoken"] = token_of(stranger.get(page))
    assert stranger.post(page, data).status_code == 404


def test_the_link_of_a_closed_account_still_unsubscribes_R14(bob, newsletter, tokens, stranger):
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    text = stranger.get(ROUTES["page"].format(tokens["page"])).text
    assert bob.email not in text
    assert bob.name not in text
    assert stranger.post(ROUTES["unsubscribe"].format(tokens["unsubscribe"])).status_code == 200
    assert not Choice.objects.get().wants


# --- Sessions and exempt routes ---


@pytest.mark.parametrize("route", ROUTES)
def test_a_link_neither_starts_nor_joins_a_session(tokens, bob, alice, as_, route):
    path = ROUTES[route].format(tokens[route])
    visitor = Client()
    visitor.cookies[django_settings.SESSION_COOKIE_NAME] = "chosen-by-the-attacker"
    before = Session.objects.count()
    for send in (visitor.get, lambda url: visitor.post(url, ONE_CLICK | {"act": "stop-all"})):
        response = send(path)
        assert response.status_code == 200
        assert response.cookies.get(django_settings.SESSION_COOKIE_NAME, None) is None or not (
            response.cookies[django_settings.SESSION_COOKIE_NAME].value
        )
    assert Session.objects.count() == before
    answer = visitor.get(reverse("preferences:centre"))
    assert answer.status_code == 302
    assert "/accounts/login/" in answer.url
    other = as_(alice)  # somebody else's browser stays theirs
    other.get(path)
    assert other.get("/preferences/").context["centre"].recipient == alice.recipient


def test_the_url_of_a_link_is_never_sent_as_a_referrer(tokens, stranger):
    for route, path in ROUTES.items():
        response = stranger.get(path.format(tokens[route]))
        assert response["Referrer-Policy"] in ("same-origin", "strict-origin", "no-referrer")
        assert "no-store" in response["Cache-Control"]


def views(patterns, prefix=""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern), pattern.callback


def test_only_apis_and_unsubscribe_forms_need_no_csrf_token():
    exempt = {path for path, view in views(get_resolver().url_patterns) if is_exempt(view)}
    known = {
        "preferences/unsubscribe/<str:token>/",  # RFC 8058
        "preferences/mail/<str:token>/",  # its acts that give are protected one by one
        "mail/events/<slug:provider>/",
        "payments/events/stripe/",  # signed: compliance/test_card_payments.py
        "identity/o/api/token",
        "identity/o/api/userinfo",
        "identity/o/api/introspect",
        "identity/o/api/revoke",
        "identity/o/authorize",  # by POST it only begins anew
        "identity/o/logout",  # protects its own page's form: oidc/test_logout.py
        "access/v1/evaluation",
        "access/v1/evaluations",
    }
    by_people = {path for path in exempt if not path.startswith(("api/v1/", "access/v1/"))}
    assert by_people <= known
    assert "preferences/unsubscribe/<str:token>/" in by_people


def is_exempt(view):
    return getattr(view, "csrf_exempt", False)
