"""Everything a person reads exists in French: catalogue, pages and email."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import AccessRequest, Customer, User
from accounts.services.customers import create_customer
from accounts.services.invitations import invite_main_super_user
from accounts.services.support import send_reset_link
from hub.example import PASSWORD
from portals.models import PersonGrant, Portal, Resource, TeamGrant
from tests import test_access
from tests.test_access import ADDRESSES, READERS

CATALOGUE = settings.BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
ids = test_access.ids  # the fixture: Alder's ids, by the words of ADDRESSES
SOURCES = ("accounts", "hub", "portals", "preferences", "templates", "locale", "manage.py")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|</?\w+>")
NO_PAGES = ("admin:", "idp:", "api-docs")  # in English, or for programs


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


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
    """Curly apostrophes; no-break spaces in « » and before a colon, none before ? ! ;"""
    for entry in catalogue:
        for text in translations(entry):
            assert not re.search("['“”\"]", text), text
            assert not re.search("«(?!\N{NO-BREAK SPACE})|(?<!\N{NO-BREAK SPACE})»", text), text
            assert not re.search(r"\s[?!;]| :|\w:(?!\w)", text), text


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
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._silent() and data.strip():
            self.texts.append(" ".join(data.split()))

    def _silent(self) -> bool:
        return bool(self._open) and self._open[-1][1]


# Words that no French sentence has, and hardly an English one is without.
ENGLISH = re.compile(
    r"\b(the|you|your|yours|of|and|with|this|that|these|what|who|may|is|are|was|were|has|have|not|"
    r"nothing|nobody|here|right|rights|until|since|choose|sign|send|save|give|cancel|people|person|"
    r"company|customer|address|password|mail|search|name|state|yes|resource|resources|back|please|empty|"
    r"optional|welcome|home|next|first|everything|everyone|everybody|in|to|by|from|it|its|they|them|"
    r"there|which|when|where|how|why|only|must|will|can|cannot|at|for|remove|suspended|pending)\b",
    re.IGNORECASE,
)


def english_in(page: str, catalogue: polib.POFile, data: Iterator[str]) -> list[str]:
    """The texts of a page that are English: messages untranslated, or none of the catalogue."""
    messages = {e.msgid for e in catalogue if e.msgid not in translations(e)}
    messages -= {text for e in catalogue for text in translations(e)}
    typed = re.compile("|".join(map(re.escape, sorted(data, key=len, reverse=True))))
    found = []
    for text in Reading(page).texts:
        bare = re.sub(r"\S+@\S+|https?://\S+", "", typed.sub("", text))
        if text in messages or ENGLISH.search(bare):
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


def in_french(client: Client) -> Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    return client


@pytest.mark.parametrize("reader", READERS)
def test_no_french_page_contains_english(reader, request, as_, ids, catalogue):
    """Every address of test_access that answers with a page, refusals included."""
    person = None if reader == "nobody" else request.getfixturevalue(reader)
    seen = 0
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
        assert Reading(page).language == "fr", name
        assert not english_in(page, catalogue, typed_by_people()), name
    assert seen > 10


def test_languages_are_named_in_themselves(as_, bob):
    page = in_french(as_(bob)).get(reverse("home")).content.decode()

    assert re.search('lang="en"[^>]*>English<', page)
    assert re.search('lang="fr"[^>]*>Français<', page)


def test_the_english_detector_works(as_, alice, catalogue):
    page = as_(alice).get(reverse("home")).content.decode()

    assert Reading(page).language == "en"
    assert "Your portals, company by company." in english_in(page, catalogue, typed_by_people())


def test_refused_forms_speak_french(as_, alice, catalogue):
    client = in_french(as_(alice))
    for path, data in {
        "/c/alder/people/invite/": {"people": "no", "role": "user", "starts_at": "x"},
        "/c/alder/company/": {"name": "", "language": "xx", "phone": "1" * 50},
        "/accounts/password/change/": {"oldpassword": "x", "password1": "1", "password2": "2"},
        "/accounts/email/": {"email": "no", "action_add": ""},
    }.items():
        page = client.post(path, data, follow=True).content.decode()

        assert 'class="errorlist' in page, path
        assert not english_in(page, catalogue, typed_by_people()), path


def test_signing_in_sets_the_persons_language(client, bob):
    User.objects.filter(pk=bob.pk).update(language="fr")
    client.post(reverse("account_login"), {"login": bob.email, "password": PASSWORD})

    assert "Bienvenue, Bob Tremblay" in client.get(reverse("home")).content.decode()


# --- Mail ---


def written(mails: list[Any], address: str) -> str:
    (mail,) = (mail for mail in mails if mail.to == [address])
    return f"{mail.subject}\n{mail.body}"


def typed_in(text: str) -> str:
    return re.sub("|".join(map(re.escape, typed_by_people())), "", text)


def test_an_invitation_is_in_the_customers_language(olive, deliver: Callable[[], list[Any]]):
    elm = create_customer(actor=olive, slug="elm", name="Elm Fleurs", language="fr")
    invite_main_super_user(actor=olive, customer=elm, address="zoe@elm.example", name="Zoé")
    text = written(deliver(), "zoe@elm.example")

    assert f"Rejoignez « Elm Fleurs » sur Harbour (invitation de {olive.email})" in text
    assert "Bonjour Zoé," in text
    assert not ENGLISH.search(re.sub(r"\S+@\S+|http\S+", "", typed_in(text)))


def test_a_receipt_is_in_the_persons_language(dana, alice, bob, deliver):
    User.objects.filter(pk=bob.pk).update(language="fr")
    bob.refresh_from_db()
    with override("en"):
        send_reset_link(actor=dana, person=bob, ticket="T-7", reason="Appel de Bob")
    mails = deliver()
    receipt = next(mail for mail in mails if mail.to == [bob.email] and "T-7" in mail.subject)

    assert "Le centre d’assistance est intervenu pour Bob Tremblay" in receipt.subject
    assert "Motif\N{NO-BREAK SPACE}: Appel de Bob" in receipt.body
    assert "Reason: Appel de Bob" in written(mails, alice.email)
    for mail in mails:
        if mail.to == [bob.email]:
            assert not ENGLISH.search(re.sub(r"http\S+|\S+@\S+", "", typed_in(mail.body)))


def test_email_of_libraries_is_in_the_pages_language(client, bob, deliver):
    in_french(client).post(reverse("account_reset_password"), {"email": bob.email})
    text = written(deliver(), bob.email)

    assert "Choisissez un nouveau mot de passe" in text
    assert not ENGLISH.search(re.sub(r"http\S+|\S+@\S+", "", typed_in(text)))


# --- Data ---


def test_manifests_and_topics_have_both_languages(db):
    from portals.models import Privilege, ResourceType
    from preferences.models import Topic

    for model in (Portal, ResourceType, Privilege):
        assert not model.objects.filter(label_fr="").exists()
    for topic in Topic.objects.all():
        assert topic.name_fr and topic.purpose_fr and topic.cadence_fr
