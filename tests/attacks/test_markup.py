"""Markup in whatever people, staff or portals wrote stays text, on pages and in email.

phpList/phplist3#676 and mettle/sendportal#338: what one member of staff composes runs in the page
of the next who opens its preview.
"""

import ast
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from accounts.emails import render_blocks
from accounts.models import AuditEvent
from accounts.services.audit import record_event
from compliance.models import PolicyVersion
from compliance.models.policies import TEXTS
from compliance.services.policies import publish_version, update_version
from preferences.gate.footer import footer_of
from preferences.gate.preview import previews_of
from preferences.models import Campaign, ConsentRecord, Message, Topic
from preferences.services.choices import choose_topic
from tests.markup import APPS, MARKUP, RAW, write_markup
from tests.test_access import ADDRESSES, arguments_of, ids  # noqa: F401 -- a fixture


def soon():
    return timezone.now() + timedelta(days=1)


@pytest.fixture
def marked_hub(ids, alice, bob, alder, olive):  # noqa: F811
    """A hub in which every word that anybody may write is markup. Returns the ids of the pages."""
    write_markup()
    for person in (alice, bob, olive):
        person.refresh_from_db()
    alder.refresh_from_db()
    for wants in (False, True):
        choose_topic(actor=bob, topic=Topic.objects.get(slug="newsletter"), wants=wants)
    draft = PolicyVersion.objects.get(published_at=None)
    words = dict.fromkeys(TEXTS, MARKUP)
    update_version(actor=olive, draft=draft, material=False, effective_at=soon(), **words)
    publish_version(actor=olive, draft=draft)
    with transaction.atomic():
        record_event(kind="person.suspended", actor=alice, customer=alder, person=bob)
        record_event(kind="person.restored", actor=bob, person=bob)
    assert RAW.search(ConsentRecord.objects.latest("pk").wording)
    assert RAW.search(str(AuditEvent.objects.filter(customer=alder).latest("pk").data))
    return ids


@pytest.mark.parametrize("reader", ["bob", "alice", "dana", "olive"])
def test_no_page_prints_anybodys_words_as_markup(reader, request, as_, marked_hub):
    client, with_markup = as_(request.getfixturevalue(reader)), 0
    for name, address in ADDRESSES.items():
        if address.method != "GET":
            continue
        for language in ("en", "fr"):
            client.cookies["hub_language"] = language
            response = client.get(reverse(name, kwargs=arguments_of(address, marked_hub)))
            if "html" in response.headers.get("Content-Type", ""):
                page = response.content.decode()
                found = RAW.search(page)
                assert not found, (name, page[max(0, found.start() - 300) : found.end() + 60])
                with_markup += "&lt;b hx-get" in page
    assert with_markup > 15, "the walk saw none of the words it wrote"


@pytest.fixture
def draft(olive):
    topic = Topic.objects.get(slug="newsletter")
    return Campaign.objects.create(
        topic=topic, created_by=olive, subject_en=MARKUP, body_en=MARKUP, subject_fr=MARKUP,
        body_fr=MARKUP,
    )  # fmt: skip


def test_each_preview_of_a_message_shows_its_markup_as_text(as_, olive, draft):
    page = as_(olive).get(reverse("preferences:campaign-check", args=[draft.pk])).content.decode()

    assert not RAW.search(page)
    previews = re.findall(r"<pre hx-disable.*?</pre>", page, re.DOTALL)
    assert len(previews) == len(previews_of(draft)) >= 3
    assert all(conditional_escape(MARKUP) in preview for preview in previews)
    for number, preview in enumerate(previews_of(draft)):
        frame = reverse("preferences:campaign-preview", args=[draft.pk, number, "dark"])
        for html in (preview.html, as_(olive).get(frame).content.decode()):
            assert "&lt;img src=x" in html and not RAW.search(html)


def test_no_email_is_marked_as_safe_html(draft, bob, client, deliver, monkeypatch):
    for preview in previews_of(draft):
        assert not isinstance(preview.mail.subject, SafeString)
        assert not isinstance(preview.mail.body, SafeString)
    built = []
    monkeypatch.setattr(
        "preferences.gate.GateBackend.send_messages", lambda self, mails: built.extend(mails)
    )
    client.post(reverse("account_reset_password"), {"email": bob.email})
    deliver()
    assert built
    for mail in built:
        assert not isinstance(mail.subject, SafeString)
        assert not isinstance(mail.body, SafeString)


def test_a_footer_and_a_rendered_text_are_plain(draft):
    message = Message(topic=draft.topic, address="reader@alder.example")
    blocks = footer_of(message, "en")
    subject, more = render_blocks("accounts/emails/reset_link.txt", {"brand": mark_safe("<b>")})
    assert all(type(block.text) is str for block in (*blocks, *more))
    assert "<b>" in subject and "<b>" in more[0].text


def text_templates_rendered(source):
    """Yield the line of each call that renders a template and does not say it is HTML."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in ("render_to_string", "get_template", "select_template"):
                name = ast.unparse(node.args[0]) if node.args else ""
                if not name.strip("'\"").partition("#")[0].endswith(".html"):
                    yield node.lineno


def test_text_templates_are_rendered_in_one_place():
    found = [
        f"{path.relative_to(settings.BASE_DIR)}:{line}"
        for app in (*APPS, "hub")
        for path in sorted((settings.BASE_DIR / app).rglob("*.py"))
        if path != settings.BASE_DIR / "accounts/emails/rendering.py"
        for line in text_templates_rendered(path.read_text())
    ]
    assert found == [], "use accounts.emails.render_email"
    assert list(text_templates_rendered("render_to_string('a.txt')"))
    assert not list(text_templates_rendered("render_to_string('a.html')"))


def test_htmx_is_off_where_text_is_printed_as_a_block():
    """What looks like an attribute of htmx in somebody's words is never acted on."""
    block = re.compile(r"<(pre|blockquote)\b[^>]*>|<[^>]*>\{\{[^}]*\|(?:linebreaks|linebreaksbr)\b")
    wrong = [
        f"{path.name}: {tag.group()}"
        for path in sorted((settings.BASE_DIR / "templates").rglob("*.html"))
        if path.parent.name != "emails"  # where there is no script
        for tag in block.finditer(path.read_text())
        if "hx-disable" not in tag.group()
    ]
    assert wrong == []


def test_no_template_declares_text_safe():
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        assert not re.search(r"\|\s*safe\b|autoescape off", path.read_text()), path
