"""Everything a person reads exists in French: catalogue, pages and email."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import AccessRequest, Customer, SuperUserRecovery, SupportCase, User
from hub.example import PASSWORD
from portals.models import PersonGrant, Portal, Resource, TeamGrant
from preferences.models import Message
from tests import test_access
from tests.test_access import ADDRESSES, READERS

CATALOGUE = settings.BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
ids = test_access.ids  # the fixture: Alder's ids, by the words of ADDRESSES
SOURCES = (
    "accounts",
    "compliance",
    "hub",
    "portals",
    "preferences",
    "templates",
    "locale",
    "manage.py",
)
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|</?\w+>")
NO_PAGES = (  # in English, for programs, or parts of a page in no language or an email's
    "admin:",
    "idp:",
    "api-docs",
    "accounts:people-options",
    "accounts:team-options",
    "accounts:time-zone-options",
    "portals:resource-options",
    "portals:grantee-options",
    "portals:target-options",
    "preferences:campaign-preview",
)


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


@pytest.fixture(scope="module")
def untranslated(catalogue) -> set[str]:
    """The messages that no French text equals."""
    messages = {e.msgid for e in catalogue if e.msgid not in translations(e)}
    return messages - {text for e in catalogue for text in translations(e)}


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def keys(file: polib.POFile | polib.MOFile) -> set[tuple[str | None, str, str]]:
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in file}


# --- The catalogue ---


# Cities keep their names.
ZONES = re.compile(r"""<option value="[A-Z]\w+/[^"]+"[^>]*>[^<]*</option>""")


def test_every_message_is_translated(catalogue):
    assert not [e.msgid for e in catalogue if not e.translated() or not all(translations(e))]
    assert not [e.msgid for e in catalogue if e.fuzzy]
    assert not catalogue.obsolete_entries()


def test_translations_keep_the_placeholders(catalogue):
    for entry in catalogue:
        for text in translations(entry):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(
                PLACEHOLDER.findall(entry.msgid_plural or entry.msgid)
            ), entry.msgid


def test_french_uses_french_punctuation(catalogue):
    """Curly apostrophes; no-break spaces in « » and before : ; ? !"""
    for entry in catalogue:
        for text in translations(entry):
            assert not re.search("['“”\"]", text), text
            assert not re.search("«(?!\N{NO-BREAK SPACE})|(?<!\N{NO-BREAK SPACE})»", text), text
            assert not re.search(r" [:;?!]|\w:(?!\w)|[^\s?!][;?!](?=\s|$|[)»<])", text), text


def test_the_compiled_catalogue_is_up_to_date(catalogue):
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    same = {(e.msgctxt, e.msgid, *translations(e)) for e in catalogue}

    assert {(e.msgctxt, e.msgid, *translations(e)) for e in compiled} == same, "run: make messages"


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")
def test_the_catalogue_matches_the_source(catalogue, tmp_path):
    for name in SOURCES:
        source = settings.BASE_DIR / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale=fr", "--no-obsolete"],
        cwd=tmp_path,
        env={"HUB_ENV": "test", "PATH": str(Path(shutil.which("xgettext") or "").parent)},
        check=True,
        capture_output=True,
    )
    collected = polib.pofile(str(tmp_path / CATALOGUE.relative_to(settings.BASE_DIR)))

    assert keys(collected) == keys(catalogue), "run: make messages"


# --- Pages ---


class Reading(HTMLParser):
    """What a person sees or hears of a page, save what names its own language (`lang`)."""

    VOID = {"area", "br", "hr", "img", "input", "link", "meta", "path", "source", "wbr"}
    SILENT = {"script", "style", "svg", "code"}
    SPOKEN = {"alt", "aria-label", "placeholder", "title", "data-text", "data-label"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.language = ""
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "html":
            self.language = values.get("lang") or ""
        foreign = (values.get("lang") or self.language) != self.language
        silent = foreign or tag in self.SILENT or self._silent()
        if not silent:
            self.texts += [value for name, value in attrs if name in self.SPOKEN and value]
        if tag not in self.VOID:
            self._open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        while tag not in self.VOID and self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._silent() and data.strip():
            self.texts.append(" ".join(data.split()))

    def _silent(self) -> bool:
        return bool(self._open) and self._open[-1][1]


# Words that no French sentence has, and hardly an English one is without.
ENGLISH = re.compile(
    r"\b(the|you|your|yours|of|and|with|this|that|these|what|who|may|is|are|was|were|has|have|not|"
    r"nothing|nobody|here|right|privileges|until|since|choose|sign|send|save|give|cancel|people|person|"
    r"company|customer|address|password|mail|search|name|state|yes|resource|resources|back|please|empty|"
    r"optional|welcome|home|next|first|everything|everyone|everybody|in|to|by|from|it|its|they|them|"
    r"there|which|when|where|how|why|only|must|will|can|cannot|at|for|remove|suspended|pending)\b",
    re.IGNORECASE,
)


def english_in(page: Reading, untranslated: set[str], data: Iterable[str]) -> list[str]:
    """The texts of a page that are English: messages untranslated, or none of the catalogue."""
    typed = re.compile("|".join(map(re.escape, sorted(data, key=len, reverse=True))))
    found = []
    for text in page.texts:
        bare = re.sub(r"\S+@\S+|https?://\S+", "", typed.sub("", text))
        if text in untranslated or ENGLISH.search(bare):
            found.append(text)
    return found


def typed_by_people() -> Iterator[str]:
    """Names and reasons stand in the language of whoever wrote them."""
    yield from ("Harbour", "Support", "Operators", "python")
    for model, field in ((User, "name"), (Customer, "name"), (Resource, "name")):
        yield from model.objects.values_list(field, flat=True)
    yield from AccessRequest.objects.exclude(text="").values_list("text", flat=True)
    for grant in (PersonGrant, TeamGrant):
        yield from grant.objects.exclude(reason="").values_list("reason", flat=True)
    yield from SupportCase.objects.values_list("reason", flat=True)
    yield from Message.objects.values_list("subject", flat=True)  # in their recipients' language
    for field in ("evidence", "proof"):
        yield from SuperUserRecovery.objects.values_list(field, flat=True)


def in_french(client: Client) -> Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    return client


@pytest.mark.parametrize("reader", READERS)
def test_no_french_page_contains_english(reader, request, as_, ids, untranslated):
    """Every address of test_access that answers with a page, refusals included."""
    person = None if reader == "nobody" else request.getfixturevalue(reader)
    seen, typed = 0, list(typed_by_people())
    for name, address in ADDRESSES.items():
        if name.startswith(NO_PAGES):
            continue
        arguments = {
            key: ids.get(value, value) if isinstance(value, str) else value
            for key, value in address.arguments.items()
        }
        with transaction.atomic():
            response = in_french(as_(person)).generic(
                address.method, reverse(name, kwargs=arguments)
            )
            transaction.set_rollback(True)
        if not response.get("Content-Type", "").startswith("text/html") or response.streaming:
            continue
        page = ZONES.sub("", response.content.decode())
        if not page:
            continue
        seen += 1
        reading = Reading(page)
        assert reading.language == "fr", name
        assert not english_in(reading, untranslated, typed), name
    assert seen > 10


def test_languages_are_named_in_themselves(as_, bob):
    page = in_french(as_(bob)).get(reverse("home")).content.decode()

    assert re.search('lang="en"[^>]*>English<', page)
    assert re.search('lang="fr"[^>]*>Français<', page)


def test_the_english_detector_works(as_, alice, untranslated):
    page = Reading(as_(alice).get(reverse("home")).content.decode())

    assert page.language == "en"
    assert "Requests to answer" in english_in(page, untranslated, typed_by_people())


def test_refused_forms_speak_french(as_, alice, untranslated):
    client = in_french(as_(alice))
    for path, data in {
        "/c/alder/people/invite/": {"people": "no", "role": "user", "starts_at": "x"},
        "/c/alder/company/": {"name": "", "language": "xx", "phone": "1" * 50},
        "/accounts/password/change/": {"oldpassword": "x", "password1": "1", "password2": "2"},
        "/accounts/email/": {"email": "no", "action_add": ""},
    }.items():
        page = client.post(path, data, follow=True).content.decode()

        assert 'class="errorlist' in page, path
        assert not english_in(Reading(page), untranslated, typed_by_people()), path


def test_signing_in_sets_the_persons_language(client, bob):
    User.objects.filter(pk=bob.pk).update(language="fr")
    client.post(reverse("account_login"), {"login": bob.email, "password": PASSWORD})

    assert "Bienvenue, Bob Tremblay" in client.get(reverse("home")).content.decode()


# --- Data ---


def test_manifests_and_topics_have_both_languages(db):
    from portals.models import Privilege, ResourceType
    from preferences.models import Topic

    for model in (Portal, ResourceType, Privilege):
        assert not model.objects.filter(label_fr="").exists()
    for topic in Topic.objects.all():
        assert topic.name_fr and topic.purpose_fr and topic.cadence_fr
