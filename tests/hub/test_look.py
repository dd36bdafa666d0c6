"""Every page has landmarks, a title, a language and no inline code."""

import re
from pathlib import Path

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse

from hub.brand import is_colour
from hub.stylesheet import PARTS

ROOT = Path(__file__).resolve().parents[2]
OF_EMAIL = ROOT / "templates/accounts/emails/layout.html"  # email programs need inline style
TEMPLATES = sorted(set((ROOT / "templates").rglob("*.html")) - {OF_EMAIL})
STYLES = sorted((ROOT / "static").rglob("*.css"))
INLINE = {
    "style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "script without a file": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "event attribute": re.compile(r"\s(?:hx-)?on[:\w-]+\s*=\s*[\"']", re.IGNORECASE),
}
ENTRANCE = [
    "account_login",
    "account_signup",
    "account_inactive",
    "accounts:sign-in-code",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
]
OWN = [
    "account_email",
    "account_change_password",
    "account_reauthenticate",
    "account_logout",
    "portals:devices",
    "mfa_index",
]


def assert_whole_page(html: str, *, language: str = "en") -> None:
    assert f'<html lang="{language}"' in html
    assert len(re.findall(r"<h1\b", html)) == 1
    assert len(re.findall(r"<main\b[^>]*id=\"main\"", html)) == 1
    assert '<a class="skip" href="#main">' in html
    title = re.search(r"<title>(.*?)</title>", html, re.DOTALL).group(1)
    assert re.fullmatch(r"\S[^·]* · \S.*", title.strip(), re.DOTALL), title


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_inline_code(template):
    text = template.read_text()

    assert [name for name, pattern in INLINE.items() if pattern.search(text)] == []


def test_every_static_file_exists():
    named = set()
    for template in TEMPLATES:
        text = template.read_text()
        named |= set(re.findall(r"{%\s*static\s+['\"]([^'\"]+)", text))
        named |= set(re.findall(r"[\"']/static/([^\"'?]+)", text))

    assert named
    assert [name for name in sorted(named) if finders.find(name) is None] == []


def test_every_file_a_style_sheet_names_exists():
    for stylesheet in STYLES:
        for name in re.findall(r"url\([\"']?([^\"')]+)", stylesheet.read_text()):
            assert (stylesheet.parent / name).resolve().is_file(), f"{stylesheet.name}: {name}"


def test_nothing_is_loaded_from_another_host():
    for path in [*TEMPLATES, *STYLES, *(ROOT / "static").rglob("*.js")]:
        assert not re.search(r"(?:src|href|url|import)[=(\s\"']+(?:https?:)?//", path.read_text())


@pytest.mark.parametrize("name", ENTRANCE)
def test_entrance_page(as_, name):
    html = as_(None).get(reverse(name)).text

    assert_whole_page(html)
    assert 'id="navigation"' not in html


@pytest.mark.parametrize("name", OWN)
def test_own_page(as_, bob, name):
    client = as_(bob)
    reauthenticate(client)

    assert_whole_page(client.get(reverse(name)).text)


def reauthenticate(client):
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 9_999_999_999}]
    session.save()


@pytest.mark.parametrize("key", ["set-password", "1-broken"])
def test_an_invalid_reset_link_is_explained(as_, key):
    html = as_(None).get(f"/accounts/password/reset/key/{key}-x/", follow=True).text

    assert_whole_page(html)


def test_missing_page(as_, bob):
    for client in (as_(None), as_(bob)):
        response = client.get("/no/such/page/")

        assert response.status_code == 404
        assert_whole_page(response.text)


def test_page_in_french(as_):
    html = as_(None).get(reverse("account_login"), headers={"accept-language": "fr"}).text

    assert_whole_page(html, language="fr")


def test_language_is_switched_without_an_account(as_):
    client = as_(None)
    response = client.post(reverse("set_language"), {"language": "fr", "next": "/accounts/login/"})

    assert response.url == "/accounts/login/"
    assert '<html lang="fr"' in client.get(response.url).text


def test_a_get_of_a_post_url_is_explained(as_, alice):
    response = as_(alice).get("/c/alder/company/hand-over/")

    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "This address is not a page" in response.text
    assert_whole_page(response.text)


def test_programs_get_the_plain_405(as_):
    for path in ("/identity/o/api/token", "/mail/events/brevo/", "/access/v1/evaluation"):
        response = as_(None).get(path)
        assert response.status_code == 405, path
        assert "<html" not in response.text, path


def test_the_language_switch_of_a_refused_form_leads_to_its_page(as_, alice):
    client = as_(alice)
    page = "http://testserver/c/alder/company/"
    refused = client.post("/c/alder/company/hand-over/", {}, headers={"referer": page})
    assert refused.status_code == 200
    [back] = re.findall(r'name="next" value="([^"]*)"', refused.text)
    response = client.post(reverse("set_language"), {"language": "fr", "next": back})

    assert response.url == page
    assert '<html lang="fr"' in client.get(response.url).text


def test_the_error_page_needs_no_database():
    html = render_to_string("500.html")

    assert "<h1>" in html
    assert all(finders.find(name) for name in re.findall(r"/static/([^\"]+)", html))


class Sample(forms.Form):
    address = forms.EmailField(label="Address", help_text="Where we write to.")
    agree = forms.BooleanField(label="I agree")
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    note = forms.CharField(required=False)


def test_field_is_tied_to_its_help_and_error():
    html = str(Sample({"address": "nobody"}))

    assert 'aria-describedby="id_address_helptext id_address_error"' in html
    for part in ("id_address_helptext", "id_address_error", "id_agree_error"):
        assert html.count(f'id="{part}"') == 1
    assert re.search(r'<label[^>]*for="id_note"[^>]*>Note\s+<span class="optional">', html)
    assert "<legend>Kind</legend>" in html


@pytest.mark.parametrize(
    "text", ["#1c6a70", "#abc", "teal", "rgb(10 20 30 / 50%)", "oklch(0.46 0.085 205)"]
)
def test_a_valid_colour_is_accepted(text):
    assert is_colour(text)


@pytest.mark.parametrize(
    "text", ["", "#12", "red;}", "url(//x)", "red } body { display:none", "a\n"]
)
def test_an_invalid_colour_is_refused(text):
    assert not is_colour(text)


def test_accent_reaches_the_page(as_, settings):
    settings.HUB_BRAND_ACCENT = "#7a3b12"
    client = as_(None)

    page = client.get(reverse("account_login")).text
    [address] = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    response = client.get(address)
    assert response.text.endswith("\n:root { --brand: #7a3b12; }\n")
    assert response["Content-Type"].startswith("text/css")
    assert "immutable" in response["Cache-Control"]
    settings.HUB_BRAND_ACCENT = "#123456"
    assert address not in client.get(reverse("account_login")).text
    assert "no-cache" in client.get(address)["Cache-Control"]


def test_the_style_sheet_holds_every_file_and_names_images_by_their_address(as_):
    assert {f"{part}.css" for part in PARTS} == {path.name for path in STYLES}

    css = as_(None).get("/style.css").text

    assert all(path.read_text().strip().splitlines()[-1] in css for path in STYLES)
    images = re.findall(r'url\("([^"]+)"\)', css)
    assert images and all(image.startswith("/static/img/") for image in images)


def test_a_page_loads_few_files(as_, alice):
    page = as_(alice).get("/").text

    files = re.findall(r'(?:<link[^>]+href|<script[^>]+src|<img[^>]+src)="([^"]+)"', page)
    assert len(files) <= 5  # and the page itself: six requests of a browser that comes anew


def test_pages_are_compressed_and_padded_against_breach(as_, alice):
    client = as_(alice)
    plain = client.get("/profile/").content

    answers = [client.get("/profile/", headers={"Accept-Encoding": "gzip"}) for _ in range(8)]

    assert {answer["Content-Encoding"] for answer in answers} == {"gzip"}
    assert len(answers[0].content) < len(plain) / 3
    assert len({len(answer.content) for answer in answers}) > 1
