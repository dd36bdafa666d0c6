"""The offboarding pages: choose, review, confirm; nothing changes before the last step."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import AuditEvent, Membership, Offboarding
from accounts.services.requests import open_request
from portals.models import PersonGrant
from tests.edits import edit

HAS = "portals.domains.domain.renew"
RENEW = "domains.domain.renew"


@pytest.fixture
def his(alice, bob, membership, resource, give):
    return give(alice, membership(bob), RENEW, resource("domain", "alder.example"))


@pytest.fixture
def his_mailbox(bob):
    """Form data that drops Bob's mailbox, which he uses by a sensitive grant."""
    grant = PersonGrant.objects.get(user=bob, permission__privilege__codename="mailbox.use")
    return {f"drop_g{grant.pk}": "on"}


@pytest.fixture
def address(bob):
    return reverse("portals:offboarding", args=["alder", bob.sub])


def day(days):
    return (timezone.localtime() + timedelta(days=days)).date().isoformat()


def said(response):
    return response.content.decode()


def test_the_page_shows_all_access_of_the_leaver(
    as_, alice, bob, address, his, django_assert_max_num_queries
):
    client = as_(alice)
    client.get(address)
    with django_assert_max_num_queries(24):
        html = said(client.get(address))
    for grant in PersonGrant.objects.filter(user=bob):
        assert f'name="to_g{grant.pk}"' in html
        assert f'name="drop_g{grant.pk}"' in html


def test_review_changes_nothing_and_names_everything(
    as_, alice, bob, emma, address, his, his_mailbox, resource
):
    client, before = as_(alice), AuditEvent.objects.count()

    html = said(
        client.post(
            address,
            {"everything_to": "EMMA@alder.example", "moment": "now", "step": "review"}
            | his_mailbox,
        )
    )

    assert "Check the offboarding" in html
    assert html.count("Emma Roy") >= 3
    assert AuditEvent.objects.count() == before
    assert not emma.has_perm(HAS, resource("domain", "alder.example"))
    assert Membership.objects.present().filter(user=bob).exists()


def test_one_grant_is_transferred_and_one_dropped(as_, alice, bob, emma, address, his, resource):
    client = as_(alice)
    data = {
        "everything_to": "",
        f"to_g{his.pk}": emma.email,
        "moment": "later",
        "last_day": day(10),
        "step": "confirm",
    }

    answer = client.post(address, data, follow=True)

    assert "You can cancel until then" in said(answer)
    offboarding = Offboarding.objects.get()
    assert [row.receiver.user for row in offboarding.reassigned_grants.all()] == [emma]
    ends_at = timezone.localtime(Membership.objects.get(user=bob).ends_at)
    assert (ends_at.date().isoformat(), ends_at.hour) == (day(11), 0)
    html = said(client.get(address))
    assert "Emma Roy" in html
    assert "Cancel offboarding" in html
    short = date_format(offboarding.membership.last_day, "SHORT_DATE_FORMAT")
    html = said(client.get("/c/alder/people/"))
    assert f"until {short}" in html
    assert 'class="badge info day"' in html  # which never breaks in the middle of the date

    cancel = reverse("accounts:offboarding-cancel", args=["alder", bob.sub])
    assert "stays" in said(client.post(cancel, follow=True))
    assert Membership.objects.get(user=bob).ends_at is None


def test_an_immediate_offboarding_offers_undo(
    as_, alice, bob, emma, address, his, his_mailbox, resource
):
    client = as_(alice)

    html = said(
        client.post(
            address,
            {"everything_to": emma.email, "moment": "now", "step": "confirm"} | his_mailbox,
            follow=True,
        )
    )

    event = AuditEvent.objects.get(kind="membership.left")
    undo = reverse("accounts:undo", args=["alder", event.sequence])
    assert f'action="{undo}"' in html
    client.post(undo)
    assert bob.has_perm(HAS, resource("domain", "alder.example"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("everything_to", "charlie@birch.example"),
        ("everything_to", "bob@alder.example"),
        ("everything_to", "nobody"),
        ("moment", "soon"),
        ("last_day", "yesterday"),
        ("last_day", "9999-12-31"),
        ("last_day", "2020-01-01"),
        ("last_day", ""),
        ("reason", "x" * 501),
        ("step", "jump"),
        ("extra", "1"),
        ("to_g999999", "emma@alder.example"),
        ("drop_g99999999999999999999999", "on"),
    ],
)
def test_bad_input_changes_nothing(field, value, as_, alice, bob, address, his):
    client, before = as_(alice), AuditEvent.objects.count()
    data = {"everything_to": "", "moment": "later", "last_day": day(5), "step": "confirm"}

    answer = client.post(address, data | {field: value})

    assert answer.status_code == 200
    assert "errorlist" in said(answer)
    assert AuditEvent.objects.count() == before
    assert not Offboarding.objects.exists()


def test_a_sensitive_privilege_leads_to_a_fresh_sign_in(
    as_, alice, bob, emma, address, membership, resource, give
):
    mailbox = resource("mailbox", "bob@alder.example")
    give(alice, membership(bob), "webmail.mailbox.read", mailbox, reason="Desk")
    data = {"everything_to": emma.email, "moment": "now", "step": "confirm", "reason": "Desk"}

    answer = as_(alice).post(address, data)

    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert Membership.objects.present().filter(user=bob).exists()


def test_the_page_explains_why_somebody_cannot_be_offboarded(as_, alice):
    html = said(as_(alice).get(reverse("portals:offboarding", args=["alder", alice.sub])))
    assert "main Super User" in html
    assert "disabled" in html
    assert 'name="step"' not in html


def test_a_request_to_leave_links_to_the_offboarding_page(as_, alice, bob, alder, address):
    access_request = open_request(actor=bob, customer=alder, kind="leave", text="A new job.")
    client = as_(alice)
    assert address in said(client.get(f"/c/alder/requests/{access_request.uuid}/"))
    assert "A new job." in said(client.get(address))

    client.post(address, {"everything_to": "", "moment": "now", "step": "confirm"})

    access_request.refresh_from_db()
    assert (access_request.state, access_request.answered_by) == ("approved", alice)


def test_a_last_day_is_set_and_cleared(as_, alice, bob):
    client = as_(alice)
    address = reverse("accounts:person-end", args=["alder", bob.sub])
    edit(client, address, {"last_day": day(30)})
    assert Membership.objects.get(user=bob).last_day.isoformat() == day(30)
    assert day(30) in said(client.get(address))
    assert "errorlist" in said(edit(client, address, {"last_day": day(-1)}))
    edit(client, address, {"last_day": ""})
    assert Membership.objects.get(user=bob).ends_at is None
