"""Email as it leaves: its own return path, DSN, 7-bit text, whole headers, Reply-To."""

import re

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.services.customers import create_customer
from accounts.services.invitations import invite_main_super_user, invite_person
from hub.environment import mail_address, one_of
from preferences.gate.bounce_parsing import record_reports
from preferences.gate.return_path import message_of, return_path, token_of
from preferences.gate.signing import SignedMail
from preferences.gate.transport import _xtext
from preferences.models import Message
from preferences.services.campaigns import create_campaign, schedule_campaign
from tests.preferences.test_wire import Inbox, signed, verified  # noqa: F401


class Envelopes(Inbox):
    """Keeps the envelope of each email too, as a server that offers DSN takes it."""

    def __init__(self):
        super().__init__()
        self.envelopes = []

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return await super().handle_DATA(server, session, envelope)


class OffersDsn(SMTP):
    """A server with DSN (RFC 3461) and without 8BITMIME (RFC 6152)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.asked = []

    async def push(self, status):
        if status.startswith("250-8BITMIME"):
            status = status.replace("8BITMIME", "DSN")
        await super().push(status)

    async def smtp_MAIL(self, arg):
        self.event_handler.mail_from = arg
        await super().smtp_MAIL(re.sub(r" (RET|ENVID)=\S+", "", arg))

    async def smtp_RCPT(self, arg):
        self.event_handler.rcpt_to = arg
        await super().smtp_RCPT(re.sub(r" (NOTIFY|ORCPT)=\S+", "", arg))


class DsnController(Controller):
    def factory(self):
        return OffersDsn(self.handler)


@pytest.fixture
def server(settings):
    """A server that keeps envelopes; call it with the controller's class."""
    from tests.machine import free_port

    started = []

    def start(controller_class=Controller):
        controller = controller_class(Envelopes(), hostname="127.0.0.1", port=free_port())
        controller.start()
        started.append(controller)
        settings.HUB_MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
        return controller.handler

    yield start
    from preferences.gate import transport

    transport.close_connection()
    for controller in started:
        controller.stop()


# --- Its own return path ---


def test_each_email_has_its_own_return_path(server, bob, emma, send_legal, deliver):
    """VERP, as Mailman and ezmlm do: the address that a report comes back to names the email."""
    kept = server()
    send_legal(bob)
    send_legal(emma)
    deliver()
    paths = [envelope.mail_from for envelope in kept.envelopes]
    tokens = [re.fullmatch(r"bounces\+(\S+)@harbour\.example", path)[1] for path in paths]
    named = [Message.objects.get(pk=message_of(token)).address for token in tokens]
    assert named == [envelope.rcpt_tos[0] for envelope in kept.envelopes] == [bob.email, emma.email]
    assert [mail["From"].addresses[0].addr_spec for mail in kept.parsed] == [
        "no-reply@harbour.example"
    ] * 2


def test_the_return_path_of_a_campaign_and_a_digest_names_a_message(
    server, olive, newsletter, deliver, bob
):
    kept = server()
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}
    schedule_campaign(actor=olive, campaign=create_campaign(actor=olive, topic=newsletter, **words))
    deliver()
    assert len(kept.envelopes) > 2
    for envelope in kept.envelopes:
        message = Message.objects.get(pk=message_of(envelope.mail_from.split("+")[1].split("@")[0]))
        assert [message.address] == envelope.rcpt_tos


def test_what_a_real_server_gets_back_is_tied(server, bob, send_legal, deliver):
    kept = server()
    send_legal(bob)
    deliver()
    path = kept.envelopes[0].mail_from
    report = (
        f"From: MAILER-DAEMON@x.example\nTo: {path}\nSubject: failure notice\n\n550 5.1.1 no user"
    )
    assert record_reports(report.encode()) == 1


def test_where_dsn_is_offered_the_token_and_the_address_come_back_R48(
    server, bob, send_legal, deliver
):
    """RFC 3461; failures and delays only, or each email would be answered by another."""
    bob.email = "bob+hub=x@alder.example"
    bob.save()
    kept = server(DsnController)
    send_legal(bob)
    deliver()
    token = token_of(Message.objects.get())
    assert kept.mail_from.startswith(f"FROM:<{return_path(token)}>")
    assert f" RET=HDRS ENVID={token}" in kept.mail_from
    assert kept.rcpt_to.endswith(" NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob+2Bhub+3Dx@alder.example")


def test_the_printable_letters_of_ascii_stay_as_they_are_in_an_address():
    """RFC 3461, section 4: xtext is 33 to 126 without + and =; the rest is encoded."""
    kept = "!#$%&'*-/09:AZ^_`az{|}~@alder.example"
    assert _xtext(kept) == kept
    assert _xtext("a b+c=d\x7f") == "a+20b+2Bc+3Dd+7F"


def test_where_dsn_is_not_offered_it_is_not_asked_for(server, bob, send_legal, deliver):
    kept = server()
    send_legal(bob)
    deliver()
    assert kept.envelopes[0].mail_options in ([], [f"SIZE={len(kept.mails[0])}"])
    assert kept.envelopes[0].rcpt_options == []


def test_a_preview_has_no_token():
    assert token_of(Message(address="x@x.example")) == ""


# --- 7-bit text and whole headers (RFC 6376 5.3, RFC 5322 2.2.3) ---


@pytest.mark.parametrize("controller", [Controller, DsnController])
def test_no_8_bit_text_leaves_and_the_signature_holds(
    server,
    signed,  # noqa: F811
    bob,
    deliver,
    controller,
):
    """With and without 8BITMIME: who converts 8-bit text on the way breaks the signature."""
    kept = server(controller)
    mail = EmailMessage(
        "Entretien à l’été", "À demain : l’équipe.\n.\n" + "é" * 1200, to=[bob.email],
        headers={NOTICE_CLASS_HEADER: "legal"},
    )  # fmt: skip
    mail.attach("réseau.txt", "Détails", "text/plain")
    mail.attach("é.bin", b"\xe9\x00", "application/octet-stream")
    mail.send()
    deliver()
    [raw], [parsed] = kept.mails, kept.parsed
    assert raw.isascii()
    assert b"8bit" not in raw.lower()
    assert verified(raw)
    parts, text, _file = parsed.iter_parts()
    body, html = parts.iter_parts()
    encodings = {part["Content-Transfer-Encoding"] for part in (body, html, text)}
    assert encodings == {"quoted-printable"}
    said = body.get_content().replace("\r\n", "\n")
    assert said.startswith("À demain : l’équipe.\n.\n" + "é" * 1200)
    assert text.get_content().strip() == "Détails"


def test_ascii_text_is_sent_as_it_is(server, bob, send_legal, deliver):
    kept = server()
    send_legal(bob, body="From May on = now.")
    deliver()
    assert b"From May on = now." in kept.mails[0]


@pytest.mark.parametrize(
    ("subject", "value"),
    [
        ("x" * 300, "short"),
        ("word " * 60 + "end", "<https://hub.harbour.example/" + "y" * 300 + ">"),
        ("Très long " * 30 + "fin", "a b  c"),
        ("x" * 75, " leading"),
    ],
    ids=["long-word", "long-link", "french", "edge"],
)
def test_no_header_begins_with_an_empty_folded_line(signed, subject, value):  # noqa: F811
    """Python's own policy (compat32) folds before a long first word; some servers drop that."""
    mail = SignedMail(
        subject, "x", "Harbour <no-reply@harbour.example>", ["bob@alder.example"],
        headers={"Message-ID": f"<{'z' * 120}@harbour.example>", "List-Unsubscribe": value},
    )  # fmt: skip
    raw = mail.message().as_bytes(linesep="\r\n")
    head = raw.partition(b"\r\n\r\n")[0]
    assert not re.search(rb"(?m)^[A-Za-z-]+:[ \t]*\r?$", head)
    assert not re.search(rb"(?m)^[ \t]+\r?$", head)
    assert verified(raw)
    parsed = Inbox.parsed.fget(type("Kept", (), {"mails": [raw]})())[0]
    assert parsed["Subject"] == subject.strip()
    assert parsed["List-Unsubscribe"] == value.strip()


def test_long_subjects_are_folded_at_spaces():
    mail = SignedMail("Très long " * 30 + "fin", "x", "no-reply@harbour.example", ["b@x.example"])
    head = mail.message().as_bytes(linesep="\r\n").partition(b"\r\n\r\n")[0]
    assert max(len(line) for line in head.split(b"\r\n")) <= 78


# --- Reply-To (knadh/listmonk#470, #1126) ---


def reply_to(mail):
    return [address.addr_spec for address in mail["Reply-To"].addresses] if mail["Reply-To"] else []


@pytest.mark.parametrize(
    ("setting", "provider", "expected"),
    [
        ("super_user", "", "alice@alder.example"),
        ("super_user", "help@harbour.example", "alice@alder.example"),
        ("provider", "help@harbour.example", "help@harbour.example"),
        ("provider", "", None),
    ],
)
def test_answers_to_an_invitation_go_where_the_setting_says(
    server, settings, alice, alder, deliver, setting, provider, expected
):
    settings.HUB_INVITATION_REPLY_TO, settings.HUB_MAIL_REPLY_TO = setting, provider
    kept = server()
    invite_person(actor=alice, customer=alder, address="nora@alder.example", name="Nora")
    deliver()
    [mail] = kept.parsed
    assert reply_to(mail) == ([expected] if expected else [])


def test_answers_to_the_providers_own_invitation_go_to_the_provider(
    server, settings, olive, deliver
):
    settings.HUB_MAIL_REPLY_TO = "help@harbour.example"
    kept = server()
    elm = create_customer(actor=olive, name="Elm Farm", slug="elm")
    invite_main_super_user(actor=olive, customer=elm, address="eve@elm.example", name="Eve")
    deliver()
    mails = [mail for mail in kept.parsed if mail["To"] == "eve@elm.example"]
    assert [reply_to(mail) for mail in mails] == [["help@harbour.example"]]


@pytest.mark.parametrize("provider", ["help@harbour.example", ""])
def test_answers_to_a_campaign_go_to_the_provider(
    server, settings, olive, newsletter, deliver, provider
):
    settings.HUB_MAIL_REPLY_TO = provider
    kept = server()
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}
    schedule_campaign(actor=olive, campaign=create_campaign(actor=olive, topic=newsletter, **words))
    deliver()
    assert kept.parsed
    assert all(reply_to(mail) == ([provider] if provider else []) for mail in kept.parsed)


def test_a_wrong_setting_is_named(monkeypatch):
    monkeypatch.setenv("HUB_INVITATION_REPLY_TO", "nobody")
    with pytest.raises(ImproperlyConfigured, match="HUB_INVITATION_REPLY_TO is one of: super_user"):
        one_of("HUB_INVITATION_REPLY_TO", "super_user", "provider")
    monkeypatch.setenv("HUB_MAIL_REPLY_TO", "help")
    with pytest.raises(ImproperlyConfigured, match="HUB_MAIL_REPLY_TO"):
        mail_address("HUB_MAIL_REPLY_TO", "")
    monkeypatch.setenv("HUB_MAIL_REPLY_TO", "help@straße.example")
    assert mail_address("HUB_MAIL_REPLY_TO", "") == "help@xn--strae-oqa.example"
