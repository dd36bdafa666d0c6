"""An agent of the desk sees a person's pages as the person does, and can do nothing there (G8)."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, SupportCase, Viewing
from accounts.models.viewings import LASTS
from accounts.permissions import FreshSignInRequired
from accounts.services.requests import open_request
from accounts.services.support import SupportRefused, close_case, open_case
from accounts.services.support.viewings import begin_viewing, end_viewing
from hub.inert import inert
from hub.viewing import PAGES, page_of_person
from preferences.tokens import page_token, unsubscribe_token

WHY = {"ticket": "T-77", "reason": "Home looks odd to them"}
ACTING = {"href", "action", "formaction", "src", "name", "value", "onclick", "id", "form", "method"}


def open_verified(agent, person):
    case = open_case(actor=agent, person=person, **WHY)
    SupportCase.objects.filter(pk=case.pk).update(
        verification="hub_code", verified_at=timezone.now(), verified_by=agent
    )
    case.refresh_from_db()
    return case


@pytest.fixture
def case(dana, bob):
    return open_verified(dana, bob)


@pytest.fixture
def viewing(dana, case):
    return begin(dana, case)


def begin(agent, case):
    return begin_viewing(actor=agent, case=case, signed_in_at=timezone.now())


def url(viewing, page="home"):
    return reverse("viewing", args=[viewing.uuid, page])


class Elements(HTMLParser):
    """The elements of a piece of markup, with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def viewed(html):
    """Return the part of the page that is the person's."""
    return html.partition('<div class="viewed')[2].partition("</main>")[0]


# --- Beginning and ending ---


def test_it_shows_both_pages_with_banner_and_timer(as_, viewing, dana, bob, time_machine):
    for page, text in (("home", "Your access"), ("preferences", "Optional email")):
        answer = as_(dana).get(url(viewing, page))
        html = answer.content.decode()
        assert text in viewed(html)
        assert "as Bob Tremblay sees them. Read-only, 15 minutes left." in html
        assert 800 < int(answer["Refresh"]) <= 901
        assert answer["Cache-Control"] == "private, no-store"
    time_machine.move_to(viewing.ends_at - timedelta(seconds=59))
    assert "Read-only, 1 minute left." in as_(dana).get(url(viewing)).content.decode()


def test_the_person_is_told_and_finds_it_in_their_history(viewing, as_, bob, dana, deliver, alder):
    [mail] = [mail for mail in deliver() if mail.to == [bob.email]]
    assert mail.subject == "Harbour support is looking at your pages with you"
    assert "Dana Okafor" in mail.body
    assert WHY["reason"] in mail.body
    assert "began to look at Home" in as_(bob).get(reverse("accounts:history")).content.decode()
    assert AuditEvent.objects.filter(kind="support.viewing_begun", customer=alder).count() == 1
    end_viewing(actor=dana, viewing=viewing)
    end_viewing(actor=dana, viewing=viewing)  # does nothing
    assert AuditEvent.objects.filter(kind="support.viewing_ended", customer=None).count() == 1


def test_it_ends_to_the_second_and_nothing_prolongs_it(as_, viewing, dana, case, time_machine):
    time_machine.move_to(viewing.begun_at + LASTS - timedelta(seconds=1), tick=False)
    assert as_(dana).get(url(viewing)).status_code == 200
    with pytest.raises(SupportRefused, match="already"):
        begin(dana, case)
    time_machine.move_to(viewing.begun_at + LASTS, tick=False)
    answer = as_(dana).get(url(viewing))
    assert answer.url == reverse("accounts:desk-person", args=[case.person.sub])
    for later in ({"ends_at": timezone.now() + LASTS}, {"begun_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Viewing.objects.filter(pk=viewing.pk).update(**later)
    again = begin(dana, case)  # the person is told anew
    assert as_(dana).get(url(again)).status_code == 200
    assert as_(dana).get(url(viewing)).status_code == 302


@pytest.mark.parametrize("how", ["stop", "close", "deactivate", "staff", "leave"])
def test_it_ends_with_what_allowed_it(how, as_, viewing, dana, bob, case):
    client = as_(dana)
    if how == "stop":
        client.post(reverse("accounts:desk-viewing-end", args=[viewing.uuid]))
    elif how == "close":
        close_case(actor=dana, case=case, outcome="helped")
    elif how == "deactivate":
        bob.is_active = False
        bob.save()
    elif how == "staff":
        bob.is_staff = True
        bob.save()
    else:
        dana.groups.clear()
    answer = client.get(url(viewing))
    assert answer.status_code == (403 if how == "leave" else 302)
    assert "Your access" not in answer.content.decode()


# --- Who may ---


def test_it_needs_an_open_verified_case_of_ones_own(dana, olive, bob):
    case = open_case(actor=dana, person=bob, **WHY)
    with pytest.raises(SupportRefused, match="Verify"):
        begin(dana, case)
    with pytest.raises(PermissionDenied):
        begin(olive, case)  # another agent's
    assert AuditEvent.objects.filter(kind="support.act_refused").count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        now = timezone.now()
        Viewing.objects.create(case=case, begun_at=now, ends_at=now + LASTS)
    assert not Viewing.objects.exists()


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_nobody_but_the_desk_may(who, request, case, as_, viewing):
    actor = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        begin(actor, case)
    assert as_(actor).get(url(viewing)).status_code == 403
    with pytest.raises(PermissionDenied):
        end_viewing(actor=actor, viewing=viewing)


def test_another_agent_sees_and_ends_nothing(as_, viewing, olive):
    assert as_(olive).get(url(viewing)).status_code == 403
    assert (
        as_(olive).post(reverse("accounts:desk-viewing-end", args=[viewing.uuid])).status_code
        == 403
    )
    viewing.refresh_from_db()
    assert viewing.ended_at is None


def test_it_wants_a_fresh_sign_in(dana, case):
    with pytest.raises(FreshSignInRequired):
        begin_viewing(actor=dana, case=case, signed_in_at=None)
    old = timezone.now() - timedelta(minutes=6)
    with pytest.raises(FreshSignInRequired):
        begin_viewing(actor=dana, case=case, signed_in_at=old)
    assert not Viewing.objects.exists()


def test_staff_and_oneself_can_not_be_viewed(dana, olive):
    for person in (olive, dana):  # there can't be a case of them
        with pytest.raises(PermissionDenied):
            open_case(actor=dana, person=person, **WHY)


def test_a_closed_case_allows_none(dana, case):
    close_case(actor=dana, case=case, outcome="helped")
    with pytest.raises(SupportRefused):
        begin(dana, case)


# --- Nothing acts, nothing is secret ---


@pytest.mark.parametrize("person", ["bob", "alice", "emma"])
@pytest.mark.parametrize("page", PAGES)
def test_every_form_button_and_link_is_inert_G8(page, person, request, as_, dana, alice, alder):
    """Nothing in it names an address, a field or a value: so nothing could be sent."""
    person = request.getfixturevalue(person)
    looked = begin(dana, open_verified(dana, person))
    html = viewed(as_(dana).get(url(looked, page)).content.decode())
    elements = Elements(html).found
    assert len(elements) > 20
    assert not {"form", "script", "iframe", "select", "textarea"} & {tag for tag, _ in elements}
    for tag, attributes in elements:
        acting = ACTING - ({"value"} if tag == "progress" else set())
        assert not acting & attributes.keys(), (tag, attributes)
        assert not [name for name in attributes if name.startswith(("hx-", "on", "data-hx"))]
        if tag in ("button", "input"):
            assert "disabled" in attributes, (tag, attributes)
        if tag == "a":
            assert attributes.get("aria-disabled") == "true"


@pytest.mark.parametrize("page", PAGES)
def test_no_token_or_secret_is_in_it_G8(page, as_, viewing, dana, bob):
    client = as_(dana)
    html = client.get(url(viewing, page)).content.decode()
    part = viewed(html)
    recipient = bob.recipient
    secrets = [page_token(recipient), unsubscribe_token(recipient), str(bob.sub)]
    assert not [secret for secret in secrets if secret in html.replace(f"/desk/{bob.sub}/", "")]
    assert "csrf" not in part.lower()
    assert "token" not in part.lower()
    assert "Your choices" not in part  # the history of choices is nobody's at the desk


def test_each_post_during_a_viewing_is_the_agents_own_G8(viewing, as_, dana, bob, emma, alder):
    """The person's acts are refused to the agent, and change nothing of the person's."""
    client = as_(dana)
    client.get(url(viewing, "preferences"))
    before = (bob.recipient.digest, bob.language)
    asked = open_request(actor=bob, customer=alder, kind="other", text="Please help.")
    refused = {
        reverse("portals:request-new", args=["alder"]): {"text": "x"},
        reverse("accounts:request-withdraw", args=["alder", asked.uuid]): {},
        reverse("portals:request-portal", args=["alder", "domains"]): {},
        reverse("portals:give-access", args=["alder"]): {},
        reverse("portals:person", args=["alder", bob.sub]): {},
    }
    for address, data in refused.items():
        assert client.post(address, data).status_code in (403, 404, 405), address
    own = {
        reverse("preferences:digest"): {"digest": "weekly"},
        reverse("preferences:language"): {"language": "fr"},
        reverse("preferences:stop-all"): {},
        reverse("preferences:pause"): {"days": "30"},
    }
    for address, data in own.items():
        client.post(address, data)
    bob.refresh_from_db()
    bob.recipient.refresh_from_db()
    assert (bob.recipient.digest, bob.language) == before
    assert bob.recipient.paused_until is None
    dana.refresh_from_db()
    assert dana.language == "fr"  # the agent's own page
    asked.refresh_from_db()
    assert asked.is_open


def test_a_post_to_the_viewing_itself_is_refused_G8(viewing, as_, dana):
    for page in PAGES:
        for method in ("post", "put", "patch", "delete"):
            assert getattr(as_(dana), method)(url(viewing, page)).status_code == 405


def test_looking_is_no_sign_in_as_the_person_G8(viewing, as_, dana, bob):
    client = as_(dana)
    before = dict(client.session)
    bob.refresh_from_db()
    signed_in = bob.last_login
    client.get(url(viewing))
    client.get(url(viewing, "preferences"))
    assert dict(client.session) == before
    bob.refresh_from_db()
    assert bob.last_login == signed_in
    assert "Dana" in client.get(reverse("accounts:profile")).content.decode()


def test_it_is_in_the_persons_language_and_the_frame_in_the_agents(viewing, as_, dana, bob):
    bob.language = "fr"
    bob.save()
    html = as_(dana).get(url(viewing)).content.decode()
    assert "You are looking at the pages" in html
    assert 'class="viewed stack" lang="fr"' in html
    assert "Vos accès" in viewed(html)


def test_unknown_pages_and_viewings_are_not_there(viewing, as_, dana):
    assert as_(dana).get(url(viewing, "profile")).status_code == 404
    assert as_(dana).get(url(viewing).replace(str(viewing.uuid), str(dana.sub))).status_code == 404


def test_looking_has_a_budget(viewing, as_, alice, dana, django_assert_max_num_queries):
    looked = begin(dana, open_verified(dana, alice))
    client = as_(dana)
    client.get(url(looked))
    with django_assert_max_num_queries(22):
        client.get(url(looked))


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ('<a href="/x" hx-get="/y" id="i">See</a>', '<a aria-disabled="true">See</a>'),
        ('<form action="/x" method="post"><p>Text</p></form>', "<p>Text</p>"),
        ('<input type="hidden" name="t" value="secret">', '<input type="hidden" disabled="">'),
        ('<script>alert("x")</script><b onclick="x()">y</b>', "y"),
        ('<iframe src="/x"></iframe><p style="x">z</p>', "<p>z</p>"),
        ('<noscript><a href="/x">no</a></noscript><p>p</p>', "<p>p</p>"),
    ],
)
def test_what_is_left_of_markup(html, left):
    assert inert(html) == left


def test_the_page_of_a_person_without_a_request(bob):
    assert "Your access" in page_of_person(bob, "home")
