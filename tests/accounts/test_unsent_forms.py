"""A session that ends in mid-form keeps what was typed, for the person who typed it alone.

After the lost forms in openfoodfacts/openfoodfacts-server#10988 and
openmediavault/openmediavault#1339, and the second tab of getsentry/sentry#107214 and
widelands/widelands-website#188.
"""

import html
import re
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django import forms
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Team, User
from accounts.services.teams import create_team
from accounts.unsent_forms import (
    KEEP_FOR,
    MAX_LENGTH,
    SESSION_KEY,
    keep_unsent_form,
)
from hub.example import PASSWORD
from preferences.models import Campaign
from tests.acts import WORDS
from tests.edits import edit, version_on

HOST = "http://testserver"
BANNER = "Your form was not sent"


def sign_in(client: Client, person: User, page: str = "/") -> Any:
    """Sign in with the password, as people do; each sign-in changes the CSRF token."""
    data = {"login": person.email, "password": PASSWORD, "next": page}
    data["csrfmiddlewaretoken"] = token(client)
    return client.post(reverse("account_login"), data)


def token(client: Client) -> str:
    return client.cookies[settings.CSRF_COOKIE_NAME].value if client.cookies else ""


@pytest.fixture
def visitor() -> Client:
    """A visitor that checks CSRF tokens, at the sign-in page."""
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("account_login"))
    return client


def open_page(client: Client, path: str) -> dict[str, str]:
    """Open a page with a form, and return what its form carries unseen."""
    page = client.get(path)
    assert page.status_code == 200
    (csrf, *_others) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    versions = re.findall(r'name="version" value="([^"]+)"', page.text)
    return {"csrfmiddlewaretoken": csrf, **({"version": versions[0]} if versions else {})}


def end_sessions() -> None:
    Session.objects.all().delete()


def next_of(response: Any) -> str:
    location = response["Location"]
    assert location.startswith(reverse("account_login"))
    return parse_qs(urlsplit(location).query)["next"][0]


def details_of(person: User) -> str:
    return reverse("accounts:person-details", args=["alder", person.sub])


def type_and_lose(client: Client, who: User, path: str, data: Any, **more: Any) -> Any:
    """Sign in, open the page, type; the session ends; send."""
    sign_in(client, who)
    unseen = open_page(client, path)
    end_sessions()
    return client.post(more.pop("to", path), {**unseen, **data}, **more)


TYPED = {"work_name": "Robert “Bob” Tremblay", "work_phone": "555 0199"}


def test_the_form_comes_back_as_it_was_typed_and_is_not_carried_out(visitor, alice, bob):
    path = details_of(bob)
    lost = type_and_lose(visitor, alice, path, TYPED)

    assert next_of(lost) == path
    shown = visitor.get(lost["Location"])
    assert "You were signed out before you sent this form." in shown.text
    assert TYPED["work_phone"] not in shown.text, "nothing is shown before the sign-in"
    back = sign_in(visitor, alice, path)
    assert back["Location"] == path
    page = visitor.get(path)

    assert BANNER in page.text
    assert f'value="{html.escape(TYPED["work_name"])}"' in page.text
    assert 'value="555 0199"' in page.text
    assert not Membership.objects.filter(work_phone="555 0199").exists()
    assert not AuditEvent.objects.filter(kind="membership.updated").exists()

    sent = visitor.post(path, {**open_page(visitor, path), **TYPED})
    assert sent.status_code == 302
    assert Membership.objects.get(user=bob).work_phone == "555 0199"
    assert BANNER not in visitor.get(path).text, "sent again: nothing is kept any more"
    assert SESSION_KEY not in visitor.session


def test_another_person_who_signs_in_next_gets_nothing(visitor, alice, bob, charlie, dana):
    type_and_lose(visitor, alice, details_of(bob), TYPED)
    sign_in(visitor, dana, details_of(bob))
    for path in ("/", "/profile/", details_of(bob)):
        text = visitor.get(path).text
        assert BANNER not in text
        assert "555 0199" not in text
    visitor.post(reverse("account_logout"), open_page(visitor, reverse("account_logout")))
    visitor.get(reverse("account_login"))
    sign_in(visitor, alice)
    assert BANNER not in visitor.get(details_of(bob)).text, "it went with the other one's session"


def test_a_form_of_the_one_before_is_not_taken_for_the_next_ones(visitor, alice, bob, emma):
    """Alice's old tab is sent after Bob signed in here and was signed out: its token is Alice's."""
    sign_in(visitor, alice)
    old_tab = open_page(visitor, details_of(emma))
    end_sessions()
    visitor.get(reverse("account_login"))
    sign_in(visitor, bob)
    visitor.get("/")
    end_sessions()
    lost = visitor.post(details_of(emma), {**old_tab, **TYPED})
    assert lost.status_code == 403
    assert SESSION_KEY not in visitor.session


def test_a_forged_post_keeps_nothing(visitor, alice, bob):
    sign_in(visitor, alice)
    visitor.get("/")
    end_sessions()
    for data in (TYPED, {**TYPED, "csrfmiddlewaretoken": "x" * 64}):
        assert visitor.post(details_of(bob), data).status_code == 403
    assert SESSION_KEY not in visitor.session


def test_a_stranger_can_store_nothing(visitor, bob):
    """Somebody who never signed in here has no cookie that says who typed; nor a forged one."""
    data = {**TYPED, "csrfmiddlewaretoken": token(visitor)}
    for cookie in ("", str(bob.sub), f"{bob.sub}:x:y"):
        visitor.cookies[settings.TYPIST_COOKIE_NAME] = cookie
        assert visitor.post(details_of(bob), data).status_code == 302
    assert not Session.objects.exists()


def test_what_is_kept_is_encrypted_bound_and_short_lived(visitor, alice, bob, time_machine):
    path = details_of(bob)
    type_and_lose(visitor, alice, path, TYPED)
    sealed = visitor.session[SESSION_KEY]
    assert "555" not in sealed
    assert str(alice.sub) not in sealed
    end = timezone.now() + KEEP_FOR
    time_machine.move_to(end - timedelta(seconds=30))
    sign_in(visitor, alice, path)
    assert BANNER in visitor.get(path).text
    time_machine.move_to(end + timedelta(seconds=30))
    assert BANNER not in visitor.get(path).text
    assert SESSION_KEY not in visitor.session


@pytest.mark.parametrize(
    "name", ["password1", "oldpassword", "Passphrase", "client_secret", "code"]
)
def test_secrets_are_never_kept(visitor, alice, bob, name):
    path = details_of(bob)
    type_and_lose(visitor, alice, path, {**TYPED, name: "horse battery staple"})
    sign_in(visitor, alice, path)
    page = visitor.get(path).text
    assert BANNER in page
    assert "horse battery staple" not in page


def test_forms_about_the_account_keep_nothing(visitor, alice):
    path = reverse("account_email")
    type_and_lose(visitor, alice, path, {"email": "new@alder.example", "action_add": ""})
    assert SESSION_KEY not in visitor.session


def test_every_password_field_of_the_hub_counts_as_a_secret(rf, alice):
    fields = set()
    for module in ("accounts.forms.people", "allauth.account.forms", "allauth.mfa.base.forms"):
        for form in vars(import_module(module)).values():
            for name, field in getattr(form, "base_fields", {}).items():
                if isinstance(field.widget, forms.PasswordInput):
                    fields.add(name)
    assert {"password", "oldpassword"} <= fields
    request = rf.post("/c/alder/", dict.fromkeys(fields, "x"))
    request.get_signed_cookie = lambda *args, **kwargs: str(alice.sub)
    assert keep_unsent_form(request) is None


def test_files_are_not_kept_and_the_page_says_so(visitor, olive):
    path = reverse("preferences:topics-import")
    file = SimpleUploadedFile("list.csv", b"a@x.example\n")
    data = {"file": file, "topic": "newsletter", "wording": "By a form on paper.", "act": "check"}
    type_and_lose(visitor, olive, path, data)
    sign_in(visitor, olive, path)
    page = visitor.get(path).text
    assert "Choose your file again" in page
    assert "By a form on paper.</textarea>" in page
    assert "a@x.example" not in page


def test_a_huge_form_is_not_kept_and_the_page_says_so(visitor, olive):
    path = reverse("preferences:campaign-new")
    lost = type_and_lose(visitor, olive, path, {**WORDS, "body_en": "x" * MAX_LENGTH})
    assert SESSION_KEY not in visitor.session
    assert "the hub could not keep it" in visitor.get(lost["Location"]).text


def test_the_longest_message_is_kept(visitor, olive):
    path = reverse("preferences:campaign-new")
    typed = {
        **WORDS,
        "category": "topic:newsletter",
        "body_en": "word " * 9_000,
        "promotional": "on",
    }
    type_and_lose(visitor, olive, path, typed)
    sign_in(visitor, olive, path)
    page = visitor.get(path).text
    assert "word word word" in page
    assert re.search(r'name="promotional"[^>]* checked', page)
    assert '<option value="topic:newsletter" selected>' in page
    assert not Campaign.objects.exists()


def test_keeping_is_limited_in_number(visitor, alice, bob, settings):
    settings.ACCOUNT_RATE_LIMITS = {"keep_form": "2/h/key"}
    sign_in(visitor, alice)
    unseen = open_page(visitor, details_of(bob))
    kept = []
    for _time in range(3):
        end_sessions()
        visitor.post(details_of(bob), {**unseen, **TYPED})
        kept.append(SESSION_KEY in visitor.session)
    assert kept == [True, True, False]


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/", "//evil.example/", "http://testserver.evil.example/",
        "http://testserver//evil.example", "javascript:alert(1)", "http://testserver@evil.example",
        "http://testserver/accounts/login/?next=//evil.example",
    ],
)  # fmt: skip
def test_no_page_elsewhere_is_led_to(visitor, alice, bob, page):
    for header in ("HTTP_REFERER", "HTTP_HX_CURRENT_URL"):
        sign_in(visitor, alice)
        unseen = open_page(visitor, details_of(bob))
        end_sessions()
        lost = visitor.post(details_of(bob), {**unseen, **TYPED}, **{header: page})
        assert next_of(lost) == details_of(bob)


def test_a_button_leads_back_to_its_page_and_does_nothing(visitor, alice, bob):
    page = reverse("portals:person", args=["alder", bob.sub])
    suspend = reverse("accounts:person-suspend", args=["alder", bob.sub])
    lost = type_and_lose(visitor, alice, page, {}, to=suspend, HTTP_REFERER=HOST + page)
    assert next_of(lost) == page
    sign_in(visitor, alice, page)
    assert visitor.get(page).status_code == 200
    assert Membership.objects.get(user=bob).suspended_at is None


def test_a_form_that_is_sent_elsewhere_comes_back_on_its_page(visitor, alice, alder):
    """The desk's, a company's and a team's pages hold forms with addresses of their own."""
    team = create_team(actor=alice, customer=alder, name="Office")
    page = reverse("portals:team", args=["alder", team.uuid])
    add = reverse("accounts:team-member-add", args=["alder", team.uuid])
    lost = type_and_lose(
        visitor, alice, page, {"reason": "Covers for Emma in May"}, to=add, HTTP_REFERER=HOST + page
    )
    assert next_of(lost) == page
    sign_in(visitor, alice, page)
    assert "Covers for Emma in May" in visitor.get(page).text
    assert not team.team_memberships.exists()


def test_a_form_drawn_by_hand_comes_back_too(visitor, alice, alder):
    path = reverse("portals:preset-new", args=["alder"])
    sign_in(visitor, alice)
    (value, *_more) = re.findall(r'<option value="(\d+)"', visitor.get(path).text)
    unseen = open_page(visitor, path)
    end_sessions()
    visitor.post(path, {**unseen, "name": "Readers", "privilege": value})
    sign_in(visitor, alice, path)
    page = visitor.get(path).text
    assert f'<option value="{value}" selected>' in page
    assert 'value="Readers"' in page
    assert not alder.presets.filter(name="Readers").exists()


def test_htmx_is_led_to_the_sign_in_as_a_page(visitor, bob):
    centre = reverse("preferences:centre")
    lost = type_and_lose(
        visitor, bob, centre, {"digest": "daily"}, to=reverse("preferences:digest"),
        HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL=HOST + centre,
    )  # fmt: skip
    assert lost.status_code == 401
    assert lost.content == b""
    assert lost["HX-Redirect"] == f"{reverse('account_login')}?next={centre}"
    sign_in(visitor, bob, centre)
    assert BANNER in visitor.get(centre).text
    bob.recipient.refresh_from_db()
    assert bob.recipient.digest != "daily"


def test_an_htmx_look_leads_back_to_its_page(visitor, alice):
    people = reverse("portals:people", args=["alder"])
    lost = visitor.get(
        f"{people}?q=bo", headers={"HX-Request": "true", "HX-Current-URL": f"{HOST}{people}"}
    )
    assert (lost.status_code, lost["HX-Redirect"]) == (401, f"/accounts/login/?next={people}")


def test_programs_keep_nothing(visitor, alice):
    sign_in(visitor, alice)
    visitor.get("/")
    end_sessions()
    answer = visitor.patch("/api/v1/preferences/delivery/", {}, content_type="application/json")
    assert answer.status_code in (403, 404)
    assert SESSION_KEY not in visitor.session


def test_it_can_be_discarded(visitor, alice, bob):
    path = details_of(bob)
    type_and_lose(visitor, alice, path, TYPED)
    sign_in(visitor, alice, path)
    unseen = open_page(visitor, path)
    discard = reverse("accounts:unsent-form-discard")
    answer = visitor.post(discard, unseen, HTTP_REFERER=HOST + path)
    assert answer["Location"].endswith(path)
    page = visitor.get(path).text
    assert BANNER not in page
    assert "555 0199" not in page


def test_other_pages_and_answers_to_posts_show_nothing_of_it(visitor, alice, bob, emma):
    path = details_of(bob)
    type_and_lose(visitor, alice, path, TYPED)
    sign_in(visitor, alice)
    for other in ("/", details_of(emma), "/profile/"):
        assert "555 0199" not in visitor.get(other).text


def test_what_a_colleague_saved_meanwhile_is_shown(visitor, as_, alice, bob, join):
    """The version is kept with the form: a save after the sign-in undoes nothing either."""
    path = details_of(bob)
    type_and_lose(visitor, alice, path, TYPED)
    edit(as_(join("iris", role="super_user")), path, {**TYPED, "work_phone": "555 0142"})
    sign_in(visitor, alice, path)
    kept = version_on(visitor.get(path))
    answer = visitor.post(path, {**open_page(visitor, path), **TYPED, "version": kept})
    assert answer.status_code == 200
    assert "555 0142" in answer.text
    assert Membership.objects.get(user=bob).work_phone == "555 0142"


def test_markup_that_was_typed_stays_text(visitor, alice, alder):
    team: Team = create_team(actor=alice, customer=alder, name="Office")
    path = reverse("accounts:team-rename", args=["alder", team.uuid])
    type_and_lose(visitor, alice, path, {"name": '"><b hx-get="/" hx-trigger="load">x</b>'})
    sign_in(visitor, alice, path)
    page = visitor.get(path).text
    assert BANNER in page
    assert "<b hx-get" not in page


def test_the_cookie_tells_who_typed_and_is_closed_to_scripts(visitor, alice):
    sign_in(visitor, alice)
    visitor.get("/")
    cookie = visitor.cookies[settings.TYPIST_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
    assert settings.TYPIST_COOKIE_NAME not in visitor.get("/").cookies, "once is enough"
