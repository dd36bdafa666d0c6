"""The home page: a person's portals, and what waits for a Super User."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import Membership
from accounts.services.customers import suspend_customer
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.memberships import change_role, suspend_membership
from accounts.services.requests import open_request
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.services.requests import request_access
from portals.services.service_requests import request_service
from preferences.models import Escalation, Message, Topic
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.delivery_events import record_delivery_event


def test_open_portals_are_links_and_closed_ones_name_the_super_users(as_, bob):
    html = as_(bob).get(reverse("home")).content.decode()
    webmail = Portal.objects.get(slug="webmail")

    assert f'href="{webmail.home_url}"' in html
    assert "Ask Alice Martin" in html


def test_a_super_user_opens_every_subscribed_portal(as_, alice):
    html = as_(alice).get(reverse("home")).content.decode()

    for portal in Portal.objects.filter(subscriptions__customer__slug="alder"):
        assert f'href="{portal.home_url}"' in html


def test_nothing_opens_while_the_customer_is_suspended(as_, alice, olive, alder):
    suspend_customer(actor=olive, customer=alder, reason="unpaid")
    html = as_(alice).get(reverse("home")).content.decode()

    assert "This company is suspended" in html
    assert Portal.objects.get(slug="webmail").home_url not in html


def test_the_launcher_has_a_budget(as_, alice, django_assert_max_num_queries):
    client = as_(alice)
    with django_assert_max_num_queries(10):
        client.get(reverse("home"))


# --- What waits for a Super User ---


def _work(as_, person, slug="alder"):
    groups = as_(person).get(reverse("home")).context["groups"]
    return next(work for group, work, _own in groups if group.customer.slug == slug)


def test_a_request_is_answered_where_it_is_read(as_, alice, emma, deliver):
    browser = as_(alice)
    [waiting] = _work(as_, alice).waiting
    assert waiting.access_request.sentence == "Emma Roy asks to open the Domains portal"
    assert waiting.at_once

    key = waiting.access_request.uuid
    url = reverse("portals:request-approve-as-asked", args=["alder", key])
    assert url in browser.get("/").text
    answer = browser.post(url, headers={"Referer": "http://testserver/"}, follow=True)

    assert answer.redirect_chain == [("http://testserver/", 302)]
    assert "Emma Roy can open the Domains portal." in answer.text
    root = Resource.objects.get(
        subscription__customer__slug="alder",
        resource_type__code="subscription",
        resource_type__portal__slug="domains",
    )
    assert emma.has_perm("portals.domains.subscription.open", root)
    assert "Approved: open the Domains portal" in [mail.subject for mail in deliver()]
    assert _work(as_, alice).waiting == []


def test_a_sensitive_permission_is_given_on_the_page_that_says_so(as_, alice, bob, alder):
    domain = Resource.objects.get(
        subscription__customer=alder, resource_type__code="domain", external_id="alder.example"
    )
    transfer = Privilege.objects.get(portal__slug="domains", codename="domain.transfer")
    request_access(
        actor=bob, customer=alder, privileges=[(domain, transfer)], linked_resource=domain
    )

    waiting = _work(as_, alice).waiting[-1]
    assert waiting.access_request.sentence == "Bob Tremblay asks to transfer alder.example away"
    assert not waiting.at_once


@pytest.mark.parametrize(
    ("kind", "said", "at_once"),
    [
        ("phone", {"wanted": {"work_phone": "+1 514 555 0100"}}, True),
        ("name", {"wanted": {"work_name": "Robert"}}, True),
        ("address", {"wanted": {"address": "robert@alder.example"}}, False),
        ("leave", {}, False),
        ("other", {"text": "A chair."}, False),
    ],
)
def test_one_press_approves_where_nothing_is_to_be_chosen(
    as_, alice, bob, alder, kind, said, at_once
):
    open_request(actor=bob, customer=alder, kind=kind, **said)

    assert _work(as_, alice).waiting[-1].at_once == at_once


def test_an_end_is_listed_with_the_last_day_of_a_person(as_, alice, bob, emma, alder, membership):
    """A last day was once missing among what ends soon."""
    week = timezone.now() + timedelta(days=7)
    Membership.objects.filter(pk=membership(emma).pk).update(ends_at=week)
    grant = PersonGrant.objects.filter(user=bob, content_object__external_id="alder.example")
    grant.update(expires_at=week - timedelta(days=1))
    endings = [(ending.who, ending.what) for ending in _work(as_, alice).endings]

    assert endings[-1] == ("Emma Roy", "")
    assert ("Bob Tremblay", "see alder.example and its records") in endings


def test_a_company_with_one_super_user_is_told(as_, alice, emma, membership):
    assert not _work(as_, alice).has_stand_in

    change_role(actor=alice, membership=membership(emma), role="super_user")

    assert _work(as_, alice).has_stand_in


def test_people_without_a_second_factor_are_counted(as_, alice, bob):
    assert _work(as_, alice).without_factor == "3 people have no second factor."

    Authenticator.objects.create(user=bob, type="totp", data={"secret": "x"})

    assert _work(as_, alice).without_factor == "2 people have no second factor."


def test_home_and_company_count_who_is_in_the_list_without_a_second_factor(
    as_, alice, bob, membership
):
    """Home once left out suspended people; Company and the list showed them."""
    suspend_membership(actor=alice, membership=membership(bob))
    client, said = as_(alice), "3 people have no second factor."

    assert _work(as_, alice).without_factor == said
    assert said in client.get(reverse("accounts:company", args=["alder"])).text
    listed = client.get(reverse("portals:people", args=["alder"]), {"factor": "no"})
    assert len(list(listed.context["page"])) == 3


def test_a_large_number_without_a_second_factor_is_not_told_exactly(as_, alice, alder, monkeypatch):
    """Once "100 people" were said to have none where there were thousands."""
    monkeypatch.setattr("accounts.selectors.factors.MANY", 2)
    said = "More than 2 people have no second factor."
    assert _work(as_, alice).without_factor == said
    assert said in as_(alice).get(reverse("accounts:company", args=["alder"])).text


def test_nothing_of_the_work_is_shown_to_a_user(as_, bob):
    groups = as_(bob).get(reverse("home")).context["groups"]

    assert [work for _group, work, _own in groups] == [None]


def test_a_super_user_sees_only_their_own_company(as_, charlie):
    html = as_(charlie).get(reverse("home")).text

    assert "Emma Roy" not in html
    assert "Alder" not in html


# --- A user's own ---


def _own(as_, person):
    [(_group, _work, own)] = as_(person).get(reverse("home")).context["groups"]
    return own


def test_a_user_reads_what_they_can_do(as_, bob, emma):
    page = as_(bob).get("/")

    assert set(_own(as_, bob).phrases) == {
        "use bob@alder.example",
        "see alder.example and its records",
        "open tickets in Website and hosting",
    }
    assert "See alder.example and its records" in page.text
    assert reverse("portals:person", args=["alder", bob.sub]) in page.text
    assert "use info@alder.example" in _own(as_, emma).phrases  # through the team Reception


def test_access_that_ended_or_begins_later_is_not_listed(as_, bob):
    grants = PersonGrant.objects.filter(user=bob)
    grants.filter(content_object__external_id="alder.example").update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    grants.filter(content_object__external_id="alder-hosting").update(
        starts_at=timezone.now() + timedelta(days=1)
    )

    assert _own(as_, bob).phrases == ["use bob@alder.example"]


def test_a_user_withdraws_a_request_from_home(as_, emma):
    [access_request] = _own(as_, emma).requests
    page = as_(emma).get("/")
    url = reverse("accounts:request-withdraw", args=["alder", access_request.uuid])
    assert "You asked to open the Domains portal" in page.text
    assert url in page.text

    as_(emma).post(url)

    page = as_(emma).get("/")
    assert "Withdrawn" in page.text
    assert url not in page.text


def test_a_users_home_has_a_budget(as_, bob, django_assert_max_num_queries):
    client = as_(bob)
    with django_assert_max_num_queries(10):
        client.get(reverse("home"))


def test_the_menu_leads_to_what_one_can_do(as_, bob, alice, olive):
    for person in (bob, alice):
        assert 'href="/my-access/"' in as_(person).get("/").text
        answer = as_(person).get("/my-access/")
        assert answer.url == reverse("portals:person", args=["alder", person.sub])
    assert 'href="/my-access/"' not in as_(olive).get("/").text
    assert as_(olive).get("/my-access/").url == "/"


def test_with_two_companies_home_says_what_one_can_do_in_each(as_, bob, charlie, birch):
    invitation = invite_person(actor=charlie, customer=birch, address=bob.email)
    accept_invitation(actor=bob, token=invitation.token)

    assert as_(bob).get("/my-access/").url == "/"
    owns = [own for _group, _work, own in as_(bob).get("/").context["groups"]]
    assert [bool(own.phrases) for own in owns] == [True, False]  # Alder, Birch


# --- The provider's staff ---


def send_notice(person):
    headers = {NOTICE_CLASS_HEADER: "legal"}
    EmailMessage("Terms", "From May on.", to=[person.email], headers=headers).send()


def _staff(as_, person):
    return as_(person).get(reverse("home")).context["staff"]


@pytest.fixture
def asked(frank, cedar):
    """Cedar asks for the ticket portal."""
    return request_service(
        actor=frank, customer=cedar, portal=Portal.objects.get(slug="ticketing"), kind="add"
    )


def test_an_operator_answers_a_request_for_a_service_from_home(as_, olive, cedar, asked):
    url = reverse("portals:provider-request-approve", args=[asked.uuid])
    page = as_(olive).get("/")
    assert "Cedar Books asks to add Support tickets" in page.text
    assert url in page.text

    answer = as_(olive).post(url, headers={"Referer": "http://testserver/"}, follow=True)

    assert answer.redirect_chain == [("/", 302)]
    assert "The request is approved. We told Frank Lavoie by email." in answer.text
    assert cedar.subscriptions.filter(portal__slug="ticketing", status="active").exists()
    assert _staff(as_, olive).requests == []


def test_the_end_of_a_service_needs_its_page(as_, olive, frank, cedar):
    ends = request_service(
        actor=frank,
        customer=cedar,
        portal=Portal.objects.get(slug="domains"),
        kind="end",
        confirmation_name="Domains",
    )

    [waiting] = _staff(as_, olive).requests
    assert waiting.access_request == ends
    assert not waiting.at_once


def test_support_sees_only_the_requests_it_answers(as_, dana, asked):
    work = _staff(as_, dana)

    assert work.requests == []
    assert work.escalations is work.campaigns is work.guide is None
    assert "Cedar Books" not in as_(dana).get("/").text


def test_an_undelivered_notice_waits_for_a_call(as_, olive, bob):
    send_notice(bob)
    message = Message.objects.latest("pk")
    record_delivery_event(message=message, kind="hard", event="x:1")
    Escalation.objects.update(state="staff")
    page = as_(olive).get("/")

    assert [row.message for row in _staff(as_, olive).escalations] == [message]
    assert reverse("preferences:unreachable-settle", args=[message.pk]) in page.text
    assert "Record a call: Bob Tremblay" in page.text


def test_a_running_message_is_paused_from_home(as_, olive):
    newsletter = Topic.objects.get(slug="newsletter")
    words = {f"{part}_{code}": "News" for part in ("subject", "body") for code in ("en", "fr")}
    running = create_campaign(actor=olive, topic=newsletter, **words)
    create_campaign(actor=olive, topic=newsletter, **words)  # a draft is not on the way
    schedule_campaign(actor=olive, campaign=running)
    pause = reverse("preferences:campaign-pause", args=[running.pk])
    assert pause in as_(olive).get("/").text

    as_(olive).post(pause)

    assert [campaign.state for campaign in _staff(as_, olive).campaigns] == ["paused"]
    assert reverse("preferences:campaign-resume", args=[running.pk]) in as_(olive).get("/").text


def test_who_is_no_staff_has_no_work_of_staff(as_, alice, bob):
    assert _staff(as_, alice) is _staff(as_, bob) is None


def test_the_home_of_staff_has_a_budget(as_, olive, asked, django_assert_max_num_queries):
    client = as_(olive)
    with django_assert_max_num_queries(12):
        client.get(reverse("home"))


def test_staff_see_the_emails_of_each_day(as_, olive, dana, bob, deliver):
    begin = datetime(2026, 3, 20, 12, tzinfo=UTC)
    with time_machine.travel(begin, tick=False):
        for _n in range(3):
            send_notice(bob)
        deliver()
    with time_machine.travel(begin + timedelta(days=2), tick=False):
        record_delivery_event(message=Message.objects.latest("pk"), kind="hard", event="x:1")
        page = as_(olive).get("/")
        days = page.context["staff"].email_days

        assert [day.day.day for day in days] == list(range(9, 23))
        assert [day.sent for day in days[-3:]] == [3, 0, 0]
        assert [day.bounced for day in days[-3:]] == [0, 0, 1]
        assert 'aria-label="Emails by day"' in page.text
        assert _staff(as_, dana).email_days is None
        with CaptureQueriesContext(connection) as queries:
            as_(olive).get("/")
        assert "preferences_deliverydecision" not in " ".join(row["sql"] for row in queries)
