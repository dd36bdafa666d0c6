"""Webhooks of email providers: accepted with their secret, each event once (R48)."""

import hashlib
import hmac
import json
import warnings
from base64 import b64encode
from itertools import permutations

import pytest
from anymail.exceptions import AnymailWarning
from django.utils import timezone

from accounts.models import AuditEvent
from preferences.gate.providers import PROVIDERS
from preferences.models import DeliveryEvent, Escalation, Message, Recipient

SECRET = "hub:secret"
KEY = "signing-key"


@pytest.fixture
def sent(bob, deliver, newsletter, send_topic):
    """A newsletter that Bob's server accepted."""
    send_topic(newsletter, bob)
    deliver()
    return Message.objects.get(topic=newsletter)


@pytest.fixture
def notice(bob, deliver, send_legal):
    send_legal(bob)
    deliver()
    return Message.objects.get(notice_class="legal")


@pytest.fixture
def post(client, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}
    client.raise_request_exception = False

    def send(event, provider="brevo", *, secret=SECRET, **more):
        headers = {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"}
        body = event if isinstance(event, bytes) else json.dumps(event)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", AnymailWarning
            )  # a provider anymail has given up on says so
            return client.post(
                f"/mail/events/{provider}/",
                body,
                more.pop("content_type", "application/json"),
                headers=headers if secret else {},
            ).status_code

    return send


def brevo(message, event="hard_bounce", *, moment=None, **more):
    """As Brevo writes an event; it has no key of its own."""
    moment = moment or int(timezone.now().timestamp() * 1000)
    return {
        "event": event,
        "email": message.address,
        "message-id": message.message_id,
        "ts_epoch": moment,
        **more,
    }


def mailgun(message, event="failed", *, token="t1", key=KEY, **more):
    """As Mailgun writes and signs an event."""
    stamp = str(int(timezone.now().timestamp()))
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"token": token, "timestamp": stamp, "signature": signature},
        "event-data": {
            "event": event,
            "timestamp": float(stamp),
            "recipient": message.address,
            "message": {"headers": {"message-id": message.message_id.strip("<>")}},
            **more,
        },
    }


def reader(person):
    return Recipient.objects.get(user=person)


PERMANENT = {"severity": "permanent", "delivery-status": {"message": "5.1.1 no such user"}}


# --- What they say ---


@pytest.mark.parametrize("where", ["message", "description"])
def test_a_full_mailbox_is_no_dead_address_wherever_the_provider_says_it(post, sent, bob, where):
    """Mailgun: `delivery-status.message` is the server's reply, `description` its own words."""
    status = {"code": 552, "message": "", where: "552 5.2.2 mailbox full"}
    post(mailgun(sent, severity="permanent", **{"delivery-status": status}), "mailgun")

    assert DeliveryEvent.objects.get(message=sent).kind == "soft"


@pytest.mark.parametrize(
    ("provider", "event"),
    [
        ("brevo", lambda m: brevo(m, reason="550 5.1.1 no such user", moment=1_700_000_000_000)),
        ("mailgun", lambda m: mailgun(m, **PERMANENT)),
    ],
)
def test_a_hard_bounce_counts_once_however_often_it_is_posted(post, sent, bob, provider, event):
    said = event(sent)
    assert [post(said, provider) for _again in range(3)] == [204, 204, 204]
    report = DeliveryEvent.objects.get()
    assert (report.kind, report.event.split(":")[0]) == ("hard", provider)
    assert "5.1.1" in reader(bob).unreachable_reason
    assert AuditEvent.objects.filter(kind="address.unreachable").count() == 1


@pytest.mark.parametrize(
    ("provider", "event", "kind"),
    [
        ("brevo", lambda m: brevo(m, "delivered"), "delivered"),
        ("brevo", lambda m: brevo(m, "deferred"), "delayed"),
        ("brevo", lambda m: brevo(m, "soft_bounce", reason="mailbox is full"), "soft"),
        ("brevo", lambda m: brevo(m, "blocked"), "soft"),
        ("brevo", lambda m: brevo(m, "error"), "soft"),
        ("brevo", lambda m: brevo(m, "invalid_email"), "hard"),
        ("brevo", lambda m: brevo(m, "spam"), "complaint"),
        ("mailgun", lambda m: mailgun(m, "delivered"), "delivered"),
        ("mailgun", lambda m: mailgun(m, severity="temporary"), "delayed"),
        ("mailgun", lambda m: mailgun(m, **PERMANENT), "hard"),
        ("mailgun", lambda m: mailgun(m, "complained"), "complaint"),
    ],
)
def test_each_event_type_of_a_provider_is_mapped(post, sent, bob, provider, event, kind):
    assert post(event(sent), provider) == 204
    assert sent.reports.get().kind == kind
    assert bool(reader(bob).unreachable_since) == (kind == "hard")
    assert reader(bob).is_stopped == (kind == "complaint")


@pytest.mark.parametrize("order", list(permutations(["delivered", "hard", "soft", "delayed"])))
def test_events_in_any_order_have_the_same_result(post, notice, bob, order):
    """Late, early or twice: a bounce stands, and the notice escalates once (R47)."""
    words = {"hard": "hard_bounce", "soft": "soft_bounce", "delayed": "deferred"}
    for place, kind in enumerate([*order, *order]):
        moment = 1_700_000_000_000 + 1000 * order.index(kind)
        assert post(brevo(notice, words.get(kind, kind), moment=moment)) == 204, place
    assert notice.reports.count() == 4
    assert reader(bob).unreachable_since
    assert Escalation.objects.get().state == "addresses"
    assert AuditEvent.objects.filter(kind="escalation.opened").count() == 1


def test_opens_and_clicks_are_not_kept_R51(post, sent):
    for word in ("opened", "unique_opened", "proxy_open", "click", "unsubscribe", "request"):
        assert post(brevo(sent, word)) == 204
    assert not DeliveryEvent.objects.exists()


def test_unprintable_text_of_a_provider_is_cleaned(post, sent, bob):
    reason = "550 5.1.1\r\nSubject: x\x00\u202e" + "x" * 1000
    assert post(brevo(sent, reason=reason)) == 204
    assert post(brevo(sent, reason={"a": 1}, moment=1)) == 204
    assert post(mailgun(sent, token="\x00\x1b" * 200, **PERMANENT), "mailgun") == 204
    assert all(r.diagnostic.isprintable() and r.event.isprintable() for r in sent.reports.all())


# --- Who says it ---


def test_events_about_other_email_are_ignored(post, sent, alice):
    assert post(brevo(sent, email=alice.email)) == 204
    assert post(brevo(sent, **{"message-id": "<x@y>"})) == 204
    assert post(brevo(sent, **{"message-id": None})) == 204
    assert post(brevo(sent, email=None)) == 204
    assert post(brevo(sent, email=["a"], **{"message-id": {"a": "b"}})) == 204
    assert not DeliveryEvent.objects.exists()
    assert not Recipient.objects.filter(unreachable_since__isnull=False).exists()


@pytest.mark.parametrize(
    "secret", ["", "hub:wrong", "hub", ":", "hub:secret:more", "\u00e9:\u00e9"]
)
@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_without_the_secret_nothing_is_read(post, sent, provider, secret):
    write = {"brevo": brevo, "mailgun": mailgun}[provider]
    assert post(write(sent), provider, secret=secret) == 403
    assert post(b"\xff" * 9_000_000, provider, secret=secret) == 413
    assert not DeliveryEvent.objects.exists()


def test_one_provider_s_key_and_body_do_nothing_for_another(post, sent):
    assert post(mailgun(sent, key="another"), "mailgun") == 403
    assert post(brevo(sent), "mailgun") == 403
    unsigned = mailgun(sent)
    del unsigned["signature"]
    assert post(unsigned, "mailgun") == 403
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert post(b"event=bounced&token=a&timestamp=1&signature=b", "mailgun", **form) == 403
    assert post(mailgun(sent)) == 204  # Brevo's address reads no such event
    assert not DeliveryEvent.objects.exists()


def test_only_configured_providers_are_answered(post, sent, settings):
    assert post(brevo(sent), "sendgrid") == 404  # anymail has given it up
    assert post(brevo(sent), "postmark") == 404  # names mail by a key of its own
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    assert post(mailgun(sent), "mailgun") == 404  # its key is not set
    settings.ANYMAIL = {}
    assert post(brevo(sent)) == 404
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"[1]", b"1", b"null", b"\xff", b'"x"', b"[" * 100_000,
        b'{"ts_epoch": 1e300}', b'{"ts_epoch": "x"}', b'{"items": []}',
        b'{"signature": {"token": "\xc3\xa9", "timestamp": "1", "signature": "x"}}',
        b'{"signature": null}', b"x" * 9_000_000,
    ],
)  # fmt: skip
def test_unreadable_events_change_nothing(post, sent, provider, body):
    assert post(body, provider) in (204, 400, 403, 413)  # never an error of ours
    assert not DeliveryEvent.objects.exists()


def test_only_post_is_accepted(client, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    for method in (client.get, client.head, client.put, client.delete):
        assert method("/mail/events/brevo/").status_code == 405
