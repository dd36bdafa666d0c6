"""The public pages of policies: every version, comparisons by words, text, JSON, feed (L16)."""

from datetime import timedelta
from difflib import SequenceMatcher
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from compliance.selectors.comparison import compared, marked
from compliance.services.announcements import withdraw_version

FRENCH = {"Accept-Language": "fr"}
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def two(in_force, corrected):
    """Two versions, which differ in a word of each language."""
    return in_force(), corrected(
        body_en="# Logs\n\nWe keep logs for fourteen days.\n\nNobody reads them.",
        body_fr="# Journaux\n\nNous gardons les journaux quatorze jours.\n\nPersonne ne les lit.",
        summary_en="A number.",
        summary_fr="Un nombre.",
    )


def test_every_version_is_public_L16(two, draft):
    draft(effective_at=timezone.now() + timedelta(days=90), body_en="Secret plans.")
    client = Client()

    assert b"Terms of service" in client.get("/policies/").content
    newest = client.get("/policies/terms-of-use/")
    assert newest.status_code == 200 and b"fourteen days" in newest.content
    assert b"nine days" in client.get("/policies/terms-of-use/1/").content
    assert client.get("/policies/terms-of-use/3/").status_code == 404
    for page in ("/policies/", "/policies/terms-of-use/", "/policies/feed"):
        assert b"Secret plans" not in client.get(page).content
    assert client.get("/policies/nothing/").status_code == 404


def test_a_policy_that_was_never_published_is_not_public_L16(draft):
    draft()
    client = Client()
    assert b"terms-of-use" not in client.get("/policies/").content
    for page in ("", "1/", "1.txt", "1.json", "1..2/"):
        assert client.get(f"/policies/terms-of-use/{page}").status_code == 404


@pytest.mark.parametrize(
    ("headers", "gone", "new"),
    [({}, "nine", "fourteen"), (FRENCH, "neuf", "quatorze")],
)
def test_versions_are_compared_by_words_in_both_languages_L16(headers, gone, new, two):
    page = Client().get("/policies/terms-of-use/1..2/", headers=headers).content.decode()

    assert f"<del>[-{gone}-]</del><ins>{{+{new}+}}</ins>" in page
    assert page.count("<del>[-") == 2  # with the explanation


def test_comparisons_the_other_way_round_lead_there_L16(two):
    answer = Client().get("/policies/terms-of-use/2..1/")
    assert answer.url == "/policies/terms-of-use/1..2/"
    assert Client().get("/policies/terms-of-use/1..1/").url == "/policies/terms-of-use/1/"
    assert Client().get("/policies/terms-of-use/1..9/").status_code == 404


@pytest.mark.parametrize(
    ("before", "after", "html"),
    [
        ("a b c", "a b c", "a b c"),
        ("", "new", "<ins>{+new+}</ins>"),
        ("old", "", "<del>[-old-]</del>"),
        ("one two", "one three two", "one <ins>{+three +}</ins>two"),
        ("a\n\nb", "a\n\nc", "a\n\n<del>[-b-]</del><ins>{+c+}</ins>"),
        ("a", "a\n\n\nb", "a\n\n\n<ins>{+b+}</ins>"),
        ("x <b>", "x <i>", "x <del>[-&lt;b&gt;-]</del><ins>{+&lt;i&gt;+}</ins>"),
        ("{0} {}", "{1} {}", "<del>[-{0}-]</del><ins>{+{1}+}</ins> {}"),
        ("a\r\nb", "a\nb", "a\nb"),
    ],
)
def test_what_changed_is_marked_L16(before, after, html):
    assert marked(compared(before, after)) == html


def test_what_is_kept_and_added_is_the_later_text_L16():
    before = "The quick brown fox\njumps over\n\nthe lazy dog."
    after = "A quick red fox\n\njumps over\nthe dog.\n\nTwice."
    parts = compared(before, after)
    assert "".join(part.text for part in parts if part.change != "del") == after
    assert "".join(part.text for part in parts if part.change != "ins") == before


def test_a_long_text_is_compared_by_words_L16():
    before = "\n\n".join(f"Paragraph {n} with some words of its own." for n in range(2000))
    parts = compared(before, before.replace("some words", "other words"))

    assert [part.text for part in parts if part.change == "ins"] == ["other"] * 2000


@pytest.mark.parametrize(
    ("before", "after"),
    [("a b " * 4000, "a c " * 4000), ("a\n" * 4000 + "x\n", "y\n" + "a\n" * 4000)],
    ids=["words", "lines"],
)
def test_a_text_that_repeats_itself_is_not_compared_piece_by_piece(before, after, monkeypatch):
    """Each equal pair costs time, and anybody may open the page."""
    asked = []
    real = SequenceMatcher.get_opcodes
    monkeypatch.setattr(
        SequenceMatcher, "get_opcodes", lambda self: asked.append(len(self.b)) or real(self)
    )
    parts = compared(before, after)

    assert [part.change for part in parts] == ["del", "ins"]
    assert sum(asked) <= 10


def test_a_version_as_text_and_json_L16(two):
    version, client = two[0], Client()

    text = client.get("/policies/terms-of-use/1.txt", headers=FRENCH)
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text.content.decode().startswith("Conditions d’utilisation\n\nNous gardons maintenant")
    assert text.headers["Content-Language"] == "fr"
    data = client.get("/policies/terms-of-use/1.json").json()
    assert (data["sha256"], data["number"], data["state"]) == (version.sha256, 1, "superseded")
    assert data["body_en"] == version.body_en and data["body_fr"] == version.body_fr


def test_the_feed_has_every_version_L16(two):
    answer = Client().get("/policies/feed")
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    titles = [e.findtext(f"{ATOM}title") for e in ElementTree.fromstring(answer.content)]
    assert {"Terms of service, version 1", "Terms of service, version 2"} <= set(titles)


def test_a_withdrawn_version_stays_public_and_says_why(announced, pascal):
    version = announced()
    withdraw_version(actor=pascal, version=version, reason_en="A slip.", reason_fr="Un lapsus.")
    page = Client().get("/policies/terms-of-use/1/").content
    assert b"was withdrawn" in page and b"A slip." in page


def test_markup_in_a_policy_does_nothing(in_force):
    in_force(body_en="<script>alert(1)</script> [x](javascript:alert(1)) ![i](https://x.example/i)")
    page = Client().get("/policies/terms-of-use/").content.decode()
    assert "<script>alert" not in page and 'href="javascript' not in page
    assert "x.example/i" not in page or "<img" not in page


@pytest.mark.parametrize("page", ["/policies/", "/policies/terms-of-use/"])
def test_public_pages_have_a_budget_of_queries(page, two, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        assert Client().get(page).status_code == 200
