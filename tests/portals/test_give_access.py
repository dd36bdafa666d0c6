"""The form that gives and changes access: opened, looked at, sent, refused."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services.customers import suspend_customer
from portals.forms.give_access import end_of_year, in_three_months
from portals.models import PersonGrant, Resource, TeamGrant
from portals.selectors.grant_changes import fingerprint, grants_key
from portals.services.presets import create_preset
from portals.services.requests import request_access
from tests.portals.test_person_page import sign_in_afresh

DNS, VIEW, RENEW = (f"domains.domain.{code}" for code in ("manage_dns", "view", "renew"))
OPEN = "domains.subscription.open"
READ = "webmail.mailbox.read"
GIVE = "/c/alder/access/give/"


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def root(domain):
    return Resource.objects.get(subscription=domain.subscription, parent=None)


@pytest.fixture
def data(membership, emma, domain, privilege_of):
    """Return a function that fills the form: for Emma, DNS of alder.example."""

    def fill(**more):
        return {
            "to": f"person:{membership(emma).pk}",
            "resource": f"resource:{domain.pk}",
            "privilege": privilege_of(DNS).pk,
            "ends": "never",
            "portal_access": "on",
            **more,
        }

    return fill


def panel(client, path, values=None, **post):
    """What htmx gets."""
    headers = {"HX-Request": "true"}
    answer = (
        client.post(path, post["post"], headers=headers)
        if "post" in post
        else client.get(path, values or {}, headers=headers)
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_permission_is_given_marked_and_undone(as_, alice, emma, data, domain, root):
    client = as_(alice)
    answer = client.post(GIVE, data(ends="year"))

    grant = PersonGrant.objects.get(user=emma, content_object=domain)
    page = reverse("portals:person", args=["alder", emma.sub])
    assert answer["Location"] == f"{page}?changed={grants_key([grant])}"
    assert emma.has_perm(f"portals.{OPEN}", root)
    assert grant.expires_at.astimezone(timezone.get_default_timezone()).date() >= date(2026, 1, 1)
    html = client.get(answer["Location"]).content.decode()
    day = f"31 Dec {timezone.localdate().year}"
    assert f"Emma Roy can change DNS of alder.example until {day}." in html
    assert html.count('<tr class="changed">') == 1

    undo = re.search(r'action="(/c/alder/undo/[^"]+)"', html).group(1)
    assert "The change is undone." in client.post(undo, follow=True).content.decode()
    assert not emma.has_perm(f"portals.{DNS}", domain)
    assert not emma.has_perm(f"portals.{OPEN}", root)


@pytest.mark.parametrize(
    ("ends", "last_day"),
    [
        ({"ends": "never"}, None),
        ({"ends": "30-days"}, date(2026, 12, 29)),
        ({"ends": "3-months"}, date(2027, 2, 28)),
        ({"ends": "year"}, date(2026, 12, 31)),
        ({"ends": "date", "ends_on": "2027-05-01"}, date(2027, 5, 1)),
    ],
)
def test_access_ends_at_the_end_of_a_day_of_the_company(
    ends, last_day, as_, alice, alder, emma, data, domain
):
    with time_machine.travel("2026-11-29T17:00:00Z", tick=False):
        assert as_(alice).post(GIVE, data(**ends)).status_code == 302
        grant = PersonGrant.objects.get(user=emma, content_object=domain)
    if last_day is None:
        assert grant.expires_at is None
    else:
        local = grant.expires_at.astimezone(alder.zone)
        assert (local - timedelta(seconds=1)).date() == last_day
        assert local.hour == 0


def test_three_months_end_on_a_day_that_exists():
    assert in_three_months(date(2026, 11, 30)) == date(2027, 2, 28)
    assert in_three_months(date(2027, 11, 30)) == date(2028, 2, 29)
    assert in_three_months(date(2026, 9, 30)) == date(2026, 12, 30)
    assert in_three_months(date(2026, 1, 31)) == date(2026, 4, 30)
    assert end_of_year(date(2026, 1, 1)) == date(2026, 12, 31)


def test_it_says_the_result_while_one_chooses_and_gives_nothing(as_, alice, data, emma, domain):
    client = as_(alice)
    before = AuditEvent.objects.count()
    html = panel(client, GIVE, {"to": data()["to"]})
    assert "Give Emma Roy access" in html
    assert "<html" not in html
    assert "Choose a resource to see its permissions." in html
    assert "errorlist" not in html

    html = panel(client, GIVE, post={**data(), "look": "1"})
    assert "Emma Roy will be able to change DNS of alder.example." in html
    assert "Also give Emma Roy portal access: Domains" in html
    assert 'hx-swap-oob="true"' in html
    assert html.count('name="privilege"') == 7
    page = client.post(GIVE, {**data(), "look": "1"}).content.decode()
    assert "<html" in page
    assert "Emma Roy will be able to change DNS of alder.example." in page
    assert AuditEvent.objects.count() == before
    assert not emma.has_perm(f"portals.{DNS}", domain)


def test_typed_names_do_without_javascript(as_, alice, emma, bob, data, domain, privilege_of):
    form = data(to=["Emma Roy", "bob@alder.example"], resource="alder.example")
    answer = as_(alice).post(GIVE, form)
    assert "Several match" in answer.content.decode()  # a domain and a mail domain
    form["resource"] = f"resource:{domain.pk}"
    assert as_(alice).post(GIVE, form).status_code == 302
    assert emma.has_perm(f"portals.{DNS}", domain)
    assert bob.has_perm(f"portals.{DNS}", domain)


def test_it_says_who_can_open_the_portal_and_what_is_longer_already(
    as_, alice, bob, membership, data, domain, give
):
    client = as_(alice)
    give(alice, membership(bob), DNS, domain)
    form = data(to=f"person:{membership(bob).pk}", ends="30-days", look="1")
    html = panel(client, GIVE, post=form)
    assert "Also give Bob Tremblay portal access" not in html
    assert "already has a later end date" in html
    del form["look"]
    answer = client.post(GIVE, form, follow=True)
    assert "No change needed" in answer.content.decode()


def test_a_row_is_changed(as_, alice, emma, membership, domain, give, privilege_of):
    until = timezone.now() + timedelta(days=9, hours=2)
    row = (
        give(alice, membership(emma), DNS, domain, expires_at=until, reason="The move"),
        give(alice, membership(emma), RENEW, domain, expires_at=until, reason="The move"),
    )
    client = as_(alice)
    path = reverse("portals:access-change", args=["alder", grants_key(row)])
    html = client.get(path).content.decode()
    assert "Change access to alder.example" in html
    assert html.count(" checked") >= 3
    assert 'value="The move"' in html
    assert "Emma Roy will be able to change DNS of alder.example and renew alder.example" in html
    shown = re.search(r'name="shown" value="([^"]+)"', html).group(1)
    day = re.search(r'name="ends_on" id="[^"]+" value="([^"]+)"', html).group(1)
    form = {
        "shown": shown,
        "privilege": privilege_of(DNS).pk,
        "ends": "date",
        "ends_on": day,
        "reason": "Only the DNS",
    }
    answer = client.post(path, form)
    grant = PersonGrant.objects.get(user=emma, content_object=domain)
    assert (grant.expires_at, grant.reason) == (until, "Only the DNS")  # the hour stays
    assert f"changed={grants_key([grant])}" in answer["Location"]

    again = client.post(path, form, follow=True).content.decode()
    assert "Someone changed this access in the meantime." in again
    grant.refresh_from_db()


def test_the_page_of_a_change_has_a_query_budget(
    as_, alice, alder, emma, membership, domain, give, django_assert_max_num_queries
):
    client = as_(alice)
    for grantee in (membership(emma), alder.teams.get()):
        path = f"/c/alder/access/{grants_key([give(alice, grantee, DNS, domain)])}/change/"
        client.get(path)
        with django_assert_max_num_queries(12):
            assert client.get(path).status_code == 200


def test_a_change_on_an_outdated_page_is_refused(
    as_, alice, emma, membership, domain, give, privilege_of
):
    row = give(alice, membership(emma), DNS, domain)
    path = reverse("portals:access-change", args=["alder", grants_key([row])])
    shown = fingerprint(membership(emma), domain)
    give(alice, membership(emma), RENEW, domain)
    client = as_(alice)
    before = AuditEvent.objects.count()
    form = {"shown": shown, "privilege": privilege_of(VIEW).pk, "ends": "never"}
    html = client.post(path, form).content.decode()
    assert "Someone changed this access after you opened it, so no change was made." in html
    assert AuditEvent.objects.count() == before


def test_a_row_is_removed_and_comes_back(as_, alice, emma, membership, domain, give):
    row = [give(alice, membership(emma), name, domain) for name in (DNS, RENEW)]
    client = as_(alice)
    path = reverse("portals:access-remove", args=["alder", grants_key(row)])
    html = client.post(path, follow=True).content.decode()
    assert "Emma Roy no longer has this access to alder.example." in html
    assert not emma.has_perm(f"portals.{DNS}", domain)
    undo = re.search(r'action="(/c/alder/undo/[^"]+)"', html).group(1)
    client.post(undo)
    assert emma.has_perm(f"portals.{DNS}", domain)
    assert "Someone changed this access" in client.post(path, follow=True).content.decode()


def test_a_sensitive_permission_needs_a_reason_and_a_fresh_sign_in(
    as_, alice, emma, data, resource, privilege_of
):
    """F4: a stale session is asked to prove itself first; nothing is given."""
    mailbox = resource("mailbox", "billing@alder.example")
    form = data(resource=f"resource:{mailbox.pk}", privilege=privilege_of(READ).pk)
    client = as_(alice)
    assert "This permission is sensitive" in panel(client, GIVE, post={**form, "look": "1"})
    assert (
        "This permission is sensitive. Enter a reason." in client.post(GIVE, form).content.decode()
    )
    form["reason"] = "holiday cover"
    response = client.post(GIVE, form)
    assert reverse("account_reauthenticate") in response["Location"]
    assert not emma.has_perm(f"portals.{READ}", mailbox)

    sign_in_afresh(client, alice)
    assert client.post(GIVE, form).status_code == 302
    assert emma.has_perm(f"portals.{READ}", mailbox)


def test_nobody_gives_themselves_a_sensitive_permission(
    as_, alice, alder, membership, data, resource, privilege_of, give
):
    """B9: neither directly nor through a team."""
    mailbox = resource("mailbox", "billing@alder.example")
    team = alder.teams.get()
    team.team_memberships.create(membership=membership(alice))
    client = as_(alice)
    sign_in_afresh(client, alice)
    for to in (f"person:{membership(alice).pk}", f"team:{team.pk}"):
        form = data(
            to=to,
            resource=f"resource:{mailbox.pk}",
            privilege=privilege_of(READ).pk,
            reason="curious",
        )
        assert "give yourself a sensitive permission" in client.post(GIVE, form).content.decode()
    assert not alice.has_perm(f"portals.{READ}", mailbox)


def test_only_super_users_of_the_company(
    as_, alice, bob, charlie, dana, data, membership, emma, give, domain
):
    row = give(alice, membership(emma), VIEW, domain)
    key = grants_key([row])
    change = reverse("portals:access-change", args=["alder", key])
    remove = reverse("portals:access-remove", args=["alder", key])
    before = list(PersonGrant.objects.order_by("pk"))
    for person, status in ((bob, 403), (emma, 403), (charlie, 404), (dana, 404), (None, 302)):
        client = as_(person)
        assert client.get(GIVE).status_code == status
        assert client.get(change).status_code == status
        for path, form in ((GIVE, data()), (change, data()), (remove, {})):
            assert client.post(path, form).status_code == status
        for name in ("grantee-options", "target-options"):
            path = reverse(f"portals:{name}", args=["alder"])
            assert client.get(path, {"q": "a"}).status_code == status
    assert list(PersonGrant.objects.order_by("pk")) == before


def test_ids_of_another_company_are_refused(
    as_, alice, charlie, birch, membership, data, resource, give
):
    """A4, B1."""
    foreign = resource("domain", "birch.example")
    theirs = give(charlie, membership(charlie), DNS, foreign)
    client, before = as_(alice), PersonGrant.objects.count()
    for more in (
        {"resource": f"resource:{foreign.pk}"},
        {"to": f"person:{membership(charlie).pk}"},
        {"to": "team:999999"},
        {"resource": f"resource:{foreign.pk}.{foreign.resource_type_id}"},
    ):
        answer = client.post(GIVE, data(**more))
        assert answer.status_code == 200
        assert "errorlist" in answer.content.decode()
    for name in ("access-change", "access-remove"):
        path = reverse(f"portals:{name}", args=["alder", grants_key([theirs])])
        assert "Someone changed" in client.post(path, follow=True).content.decode()
    assert PersonGrant.objects.count() == before
    found = client.get(reverse("portals:target-options", args=["alder"]), {"q": "birch"})
    assert "birch.example" not in found.content.decode()


@pytest.mark.parametrize(
    "more",
    [
        {"to": ""},
        {"to": "nobody at all"},
        {"resource": ""},
        {"resource": "resource:999999999"},
        {"privilege": ""},
        {"privilege": "x"},
        {"privilege": "9" * 30},
        {"privilege": "1"},
        {"ends": "sometime"},
        {"ends": "date"},
        {"ends": "date", "ends_on": "yesterday"},
        {"ends": "date", "ends_on": "2020-01-01"},
        {"ends": "date", "ends_on": "9999-01-01"},
        {"ends": "never", "ends_on": "2099-01-01"},
        {"ends": "date", "ends_on": "2099-01-01", "starts_on": "2099-02-01"},
        {"reason": "x" * 501},
        {"reason": "null\x00byte"},
        {"reason": "turned \u202e around"},
        {"odd": "1"},
        {"preset": "x"},
        {"reason": ["one", "two"]},
    ],
)
def test_bad_input_changes_nothing(more, as_, alice, emma, data, domain):
    client = as_(alice)
    before = AuditEvent.objects.count()
    response = client.post(GIVE, data(**more))
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert AuditEvent.objects.count() == before
    assert not emma.has_perm(f"portals.{DNS}", domain)


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example/", "javascript:x", ""])
def test_it_goes_back_inside_the_hub_only(page, as_, alice, emma, data):
    answer = as_(alice).post(GIVE, data(next=page))
    assert answer["Location"].startswith(reverse("portals:person", args=["alder", emma.sub]))


def test_it_goes_back_to_where_it_was_opened(as_, alice, data, emma):
    page = f"{reverse('portals:people', args=['alder'])}?q=em"
    assert as_(alice).post(GIVE, data(next=page))["Location"] == page


def test_a_preset_fills_it_in(
    as_, alice, alder, emma, membership, data, resource, privilege_of, domain
):
    export = "statistics.usage_report.export"
    preset = create_preset(
        actor=alice,
        customer=alder,
        name="Online",
        lines=[
            (privilege_of(OPEN), False),
            (privilege_of(DNS), False),
            (privilege_of(export), True),
        ],
    )
    client = as_(alice)
    to = data()["to"]
    opened = {"to": to, "preset": str(preset.uuid)}
    html = client.get(GIVE, opened).content.decode()
    assert html.count('name="privilege"') > 7
    assert "Domains portal" in html
    assert "Every usage report, future ones too" in html
    chosen = re.findall(r'name="resource" value="([^"]+)"', html)
    ticked = re.findall(r'name="privilege" value="(\d+)"[^>]*checked', html)
    assert len(ticked) == 3
    form = {**opened, "resource": chosen, "privilege": ticked, "ends": "never"}
    refused = client.post(GIVE, form).content.decode()
    assert "Choose a resource for “Change DNS records”, or untick it." in refused
    form["resource"] = [*chosen, f"resource:{domain.pk}"]
    assert client.post(GIVE, form).status_code == 302
    assert emma.has_perm(f"portals.{DNS}", domain)
    assert emma.has_perm(f"portals.{export}", resource("usage_report", "alder-mail"))
    assert not emma.has_perm(f"portals.{DNS}", resource("domain", "alderdental.example"))


def test_people_are_let_into_a_portal_by_one_press(as_, alice, emma, root):
    client = as_(alice)
    page = reverse("portals:person", args=["alder", emma.sub])
    html = client.get(page).content.decode()
    [form] = [part for part in html.split("<form") if "(Domains, Emma Roy)</span></button>" in part]
    assert "Give portal access" in form
    fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))
    fields.pop("csrfmiddlewaretoken", None)
    assert client.post(GIVE, fields).status_code == 302
    assert emma.has_perm(f"portals.{OPEN}", root)


def test_a_request_opens_it_filled_in(as_, alice, bob, alder, domain, privilege_of):
    asked = request_access(actor=bob, customer=alder, privileges=[(domain, privilege_of(DNS))])
    client = as_(alice)
    page = client.get(reverse("portals:request", args=["alder", asked.uuid])).content.decode()
    link = re.search(r'href="(/c/alder/access/give/[^"]+)"', page).group(1)
    html = client.get(unescape(link)).content.decode()
    assert "Bob Tremblay will be able to change DNS of alder.example." in html
    own = as_(bob).get(reverse("portals:request", args=["alder", asked.uuid])).content.decode()
    assert "access/give" not in own


def test_options_offer_people_teams_resources_and_whole_types(as_, alice):
    client = as_(alice)

    def found(name, text):
        path = reverse(f"portals:{name}", args=["alder"])
        return client.get(path, {"q": text}).content.decode()

    assert "Reception" in found("grantee-options", "rec")
    assert "Emma Roy" in found("grantee-options", "em")
    html = found("target-options", "all")
    assert "Every domain, future ones too" in html
    assert "alderdental.example" in found("target-options", "alderd")
    assert "Every mailbox in alder.example, future ones too" in found("target-options", "alder.e")
    assert "Domains portal" in found("target-options", "domains")


def test_a_suspended_company_gives_nothing(as_, alice, olive, alder, data, emma, domain):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    client = as_(alice)
    assert '<button class="button primary">' not in client.get(GIVE, data()).content.decode()
    assert client.post(GIVE, data()).status_code == 403
    assert not emma.has_perm(f"portals.{DNS}", domain)


def test_a_team_gets_access(as_, alice, alder, emma, data, domain):
    team = alder.teams.get()
    answer = as_(alice).post(GIVE, data(to=f"team:{team.pk}"))
    assert answer["Location"].startswith(reverse("portals:team", args=["alder", team.uuid]))
    assert TeamGrant.objects.filter(group=team.group, content_object=domain).exists()
    assert emma.has_perm(f"portals.{DNS}", domain)
