"""Email as a real SMTP server receives it (R1, R2, R5, R8, R9, R10, R12)."""

import re
import socket
from email import message_from_bytes, policy

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.services.invitations import invite_person
from preferences.choices import MessageState
from preferences.gate import transport
from preferences.gate.wire_format import SevenBitMail
from preferences.models import Choice, ConsentRecord, Message
from preferences.services.choices import choose_topic

KEY = rsa.generate_private_key(65537, 2048)


class Inbox(Handler):
    """Keeps what arrives, and whom it came by; refuses addresses it was told to."""

    def __init__(self):
        super().__init__()
        self.mails, self.sessions, self.refused, self.quits = [], set(), {}, 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_QUIT(self, server, session, envelope):
        self.quits += 1
        return "221 bye"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope.original_content)
        self.sessions.add(session.peer)
        return "250 accepted"

    def handle_message(self, message):
        raise NotImplementedError

    @property
    def parsed(self):
        return [message_from_bytes(mail, policy=policy.default) for mail in self.mails]


@pytest.fixture
def start_server(settings):
    started = []

    def start(port=None):
        if port is None:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
        controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
        controller.start()
        started.append(controller)
        settings.HUB_MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        return controller

    yield start
    transport.close_connection()
    for controller in started:
        if not controller.loop.is_closed():
            controller.stop(no_assert=True)


@pytest.fixture
def inbox(start_server):
    return start_server().handler


@pytest.fixture
def signed(settings):
    settings.HUB_BASE_URL = "https://hub.harbour.example"
    settings.HUB_DKIM_KEY = KEY.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )


def published(name, timeout=5):
    """The DNS record of the key, as a receiver asks for it."""
    assert name == b"hub._domainkey.harbour.example."
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])


def text_of(mail):
    """The text part, with the line ends of Unix."""
    assert mail.get_content_type() == "multipart/alternative"
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def verified(mail):
    return dkim.verify(mail, dnsfunc=published)


def test_a_connection_that_is_not_used_again_is_closed_at_the_server_too(
    inbox, bob, send_legal, deliver
):
    send_legal(bob)
    deliver()
    assert len(inbox.mails) == 1 and inbox.quits == 0

    transport.close_connection()
    assert inbox.quits == 1


def test_topic_mail_on_the_wire_R1_R2_R9_R12(
    bob, promotions, deliver, send_topic, inbox, signed, settings
):
    choose_topic(actor=bob, topic=promotions, wants=True)
    send_topic(promotions, bob, subject="Rabais d’été", text="À demain.\n.\nDeux lignes.")
    deliver()

    [mail], [raw] = inbox.parsed, inbox.mails
    [unsubscribe] = mail.get_all("List-Unsubscribe")
    assert re.fullmatch(r"<https://hub\.harbour\.example/[^<>,\s]+>", unsubscribe.strip())
    assert mail.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    assert mail.get_all("List-Id") == ["<promotions.harbour.example>"]
    assert "Auto-Submitted" not in mail
    assert mail["From"].addresses[0].addr_spec == "news@harbour.example"
    assert mail["Subject"] == "Rabais d’été"
    assert "À demain.\n.\nDeux lignes." in text_of(mail)
    assert mail["To"] == bob.email
    assert verified(raw)
    covered = re.search(r"h=([^;]+);", re.sub(r"\s", "", mail["DKIM-Signature"])).group(1)
    assert {"list-unsubscribe", "list-unsubscribe-post", "from", "subject", "date"} <= set(
        covered.lower().split(":")
    )


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        (b"It is spring.", b"It is winter."),
        (b"One-Click", b"Two-Click"),
        (b"Subject: News", b"Subject: Olds"),
        (b"List-Unsubscribe-Post:", b"List-Unsubscribe: <https://evil.example/>\r\nX-Was:"),
    ],
)
def test_an_altered_email_does_not_verify_R2(
    bob, newsletter, deliver, send_topic, inbox, signed, said, instead
):
    send_topic(newsletter, bob)
    deliver()

    [raw] = inbox.mails
    assert verified(raw)
    assert said in raw
    assert not verified(raw.replace(said, instead, 1))


def test_notice_on_the_wire_R8_R10_R12(bob, deliver, send_legal, inbox, signed):
    send_legal(bob)
    deliver()

    [mail], [raw] = inbox.parsed, inbox.mails
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"].addresses[0].addr_spec == "no-reply@harbour.example"
    assert not [name for name in mail if name.lower().startswith("list-")]
    assert verified(raw)


def test_without_a_key_mail_is_sent_unsigned(bob, deliver, send_legal, inbox):
    send_legal(bob)
    deliver()

    assert "DKIM-Signature" not in inbox.parsed[0]


@pytest.mark.parametrize(("language", "word"), [("en", "invit"), ("fr", "vous")])
def test_email_is_in_the_recipients_language(alice, alder, deliver, inbox, language, word):
    alder.language = language
    alder.save()
    invite_person(actor=alice, customer=alder, address="nora@alder.example", name="Nora")
    deliver()

    [mail] = inbox.parsed
    assert word in text_of(mail).lower()
    assert ("Bonjour" in text_of(mail)) == (language == "fr")


def test_no_emailed_link_acts_when_opened_R5(
    bob, alice, alder, newsletter, deliver, send_topic, send_legal, inbox, client, settings
):
    """A scanner opens every link of every mail, with GET and HEAD, twice."""
    settings.HUB_BASE_URL = "http://testserver"
    invite_person(actor=alice, customer=alder, address="nora@alder.example", name="Nora")
    send_topic(newsletter, bob)
    client.post("/accounts/password/reset/", {"email": bob.email})
    deliver()

    links = [
        link
        for mail in inbox.parsed
        for text in (text_of(mail), mail.get("List-Unsubscribe", ""))
        for link in re.findall(r"http://testserver([^\s<>\"]+)", text)
    ]
    assert len(links) >= 3
    before = _state()
    for link in links * 2:
        assert client.get(link).status_code in (200, 302, 404)
        client.head(link)
    assert _state() == before


def _state():
    return (
        list(ConsentRecord.objects.order_by("pk").values_list()),
        list(Choice.objects.order_by("pk").values_list()),
        list(get_user_model().objects.order_by("pk").values_list("password", "email", "is_active")),
        list(Message.objects.order_by("pk").values_list("pk", "state")),
    )


@pytest.mark.parametrize(
    ("name", "value", "in_clear"),
    [
        ("Subject", "w" * 69, True),  # with its name, exactly the 78 characters of a line
        ("Subject", "w" * 70, False),
        ("Subject", f"{'w' * 70} end", False),
        ("Subject", f"begin {'w' * 70}", True),
        ("Subject", f"begin {'w' * 70} {'v' * 40} end", True),
        ("Subject", f"{'é' * 90} fin", False),
        ("List-Unsubscribe", f"<https://hub.harbour.example/{'w' * 90}>", True),
    ],
)
def test_a_header_is_folded_so_that_every_server_reads_it(name, value, in_clear):
    """RFC 5322, 2.1.1: 78 characters a line; a link can't be broken, so it may take more."""
    headers = {} if name == "Subject" else {name: value}
    email = SevenBitMail(value if name == "Subject" else "News", "Text", headers=headers)

    raw = email.message().as_bytes()

    [head] = re.findall(rf"(?m)^{name}: .*(?:\r?\n[ \t].*)*".encode(), raw)
    assert (value.encode() in re.sub(rb"\r?\n(?=[ \t])", b"", head)) == in_clear
    assert message_from_bytes(raw, policy=policy.default)[name] == value
    if name == "Subject":
        assert max(len(line) for line in head.splitlines()) <= 78


def test_many_messages_use_one_connection(bob, emma, deliver, send_legal, inbox):
    for reader in (bob, emma, bob):
        send_legal(reader)
    deliver()

    assert len(inbox.mails) == 3
    assert len(inbox.sessions) == 1


def test_a_connection_is_closed_after_a_number_of_messages(
    bob, deliver, send_legal, inbox, monkeypatch
):
    monkeypatch.setattr(transport, "MAX_PER_CONNECTION", 2)
    for _ in range(3):
        send_legal(bob)
    deliver()

    assert (len(inbox.mails), len(inbox.sessions)) == (3, 2)


def test_an_idle_connection_is_not_used_again(bob, deliver, send_legal, inbox):
    for _ in range(2):
        send_legal(bob)
        deliver()
        transport._current.last_used -= 11  # seconds

    assert (len(inbox.mails), len(inbox.sessions)) == (2, 2)


def test_another_server_gets_its_own_connection(bob, deliver, send_legal, start_server):
    first = start_server()
    send_legal(bob)
    deliver()
    second = start_server()  # the settings name it
    send_legal(bob)
    deliver()

    assert [len(each.handler.mails) for each in (first, second)] == [1, 1]


def test_one_refused_address_does_not_block_the_next(bob, emma, deliver, send_legal, inbox):
    inbox.refused[bob.email] = "550 5.1.1 no such mailbox"
    send_legal(bob)
    send_legal(emma)
    deliver()

    assert [mail["To"] for mail in inbox.parsed] == [emma.email]
    assert Message.objects.get(address=bob.email).state == MessageState.FAILED


def test_a_temporarily_refused_address_is_retried(bob, deliver, send_legal, inbox):
    inbox.refused[bob.email] = "451 4.2.0 busy"
    send_legal(bob)
    deliver()
    assert Message.objects.get().state == MessageState.WAITING

    inbox.refused.clear()
    Message.objects.update(due_at=timezone.now())
    deliver()
    assert len(inbox.mails) == 1


def test_a_message_is_sent_once_the_server_is_back(bob, deliver, send_legal, start_server):
    first = start_server()
    send_legal(bob)
    deliver()
    first.stop()
    send_legal(bob, subject="The second")
    deliver()
    waiting = Message.objects.get(subject="The second")
    assert waiting.state == MessageState.WAITING

    again = start_server(port=first.port)
    Message.objects.filter(pk=waiting.pk).update(due_at=timezone.now())
    deliver()
    assert [mail["Subject"] for mail in again.handler.parsed] == ["The second"]
    assert again.handler.parsed[0]["Message-ID"] == waiting.message_id
