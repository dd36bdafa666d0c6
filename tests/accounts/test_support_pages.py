"""The desk's pages: who gets in, how a person is found, and what the page shows."""

from datetime import timedelta

import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services import support
from accounts.services.customers import company_values, update_company
from accounts.services.memberships import remove_membership
from tests.accounts.test_factors import set_up_app, sign_in
from tests.cases import WHY, verified_case

DESK = "/desk/"


def found(client, text):
    page = client.get(DESK, {"q": text}).context["page"]
    return [person.email.partition("@")[0] for person in page]


def test_a_person_is_found_by_all_that_a_caller_may_say(dana, bob, alice, alder, membership, as_):
    update_company(
        actor=alice, customer=alder, **(company_values(alder) | {"phone": "416 555 0100"})
    )
    mine = membership(bob)
    mine.work_name, mine.work_phone = "Robert Tremblay", "+1 (514) 555-0177"
    mine.save()
    client = as_(dana)

    for text in ("bob", "trem bob", "bob@alder", "robert", "bob alder", "514 555 0177",
                 "+15145550177", "(514) 555-01", str(bob.sub)):  # fmt: skip
        assert found(client, text) == ["bob"], text
    assert {"alice", "bob", "emma"} <= set(found(client, "alder dental"))
    assert {"alice", "bob", "emma"} <= set(found(client, "4165550100"))
    assert found(client, "bob birch") == found(client, "nobody") == []


def test_who_has_left_a_company_is_not_found_by_it(dana, alice, bob, membership, as_):
    remove_membership(actor=alice, membership=membership(bob))
    assert found(as_(dana), "bob alder dental") == []
    assert found(as_(dana), "bob") == ["bob"]


def test_the_desk_wants_a_second_factor_of_the_last_hour(dana, bob):
    client, _answer = sign_in(dana)
    set_up_app(client)
    page = reverse("accounts:desk-person", args=[bob.sub])
    assert client.get(page).status_code == 200

    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=5)):
        for address in (DESK, page):
            assert client.get(address)["Location"].startswith("/accounts/2fa/confirm/")
        opening = reverse("accounts:desk-open-case", args=[bob.sub])
        assert client.post(opening, WHY)["Location"].startswith("/accounts/2fa/confirm/")


def test_each_look_at_a_person_is_logged_once_a_day(dana, olive, bob, as_):
    page = reverse("accounts:desk-person", args=[bob.sub])
    for client in (as_(dana), as_(dana), as_(olive)):
        client.get(page)
    looks = AuditEvent.objects.filter(kind="support.person_seen", person=bob, customer=None)
    assert sorted(event.actor.email for event in looks) == sorted([dana.email, olive.email])

    with time_machine.travel(timezone.now() + timedelta(days=1)):
        as_(dana).get(page)
    assert looks.all().count() == 3


def test_a_case_is_opened_and_verified_in_one_step(dana, bob, as_):
    code = support.make_support_code(actor=bob)
    opening = reverse("accounts:desk-open-case", args=[bob.sub])

    page = as_(dana).post(opening, {**WHY, "code": code}, follow=True)

    assert "Send a reset link" in page.content.decode()
    assert bob.support_cases.get().verification == "hub_code"


def test_the_form_says_what_is_missing(dana, bob, as_):
    opening = reverse("accounts:desk-open-case", args=[bob.sub])
    page = as_(dana).post(opening, {"ticket": "", "reason": "Lost"})
    assert page.status_code == 200 and "Lost" in page.content.decode()
    assert not bob.support_cases.exists()


def test_home_shows_open_cases_and_figures(dana, olive, bob, emma, as_):
    support.close_case(actor=dana, case=verified_case(dana, bob), outcome="helped")
    support.open_case(actor=olive, person=emma, **WHY)

    page = as_(dana).get(DESK)

    figures = page.context["figures"]
    assert (figures.open, figures.not_verified, figures.waiting) == (1, 1, 0)
    assert figures.outcomes == [("Helped", 1)] and figures.median_minutes == 0
    text = page.content.decode()
    assert "Emma Roy" in text and "<svg" in text


def test_the_page_shows_no_choices_and_no_content(dana, bob, as_):
    text = as_(dana).get(reverse("accounts:desk-person", args=[bob.sub])).content.decode()
    assert "newsletter" not in text.lower()
