"""On one page, links and buttons of one name do one thing (WCAG 2.2, 2.4.4 and 2.4.9).

Somebody who hears a list of links can't see the row around each. A bare *Open* or *Remove* in every
row needs the row's name too: in an `aria-label`, or in words that only a screen reader says.
"""

from urllib.parse import urljoin, urlsplit

import html5lib
import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.choices import Verification
from accounts.models import Customer, User
from accounts.services import support
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.recoveries import approve_recovery, propose_recovery
from tests.cases import verified_case
from tests.journeys.walk import NOT_OURS, kind_of

MOST = 80
# Address of a page → names that may lead to several places there, each with its reason.
ALLOWED: dict[str, set[str]] = {}


def parsed(html):
    return html5lib.parse(html, namespaceHTMLElements=False)


def name_of(element):
    """Return what a screen reader calls an element."""
    if label := element.get("aria-label"):
        return " ".join(label.split())
    return " ".join(_words(element).split())


def _words(element):
    if element.get("aria-hidden") == "true":
        return ""
    if element.tag == "img":
        return element.get("alt", "")
    inner = "".join(_words(child) + (child.tail or "") for child in element)
    return (element.text or "") + inner


def targets(page, address):
    """Yield the name of each link and button of a page, and what it does."""
    for link in page.iter("a"):
        if href := link.get("href"):
            yield name_of(link), urljoin(address, href)
    for form in page.iter("form"):
        hidden = tuple(
            sorted(
                (field.get("name"), field.get("value"))
                for field in form.iter("input")
                if field.get("type") == "hidden" and field.get("name") != "csrfmiddlewaretoken"
            )
        )
        action = urljoin(address, form.get("action") or address)
        for button in form.iter("button"):
            if button.get("type") != "button":
                does = (button.get("formaction") or action, button.get("value"), hidden)
                yield name_of(button), does


def ambiguous(page, address):
    """Return the names of a page that do several things, with what they do."""
    found: dict[str, set] = {}
    # Beside it is the navigation, whose landmark says where its links lead.
    for name, does in targets(page.find(".//main"), address):
        found.setdefault(name, set()).add(does)
    allowed = ALLOWED.get(kind_of(address), set())
    return {name: does for name, does in found.items() if len(does) > 1 and name not in allowed}


@pytest.fixture
def busy(dana, olive, alice, bob, emma, alder):
    """More than one of all that a page may list."""
    sent = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", role="super_user"
    )
    accept_invitation(actor=None, token=sent.token, name="Gina", password="three unrelated words")
    for name in ("typo", "hugo"):
        invite_person(actor=alice, customer=alder, address=f"{name}@alder.example")
    birch = Customer.objects.get(slug="birch")
    charlie = birch.main_super_user.user
    shared = invite_person(actor=charlie, customer=birch, address=bob.email, role="super_user")
    accept_invitation(actor=bob, token=shared.token)
    for person in (bob, emma):
        case = support.open_case(
            actor=dana, person=person, customer=alder, ticket="T-1", reason="Lost phone"
        )
        support.ask_super_users(actor=dana, case=case)
        if person == bob:
            support.verify(case, Verification.CALL_BACK, by=dana, called_back="company")
            support.correct_address(actor=dana, case=case, address="robert@alder.example")
    for company, successor in ((alder, "gina@alder.example"), (birch, bob.email)):
        recovery = propose_recovery(
            actor=dana, customer=company, address=successor, name="", ticket="T-2",
            evidence="The register.", proof="Extract 1", signed_in_at=timezone.now(),
        )  # fmt: skip
        approve_recovery(actor=olive, recovery=recovery, signed_in_at=timezone.now())
    case = verified_case(olive, bob, customer=alder)
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Blue key"})
    Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Red key"})
    support.remove_factor(actor=olive, case=case, factor=str(key.pk))


def pages(client, *first):
    """Yield the address and tree of one page of each kind, following links."""
    waiting, seen = list(first), set()
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        if kind_of(address) in seen or NOT_OURS.match(address):
            continue
        seen.add(kind_of(address))
        answer = client.get(address)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        page = parsed(answer.content.decode())
        yield address, page
        links = [urlsplit(urljoin(address, a.get("href", ""))) for a in page.iter("a")]
        waiting += [link.path for link in links if not link.netloc]


@pytest.mark.parametrize("who", ["alice", "bob", "dana", "olive"])
def test_links_and_buttons_of_one_name_do_one_thing(who, as_, busy, bob, alice):
    person = User.objects.get(email__startswith=f"{who}@")
    desk = [f"/desk/{each.sub}/" for each in (bob, alice)]
    faults, seen = {}, 0
    for address, page in pages(as_(person), "/", "/c/alder/people/invitations/"):
        seen += 1
        if found := ambiguous(page, address):
            faults[address] = found
    if who in ("dana", "olive"):
        for address in desk:
            page = parsed(as_(person).get(address).content.decode())
            if found := ambiguous(page, address):
                faults[address] = found

    assert not faults, [f"{a}: {n}: {d}" for a, f in faults.items() for n, d in f.items()]
    assert seen > 8


def test_the_check_finds_bare_names():
    page = parsed(
        '<main><a href="/a/">Open</a><a href="/b/">Open</a>'
        '<a href="/a/" aria-label="Open A">Open</a><a href="/b/">Open <span>B</span></a>'
        + "".join(
            f'<form action="/c/"><input type="hidden" name="x" value="{number}">'
            "<button>Remove</button></form>"
            for number in (1, 2)
        )
        + "</main>"
    )
    assert set(ambiguous(page, "/")) == {"Open", "Remove"}
