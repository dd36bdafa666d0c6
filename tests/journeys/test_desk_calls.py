"""Calls at the support desk, from the first word to what the caller has in the end."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from hub.example import PASSWORD
from tests.demo import manage
from tests.journeys.accessibility import faults_of
from tests.journeys.test_factors import Authenticator

SIGN_IN = {"name": "Sign in", "exact": True}
AFTER = "import time_machine; from django.utils import timezone; from datetime import timedelta\n"


@pytest.fixture
def later(demo):
    """Return a function that does the desk's due work as if so much time had passed."""

    def run(work: str, wait: timedelta) -> None:
        shell(
            demo,
            f"{AFTER}from accounts.services import recoveries\n"
            "from accounts.services.support import delays\n"
            f"with time_machine.travel(timezone.now() + timedelta(hours={wait / HOUR})):\n"
            f"    assert {work}() == 1\n",
        )

    return run


HOUR = timedelta(hours=1)


def shell(demo, code: str) -> None:
    """Run code in the hub of the demo."""
    variables = {name: value for name, value in demo.environment.items() if name.startswith("HUB_")}
    done = manage("shell", "-c", code, **variables)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", autouse=True)
def _number_on_file(demo) -> None:
    """Alder's phone number is on file, for long enough to be called back."""
    shell(
        demo,
        "from accounts.models import Customer\n"
        "Customer.objects.filter(slug='alder').update(phone='+1 902 555 0100')",
    )


def open_case(dana: Page, name: str, ticket: str, reason: str, code: str = "") -> None:
    """Find the person, and open a case."""
    dana.goto(f"/desk/?q={name}+alder")
    dana.get_by_role("main").get_by_role("link", name=name).click()
    dana.get_by_label("Ticket").fill(ticket)
    dana.get_by_label("Reason").fill(reason)
    dana.get_by_label("Support code").fill(code)
    dana.get_by_role("button", name="Open the case").click()


def close_case(dana: Page, outcome: str = "Helped") -> None:
    """Close it."""
    dana.get_by_label("Outcome").select_option(outcome)
    dana.get_by_role("button", name="Close the case").click()
    expect(dana.get_by_text("The case is closed.")).to_be_visible()


def support_code(person: Page) -> str:
    """Return a code from the person's own page."""
    person.goto("/profile/")
    person.get_by_role("link", name="Support code").click()
    person.get_by_role("button", name="Get a code").click()
    return person.get_by_role("main").locator("strong.numeric").inner_text()


def sign_in(page: Page, address: str) -> None:
    """Type address and password."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", **SIGN_IN).click()


def test_a_lost_phone_is_removed_after_the_delay_and_the_person_enrols_anew(
    open_browser, read_mail, later
):
    bob, dana = open_browser("Bob"), open_browser("Dana")
    Authenticator(bob)  # it is on this phone alone
    bob.goto("/accounts/2fa/passkeys/add/")
    bob.get_by_label("Name of this passkey").fill("Old phone")
    bob.get_by_role("button", name="Add a passkey").click()
    expect(bob.get_by_text("Save these codes now")).to_be_visible()
    caller = open_browser()  # a new computer
    sign_in(caller, "bob@alder.example")
    expect(caller.get_by_role("heading", name="Second factor needed")).to_be_visible()

    open_case(dana, "Bob", "T-2101", "He lost his phone")
    dana.get_by_role("button", name="They answered there").click()
    dana.get_by_text("Remove a lost second factor").click()
    dana.get_by_label("Old phone").check()
    assert faults_of(dana) == []
    dana.get_by_role("button", name="Remove the factor").click()
    expect(dana.get_by_text("It waits, and Bob Tremblay is told.")).to_be_visible()
    assert faults_of(dana) == []
    close_case(dana)
    read_mail(bob, "bob@alder.example", "support will remove your second factor")
    caller.reload()
    expect(caller.get_by_role("heading", name="Second factor needed")).to_be_visible()
    later("delays.do_due_acts", timedelta(hours=25))

    fresh = open_browser()
    sign_in(fresh, "bob@alder.example")
    fresh.wait_for_url("/")
    Authenticator(fresh)
    fresh.goto("/accounts/2fa/passkeys/add/")
    fresh.get_by_label("Name of this passkey").fill("New phone")
    fresh.get_by_role("button", name="Add a passkey").click()
    expect(fresh.get_by_text("Save these codes now")).to_be_visible()
    fresh.goto("/accounts/2fa/")
    expect(fresh.get_by_text("New phone").first).to_be_visible()
    expect(fresh.get_by_text("Old phone")).to_have_count(0)
    bob.goto("/profile/")
    expect(bob.get_by_role("button", **SIGN_IN)).to_be_visible()  # all sessions ended


def test_a_session_left_on_a_stolen_device_ends(open_browser, read_mail):
    emma, stolen, dana = open_browser("Emma"), open_browser("Emma"), open_browser("Dana")
    code = support_code(emma)
    stolen.goto("/profile/")
    expect(stolen.get_by_role("heading", name="Your profile")).to_be_visible()

    open_case(dana, "Emma", "T-2102", "Her laptop was stolen", code)
    dana.get_by_role("button", name="Sign out everywhere").click()
    expect(dana.get_by_text("is signed out everywhere.")).to_be_visible()
    close_case(dana)

    for page in (emma, stolen):
        page.goto("/profile/")
        expect(page.get_by_role("button", **SIGN_IN)).to_be_visible()
    read_mail(dana, "emma@alder.example", "support signed you out everywhere")
    sign_in(emma, "emma@alder.example")
    emma.wait_for_url("/")


def test_two_of_the_staff_give_a_company_a_new_main_super_user(open_browser, read_mail, later):
    page, second = open_browser("Dana"), open_browser("Olive")
    company = "/desk/companies/cedar/recovery/"
    page.goto(company)
    page.get_by_label("Email address of the new main Super User").fill("fay@cedar.example")
    page.get_by_label("Ticket").fill("T-2103")
    page.get_by_label("Evidence").fill("Frank died; the register names Fay Lavoie.")
    page.get_by_label("Reference of the proof").fill("Register extract 311-45")
    page.get_by_role("button", name="Propose the recovery").click()
    second.goto(company)
    second.get_by_role("button", name="Approve the recovery").click()
    expect(second.get_by_text("Waiting until")).to_be_visible()
    read_mail(page, "frank@cedar.example", "new main Super User")
    later("recoveries.offer_due_recoveries", timedelta(hours=73))

    fay = open_browser(javascript=False)
    read_mail(fay, "fay@cedar.example", "Cedar Books")
    fay.get_by_role("main").get_by_role("link", name=re.compile("invitations")).click()
    fay.get_by_label("Your name").fill("Fay Lavoie")
    fay.get_by_label("Choose a password").fill("a-long-and-quiet-harbour")
    fay.get_by_role("main").get_by_role("button").last.click()
    fay.wait_for_url("/")
    fay.goto("/c/cedar/company/")
    expect(fay.get_by_text("You are the main Super User of Cedar Books")).to_be_visible()
    page.goto(company)
    expect(page.get_by_text("Fay Lavoie").first).to_be_visible()


def test_a_mistyped_address_is_corrected_for_an_invitation_and_for_a_person(
    open_browser, read_mail
):
    alice, dana = open_browser("Alice"), open_browser("Dana")
    alice.goto("/c/alder/people/invite/")
    alice.get_by_label("Email addresses").fill("Ivy Lane <ivi@alder.example>")
    alice.get_by_role("button", name="Check list").click()
    alice.get_by_role("button", name="Send 1 invitation").click()
    open_case(dana, "Alice", "T-2104", "She mistyped an address")
    dana.get_by_role("button", name="They answered there").click()
    dana.get_by_text("Correct the address of an invitation").click()
    row = dana.get_by_role("listitem").filter(has_text="ivi@alder.example")
    row.get_by_label("Right address").last.fill("ivy@alder.example")
    assert faults_of(dana) == []
    dana.get_by_role("button", name="instead of ivi@alder.example").click()
    expect(dana.get_by_text("on its way to the right address")).to_be_visible()
    close_case(dana)

    ivy = open_browser(javascript=False)
    read_mail(ivy, "alice@alder.example", "sent an invitation to ivy@alder.example instead")
    read_mail(ivy, "ivi@alder.example", "Alder Dental")
    ivy.get_by_role("main").get_by_role("link", name=re.compile("invitations")).click()
    expect(ivy.get_by_role("button", name=re.compile("Accept|Join"))).to_have_count(0)
    read_mail(ivy, "ivy@alder.example", "Alder Dental")
    ivy.get_by_role("main").get_by_role("link", name=re.compile("invitations")).click()
    ivy.get_by_label("Choose a password").fill("a-long-and-quiet-harbour")
    ivy.get_by_role("main").get_by_role("button").last.click()
    ivy.wait_for_url("/")

    # The address of somebody who is there: a Super User confirms, so nothing waits.
    open_case(dana, "Ivy", "T-2105", "Her address has changed")
    dana.get_by_role("button", name="Ask the Super Users").click()
    alice.goto("/")
    alice.get_by_role("link", name="Answer Ivy Lane, T-2105").click()
    alice.get_by_role("button", name="Confirm the call").click()
    dana.reload()
    dana.get_by_text("Correct the address", exact=True).click()
    dana.locator("form").filter(has_text="The old address is told").get_by_label(
        "Right address"
    ).fill("ivy.lane@alder.example")
    dana.get_by_role("button", name="Send the link").click()
    expect(dana.get_by_text("A link is on its way to the new address")).to_be_visible()
    close_case(dana)
    read_mail(dana, "ivy@alder.example", "support is changing your address")
    read_mail(ivy, "ivy.lane@alder.example", "address")
    ivy.get_by_role("main").get_by_role("link", name=re.compile("confirm")).click()
    ivy.get_by_role("main").get_by_role("button").last.click()
    ivy.goto("/profile/")
    expect(ivy.get_by_role("main").get_by_text("ivy.lane@alder.example").first).to_be_visible()


def test_an_impostor_who_knows_name_company_and_ticket_gets_nothing(open_browser, read_mail):
    """They know all that a phishing email could tell them, and guess the code."""
    alice, dana = open_browser("Alice"), open_browser("Dana")
    open_case(dana, "Alice", "T-2106", "Alice Martin of Alder Dental forgot the password")
    acts = re.compile("reset link|Sign out everywhere|Remove the factor|Send the link|Suspend")
    for guess in ("ABCD-EFGH", "BCDF-GHJK", "T-2106"):
        expect(dana.get_by_role("button", name=acts)).to_have_count(0)
        dana.get_by_label("Code that the caller reads").fill(guess)
        dana.get_by_role("button", name="Check the code").click()
        expect(dana.get_by_text("The code is wrong, used or too old.")).to_be_visible()
    dana.get_by_role("button", name="Email a code").click()  # which only Alice reads
    expect(dana.get_by_text("A code is on its way to alice@alder.example.")).to_be_visible()
    expect(dana.get_by_role("button", name=acts)).to_have_count(0)
    dana.get_by_label("Code that the caller reads").fill("WXYZ-2345")
    dana.get_by_role("button", name="Check the code").click()
    expect(dana.get_by_text("The code is wrong, used or too old.")).to_be_visible()
    close_case(dana, "Caller not verified")

    read_mail(alice, "alice@alder.example", "code")
    alice.goto("/profile/history/")
    expect(alice.get_by_text("read a wrong code").first).to_be_visible()
