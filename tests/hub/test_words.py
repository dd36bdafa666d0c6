"""Texts use the words of docs/glossary.md, in short sentences, in both languages.

A text is a message of the catalogue, a sentence of the documents or a label of a manifest.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import polib
import pytest
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from accounts.choices import EVENT_SENTENCES
from accounts.models import AuditEvent
from accounts.selectors import sentence_of
from hub.third_party_strings import STRINGS
from tests import test_access
from tests.hub.test_sentences import DATA
from tests.test_access import ADDRESSES

ROOT = settings.BASE_DIR
CATALOGUE = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
MANIFESTS = sorted((ROOT / "portals" / "manifests").glob("*.toml"))
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\{\w*\}|</?\w+[^>]*>")
ids = test_access.ids  # the fixture: Alder's ids, by the words of ADDRESSES

PAGES, DOCS, FRENCH = "pages", "docs", "French"


@dataclass(frozen=True)
class Ban:
    """Words that no text of these kinds has: the pattern, what to write, a text with it."""

    pattern: str
    instead: str
    sample: str
    of: tuple[str, ...] = (PAGES, DOCS)
    allowed: tuple[str, ...] = ()  # patterns of exceptions, each with its reason beside it

    def found_in(self, text: str) -> str | None:
        """Return the first banned words in a text; None without any."""
        for exception in self.allowed:
            text = re.sub(exception, "", text, flags=re.IGNORECASE)
        match = re.search(self.pattern, text, flags=re.IGNORECASE)
        return match[0].strip() if match else None


BANS = {
    "right": Ban(
        r"\brights\b|\b(?:a|an|any|each|every|no|one|single|smaller|this|that) rights?\b",
        "permission or access",
        "Five rights in reach.",
        # The word of Request Tracker, and a term of the law.
        allowed=(r"rights in RT", r"the rights of other people"),
    ),
    "mail": Ban(
        r"\be?-?mails?\b(?<!\bemail)(?<!\bemails)",
        "email",
        "We send you a mail.",
        allowed=(
            r"mail (?:server|system|domain|scanner|backend|relay)s?",  # terms of the field
            r"(?:zoho|hosted) mail|mail 2\b",  # names of other tools and their columns
        ),
    ),
    "firm": Ban(r"\bfirms?\b", "company", "Your firm decides."),
    "customer": Ban(r"\bcustomers?\b", "company", "The customer has two portals.", of=(PAGES,)),
    "thing": Ban(r"\bthings?\b", "the noun that fits", "The thing is gone."),
    "one's own": Ban(r"\bone['’]s\b", "your own", "Use it as one's own."),
    "riddle": Ban(
        r"(?:^|(?<=[.!] ))(?-i:What|Who|Whom|Which|Whose)\b[^.?]*(?:\.|$)",
        "a sentence that begins with its subject",
        "Whom no email reaches appears on this list.",
        of=(PAGES,),
        # A column of people; named by the glossary; the headings of California's form (Cal. Civ.
        # Code 1798.82), which the law words.
        allowed=(
            r"^who$",
            r"who can receive it",
            r"^what (happened|information was involved|we are doing|you can do|people can do)"
            r"(, in (English|French))?$",
        ),
    ),
    "riddle in a document": Ban(
        r"(?:^|(?<=[.!] ))(?-i:What|Who|Whom|Which|Whose)\b[^.?]*\.(?= |$)",  # not a heading
        "a sentence that begins with its subject",
        "What somebody owns is named on that page.",
        of=(DOCS,),
    ),
    "without end": Ban(r"\bwithout end\b", "no end date", "Their access is without end."),
    "comes to": Ban(r"\bcomes? to\b(?! mean)", "is, results in", "You see what it comes to."),
    "stands": Ban(r"\bstands?\b", "is", "The reason stands beside it."),
    "counts": Ban(r"\bcounts?\b", "applies, number", "A change counts at once.", of=(PAGES,)),
    "whole": Ban(r"\bwhole\b(?!\.)", "all, full", "The whole address."),
    "here": Ban(r"\bhere\b", "the place by its name", "Nobody here has it.", of=(PAGES,)),
    "besides": Ban(r"\bbesides\b|\bin addition\b", "also, too", "In addition, Bob can renew it."),
    "trail": Ban(r"\b(?:audit )?trail\b", "activity log", "It is in the trail."),
    "reader": Ban(
        r"\breaders?\b",
        "recipient, person",
        "Six readers get it.",
        allowed=(r"screen readers?", r"slow readers"),  # programs
    ),
    "exclamation mark": Ban(r"[\w”)]!(?=\s|$)", "a full stop", "It worked!"),
    "date in digits": Ban(
        r"\b\d{1,2}[/.]\d{1,2}[/.]\d{4}\b",
        "28 Nov 2026",
        "It ends on 05/02/2026.",
        allowed=(r"(?:dates such as|whether) 03/04/2026",),  # the import asks what it means
    ),
    "successfully": Ban(r"\bsuccessfully\b", "the fact", "The team was successfully created."),
    "blame": Ban(
        r"\binvalid\b|\billegal\b|\byou (?:failed|forgot)\b",
        "what is wrong and what to do",
        "Invalid address.",
        of=(PAGES,),
    ),
    "holding": Ban(
        r"\bholders?\b|\bholding\b|\bhold(?:s|)\b(?! (?:up|a list))",
        "has access, contains",
        "What the columns hold.",
        of=(PAGES,),
        # The field's noun for what stops an erasure or a notice.
        allowed=(
            r"\blegal holds?\b",
            r"\b(?:a|the|this|each|end|place|confirm) hold\b",
            r"^(?:no )?holds$",
            r"\bon hold\b",
        ),
    ),
    "yes and no": Ban(
        r"\b(?:says?|said|takes? (?:back )?|your|their) (?:a )?(?:yes|no)\b",
        "subscribe, unsubscribe, approve",
        "On until the person says no.",
        of=(PAGES,),
    ),
    "silence": Ban(r"\bsilence\b", "implied consent", "Whose silence counts?"),
    "came back": Ban(
        r"\b(?:e?mails?|notices?|invitations?) (?:\w+ ){0,4}c[ao]mes? back\b|\bcame back\b",
        "bounced",
        "A notice to Bob came back.",
        of=(PAGES,),
    ),
    "take back": Ban(r"\b(?:take|took|takes|taken) back\b", "remove", "Bob took back the access."),
    "hand on": Ban(r"\bhand(?:s|ed)? on\b", "hand over", "Hand on their access."),
    "door": Ban(r"\bdoors?\b", "portal access", "The door of the portal."),
    "verdict": Ban(r"\bverdicts?\b", "keep, reduce, remove", "Give your verdict."),
    "trial": Ban(r"\btrials?\b", "test", "Send it as a trial."),
    "courriel": Ban(r"\be?-?mails?\b", "courriel", "Consultez vos mails.", of=(FRENCH,)),
    "autorisation": Ban(
        r"\bdroits?\b",
        "autorisation, accès",
        "Vous n’avez pas ce droit.",
        of=(FRENCH,),
        allowed=(r"les droits d’autres personnes",),  # a term of the law
    ),
    "numérique": Ban(r"\bdigita(?:l|le|ux)\b", "numérique", "Un accès digital.", of=(FRENCH,)),
    "assistance": Ban(
        r"\bsupport\b|\bsupporte\w*",
        "assistance, prendre en charge",
        "Le support vous aide.",
        of=(FRENCH,),
    ),
    "ouvrir une session": Ban(
        r"\blogin\b|\bse loguer\b", "connexion", "Votre login.", of=(FRENCH,)
    ),
    "infolettre": Ban(r"\bnewsletters?\b", "infolettre", "Une newsletter.", of=(FRENCH,)),
    "indésirable": Ban(r"\bspams?\b", "indésirable", "Un spam.", of=(FRENCH,)),
    "entreprise": Ban(r"\bfirmes?\b|\bsociétés?\b", "entreprise", "Cette firme.", of=(FRENCH,)),
    "chose": Ban(
        r"\bchoses?\b",
        "le nom qui convient",
        "Deux choses.",
        of=(FRENCH,),
        allowed=(r"(?:quelque|autre|même) chose",),
    ),
    "retourné": Ban(
        r"\b(?:courriels?|avis|invitations?) (?:\S+ ){0,6}(?:revien(?:t|nent)|revenue?s?)\b",
        "retourné",
        "Un courriel à Bob est revenu.",
        of=(FRENCH,),
    ),
    "date en chiffres": Ban(
        r"\b\d{1,2}/\d{1,2}/\d{4}\b",
        "28 nov. 2026",
        "Le 05/02/2026.",
        of=(FRENCH,),
        allowed=(r"dates comme 03/04/2026",),  # the import asks what it means
    ),
    "exclamation": Ban(r"\w\s?!", "un point", "C’est fait!", of=(FRENCH,)),
}


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def plain(markdown: str) -> Iterator[str]:
    """The paragraphs of a document, without code, addresses, signs of Markdown and examples."""
    text = re.sub(r"^```.*?^```|^(?: {4}|\t).*?$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`]*`", "X", re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text))
    text = re.sub(r"“[^”]*”", "X", re.sub(r"https?://\S+|<[^>]+>|\*\*", "", text))
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-|#]|\d+\.))", text):
        cells = block.split("|") if block.lstrip().startswith("|") else [block]
        yield from (" ".join(re.sub(r"^\s*(?:[-#]+|\d+\.)", "", cell).split()) for cell in cells)


def labels(value: object) -> Iterator[tuple[str, str]]:
    """The language and text of every label in a manifest."""
    if isinstance(value, dict):
        if set(value) == {"en", "fr"}:
            yield from value.items()
        else:
            for part in value.values():
                yield from labels(part)


@cache
def texts() -> list[tuple[str, str, str]]:
    """The kind, place and words of every text."""
    return [*_texts()]


def _texts() -> Iterator[tuple[str, str, str]]:
    others = set(STRINGS)
    for entry in polib.pofile(str(CATALOGUE)):
        if entry.msgid not in others:  # the words of libraries, which are not ours to choose
            for message in filter(None, (entry.msgid, entry.msgid_plural)):
                yield PAGES, "a message", PLACEHOLDER.sub("X", message)
        for message in translations(entry):
            yield FRENCH, "a message", PLACEHOLDER.sub("X", message)
    for manifest in MANIFESTS:
        for language, label in labels(tomllib.loads(manifest.read_text())):
            kind = PAGES if language == "en" else FRENCH
            yield kind, manifest.name, PLACEHOLDER.sub("X", label)
    for document in DOCUMENTS:
        for paragraph in filter(None, plain(document.read_text())):
            yield DOCS, document.name, paragraph


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!…:;]) +|\n+", text)


# --- The words ---


@pytest.mark.parametrize("name", BANS)
def test_no_text_has_a_banned_word(name):
    ban = BANS[name]
    found = [
        f"{place}: “{words}” in {text!r}"
        for kind, place, text in texts()
        if kind in ban.of and (words := ban.found_in(text))
    ]
    assert not found, f"write {ban.instead}:\n" + "\n".join(found)


@pytest.mark.parametrize("name", BANS)
def test_each_ban_finds_its_sample(name):
    assert BANS[name].found_in(BANS[name].sample)


@pytest.mark.parametrize(
    "text",
    [
        "Email to bob@alder.example bounces.",
        "The mail server accepted the email.",
        "Who can receive it",
        "What do the columns contain?",
        "Copyright of the provider, on the right side.",
        "Order of dates such as 03/04/2026",
        "Use a screen reader.",
    ],
)
def test_exceptions_are_allowed(text):
    assert [name for name, ban in BANS.items() if PAGES in ban.of and ban.found_in(text)] == []


def test_the_texts_are_found():
    kinds = [kind for kind, _place, _text in texts()]
    assert all(kinds.count(kind) > 500 for kind in (PAGES, DOCS, FRENCH))
    sample = "# Head\n\nSee [this *page*](a/b.md) and `code`.\n\n```\nno mail\n```\n\n| a | b |\n"
    assert list(filter(None, plain(sample))) == ["Head", "See this *page* and X.", "a", "b"]


# --- The sentences ---

MOST_WORDS = 25


def test_sentences_are_short():
    long = {
        sentence
        for kind, _place, text in texts()
        if kind == PAGES
        for sentence in sentences(text)
        if len(sentence.split()) > MOST_WORDS
    }
    assert not long, f"{len(long)} sentences of more than {MOST_WORDS} words:\n" + "\n".join(long)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_name_that_ends_in_a_dot_makes_no_second_full_stop(language):
    data = {
        key: {each: f"{text} inc." for each, text in value.items()}
        if isinstance(value, dict)
        else f"{value} inc."
        if isinstance(value, str) and key in NAMES
        else value
        for key, value in DATA.items()
    }
    with translation.override(language):
        said = [
            sentence_of(AuditEvent(kind=kind, actor_name="Alice inc.", data=data))
            for kind in EVENT_SENTENCES
        ]
    assert any("inc." in sentence for sentence in said)
    assert [sentence for sentence in said if ".." in sentence] == []


NAMES = {
    *("address", "company", "customer_name", "grantee", "person", "previous", "preset", "reader"),
    *("resource", "resources", "reviewers", "team", "topic", "subject", "reason", "ticket"),
}


# --- Fields ---


def is_called_optional(parts: tuple[str, str, str]) -> bool:
    """Whether a field has an error, and “(optional)” before it: its label comes first."""
    label, error, _rest = parts
    return bool(error) and 'class="optional"' in label


def fields_of(page: str) -> list[str]:
    """The HTML of each field with its label, help and errors."""
    return re.split(r'(?=<div class="field )', page)[1:]


@pytest.mark.parametrize("reader", ["alice", "olive"])
def test_no_demanded_field_is_called_optional(reader, request, as_, ids):
    """Every form of test_access is sent empty: a field with an error has no “(optional)”."""
    person, faults, seen = request.getfixturevalue(reader), [], 0
    for name, address in ADDRESSES.items():
        if name.startswith(("admin:", "idp:", "api")):
            continue
        arguments = {
            key: ids.get(value, value) if isinstance(value, str) else value
            for key, value in address.arguments.items()
        }
        with transaction.atomic():
            response = as_(person).post(reverse(name, kwargs=arguments))
            transaction.set_rollback(True)
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            continue
        for field in fields_of(response.text):
            seen += 1
            if is_called_optional(field.partition("errorlist")):
                faults.append(f"{name}: {field[:200]}")
    assert seen
    assert faults == []


def test_an_optional_field_with_an_error_is_found():
    page = '<div class="field x"><span class="optional">(optional)</span><ul class="errorlist">'
    [field] = fields_of(f"<form>{page}</ul></div>")
    assert is_called_optional(field.partition("errorlist"))
