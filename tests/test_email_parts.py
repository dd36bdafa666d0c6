"""Both parts of every email, in English and French: the same facts and links, and safe HTML."""

import re
from copy import deepcopy
from urllib.parse import urlsplit

import html5lib
import pytest
from django.core import mail
from django.template import Context, Template

from accounts.emails import rendering
from accounts.emails.colours import PAPER, contrast, palette
from accounts.emails.content import Block, Content, IncompleteEmail, Kind, text_of
from accounts.emails.markdown import as_html
from accounts.emails.rendering import render_blocks, render_html
from accounts.models import Customer, User
from preferences.gate.envelope import rebuild
from preferences.models import Message, Recipient
from tests.html_validate import html_faults
from tests.savepoints import made_once, undone
from tests.test_who_gets_mail import MAILS, Company

MOST = 30 * 1024  # bytes of HTML
URL = re.compile(r"https?://[^\s\"<>]+")
company = made_once(Company)


class Page:
    """The HTML part of an email, read by a parser that accepts no mistake."""

    def __init__(self, html):
        self.root = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
        self.main = self.root.find(".//main")
        self.footer = self.root.find(".//footer")

    def links(self, part=None):
        return [a.get("href") for a in (self.root if part is None else part).iter("a")]


def words_of(text):
    """The words of a text, without URLs and what marks lists and quotations."""
    return re.sub(r"https?://\S+|[:>•-]|\* \* \*", " ", text.replace("\xa0", " ")).split()


def said_in(part):
    return words_of(" ".join(part.itertext()))


def faults_of(email):
    """What is wrong with an email, in words."""
    wire = email.message()
    parts = [part.get_content_type() for part in wire.get_payload()]
    if (wire.get_content_type(), parts) != ("multipart/alternative", ["text/plain", "text/html"]):
        return [f"{wire.get_content_type()} of {parts}"]
    html = email.alternatives[0].content
    page = Page(html)
    faults = []
    if len(html.encode()) > MOST:
        faults.append(f"{len(html.encode())} bytes")
    if remote := re.findall(
        r"<(?:img|link|script|iframe|object|svg|form)|src=|url\(|@import", html
    ):
        faults.append(f"loads something: {remote}")
    heading = page.main.find("h1").text
    if heading != email.subject or page.root.find(".//title").text != email.subject:
        faults.append(f"the heading {heading!r} is not the subject")
    body, _line, footer = email.body.rpartition("\n-- \n")
    for name, text, part in (("body", body, page.main), ("footer", footer, page.footer)):
        if sorted(set(URL.findall(text))) != sorted(set(page.links(part))):
            faults.append(f"{name}: {URL.findall(text)} and {page.links(part)}")
        said = said_in(part)[len(words_of(heading)) :] if part is page.main else said_in(part)
        if said != words_of(text):
            faults.append(f"{name}: {text!r} and {' '.join(said)!r}")
    if len(page.root.findall(".//a[@class='button']")) > 1:
        faults.append("two buttons")
    return faults


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", MAILS)
def test_both_parts_say_the_same(name, language, company):
    row, company = MAILS[name], deepcopy(company)
    with undone():
        User.objects.update(language=language)
        Recipient.objects.filter(user=None).update(language=language)
        Customer.objects.update(language=language)
        for person in vars(company).values():
            if isinstance(person, User):
                person.language = language
        row.before(company)
        latest = Message.objects.latest("pk").pk
        mail.outbox.clear()

        row.do(company)

        new = [*map(rebuild, Message.objects.filter(pk__gt=latest)), *mail.outbox]
        assert len(new) == len(row.to)
        assert [fault for email in new for fault in faults_of(email)] == []
        for email in new:
            hello = re.match(r"Hello|Bonjour|News|Infos", email.body)
            assert hello, email.body
            written = re.search(r'<html lang="(\w+)">', email.alternatives[0].content)[1]
            assert written == {"Hello": "en", "Bonjour": "fr"}.get(hello[0], language)


def test_the_html_is_valid(company, tmp_path):
    for name, row in MAILS.items():
        with undone():
            people = deepcopy(company)
            row.before(people)
            latest = Message.objects.latest("pk").pk
            mail.outbox.clear()
            row.do(people)
            new = [*map(rebuild, Message.objects.filter(pk__gt=latest)), *mail.outbox]
            for number, email in enumerate(new):
                file = tmp_path / f"{name.replace('/', ' ')} {number}.html"
                file.write_text(email.alternatives[0].content)

    assert len(list(tmp_path.iterdir())) >= len(MAILS)
    assert html_faults(tmp_path) == ""


def test_the_check_of_both_parts_finds_faults(bob, deliver, send_legal_mail):
    send_legal_mail(bob)
    [email] = deliver()
    assert faults_of(email) == []

    html = email.alternatives[0].content
    for broken in (
        html.replace("</h1>", "</h2>"),
        html.replace("<main", '<img src="https://x.example/a.png" alt=""><main'),
        html.replace("</main>", '<a href="https://x.example/">X</a></main>'),
        html.replace("</main>", "<p>More words</p></main>"),
        html.replace("</main>", f"<!-- {'x' * MOST} --></main>"),
    ):
        del email.alternatives[:]
        email.attach_alternative(broken, "text/html")
        try:
            assert faults_of(email)
        except html5lib.html5parser.ParseError:
            assert "</h2>" in broken


@pytest.fixture
def send_legal_mail():
    from preferences.emails import send_notice_text
    from preferences.models import NoticeClass

    def send(person):
        send_notice_text(
            notice_class=NoticeClass.objects.get(code="legal"),
            person=person,
            subject="Terms",
            text="New terms.\n\nRead them: https://harbour.example/terms",
        )

    return send


# --- Content ---


def test_an_email_cannot_forget_a_part():
    def content(template):
        blocks, subjects = [], []
        left = Template("{% load email %}" + template).render(
            Context({"email_blocks": blocks, "email_subject": subjects}, autoescape=False)
        )
        assert not left.strip()
        return Content(" ".join(subjects), tuple(blocks))

    good = "{% subject %}S{% endsubject %}{% text %}T{% endtext %}"
    assert content(good).text == "T\n"
    for bad in (
        "{% text %}T{% endtext %}",
        "{% subject %} {% endsubject %}{% text %}T{% endtext %}",
        "{% subject %}S{% endsubject %}{% text %} {% endtext %}",
        "{% subject %}S{% endsubject %}{% button '/x' %}B{% endbutton %}",
        good + "{% button '/x' %}B{% endbutton %}{% button '/y' %}C{% endbutton %}",
    ):
        with pytest.raises(IncompleteEmail):
            content(bad)


def test_words_outside_of_every_block_are_refused(settings, tmp_path):
    (tmp_path / "x.txt").write_text("{% load email %}{% text %}In{% endtext %} out")
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    with pytest.raises(IncompleteEmail, match="'out'"):
        render_blocks("x.txt", {})


def test_words_of_people_make_no_block_and_no_markup():
    words = "> Hi\n- https://evil.example/\n-- \nTotal: <b>0</b> [x](https://evil.example/)"
    blocks = [
        Block(Kind.TEXT, words),
        Block(Kind.QUOTE, words),
        Block(Kind.ITEM, words),
        Block(Kind.FACT, words, label="Reason"),
        Block(Kind.BUTTON, words, "https://harbour.example/a?b=1&c=2"),
    ]
    html = render_html(words, blocks, [], "en")
    page = Page(html)
    assert page.links() == ["https://harbour.example/a?b=1&c=2"]
    assert page.root.find(".//b") is None
    quoted = text_of([blocks[1]]).strip().splitlines()
    assert all(line.startswith(">") for line in quoted)


def test_nothing_is_kept_of_an_email_that_may_hold_a_secret():
    def kept(kind):
        before = rendering._kept_page.cache_info().currsize
        render_html(f"S {kind}", [Block(kind, "T")], [Block(Kind.TEXT, "F")], "en")
        return rendering._kept_page.cache_info().currsize - before

    rendering._kept_page.cache_clear()
    assert [kept(kind) for kind in (Kind.TEXT, Kind.CODE, Kind.PLAIN)] == [0, 0, 0]
    assert kept(Kind.MARKDOWN) == 1


def test_each_recipient_has_their_own_footer():
    body = [Block(Kind.MARKDOWN, "[[words 0]] [[url 1]] <footer")]
    for name in ("bob", "emma & co"):
        footer = [
            Block(Kind.TEXT, f"For {name}"),
            Block(Kind.LINK, "Unsubscribe", f"https://x.example/?{name}&1"),
        ]
        page = Page(render_html("S", body, footer, "en"))
        assert said_in(page.footer) == ["For", *name.split(), "Unsubscribe"]
        assert page.links(page.footer) == [f"https://x.example/?{name}&1"]
        assert "[[words 0]] [[url 1]] <footer" in "".join(page.main.itertext())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Bob asks: “Please.”.", "Bob asks: “Please.”"),
        ("Bob demande : «\xa0Merci.\xa0».", "Bob demande : «\xa0Merci.\xa0»"),
        ("You left Alder Inc..", "You left Alder Inc."),
        ("You left Alder Inc.. It is late.", "You left Alder Inc. It is late."),
        ("Wait...", "Wait..."),
        ("Really?", "Really?"),
        ("a..b", "a..b"),
    ],
)
def test_a_sentence_ends_with_one_full_stop(words, said, tmp_path, settings):
    (tmp_path / "x.txt").write_text("{% load email %}{% text %}{{ words }}{% endtext %}")
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    assert render_blocks("x.txt", {"words": words})[1][0].text == said


# --- Colours ---


@pytest.mark.parametrize("accent", ["", "#000", "#fff", "#ffff00", "#1c6a70", "#ff0000", "tomato"])
def test_every_accent_is_readable(accent):
    colours = palette(accent)
    assert contrast(colours.accent, colours.on_accent) >= 4.5
    assert contrast(colours.link, PAPER) >= 4.5
    assert contrast(colours.dark_accent, colours.on_dark_accent) >= 4.5
    assert contrast(colours.dark_accent, "#182124") >= 4.5
    for muted, ground in (("#55666d", "#f2f5f6"), ("#55666d", PAPER), ("#a9b8bd", "#10171a")):
        assert contrast(muted, ground) >= 4.5


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


# --- Markdown ---


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("A *word* and **two**", "<p>A <em>word</em> and <strong>two</strong></p>"),
        ("One\nTwo", "<p>One<br>\nTwo</p>"),
        ("# Title", "<h2>Title</h2>"),
        ("Title\n---", "<p>Title</p>\n<hr>"),
        ("[Read](https://a.example/?a=1&b=2)", '<a href="https://a.example/?a=1&amp;b=2">Read</a>'),
        ("<https://a.example/>", '<a href="https://a.example/">https://a.example/</a>'),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<b onclick=x>b</b>", "&lt;b onclick=x&gt;b&lt;/b&gt;"),
        ("![x](https://a.example/p.png)", "!<a"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[x](data:text/html,x)", "[x](data:text/html,x)"),
        ("[x](ftp://a.example/)", "<a>x</a>"),
        ("[x](/relative)", "<a>x</a>"),
        ("[x](//a.example)", "<a>x</a>"),
        ("[m](mailto:a@b.example)", '<a href="mailto:a@b.example">m</a>'),
        ('[x](https://a.example "t")', '<a href="https://a.example">x</a>'),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
    ],
)
def test_markdown_is_safe(source, html):
    made = as_html(source)
    assert html in made
    assert not re.search(r"<(?:img|script|b)\b|(?:href|src)=\"(?!https?:|mailto:)", made)


def test_links_go_to_named_hosts_alone():
    for url in re.findall(r'href="([^"]*)"', as_html("[a](https://b.example) <https://c.example>")):
        assert urlsplit(url).scheme == "https"
