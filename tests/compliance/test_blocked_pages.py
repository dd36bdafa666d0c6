"""The pages that wait for an answer, and those that never ask (L9 to L12)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.signals import periodic_tick
from compliance.selectors import policies_to_answer, unanswered_of
from hub.policy_answers import BULK_PAGE, FREE_BULK_ACTIONS, FREE_PAGES
from hub.waiting import waiting_for
from portals.models import PersonGrant

# What waits for the answer. A new page of signed-in people is in this list or in FREE_PAGES.
BLOCKED = {
    "home",
    "search",
    "my-access",
    # giving access, inviting, reviewing
    "portals:invite",
    "portals:invite-report",
    "portals:invitations-resend",
    "portals:invitations-take-over",
    "portals:invitation-address",
    "portals:give-access",
    "portals:access-change",
    "portals:copy-access",
    "portals:person-grant-renew",
    "portals:team-grant-renew",
    "portals:presets",
    "portals:preset-new",
    "portals:preset",
    "portals:preset-delete",
    "portals:reviews",
    "portals:review-begin",
    "portals:review",
    "portals:review-save",
    "portals:review-remove-unused",
    "portals:review-remind",
    "portals:request-approve",
    "portals:request-approve-as-asked",
    "portals:requests-bulk-action",
    "accounts:teams",  # to create one; FREE_TO_READ
    "accounts:person-end",  # which may put an end off
    "accounts:person-restore",
    "accounts:person-role",
    "accounts:person-details",
    "accounts:person-team-add",
    "accounts:team-member-add",
    "accounts:team-rename",
    "accounts:offboarding-cancel",
    "accounts:undo",
    "accounts:undo-all",
    # asking for logs, giving authorisations; FREE_TO_READ has their lists
    "compliance:representatives",
    "compliance:log-requests",
    "compliance:log-request-new",
    "compliance:log-request",
    "compliance:log-request-withdraw",
    "compliance:log-request-pay",
    "compliance:log-request-download",
    "compliance:log-request-receipt",
    "compliance:authorisations",
    "compliance:authorisation-give",
    # new services
    "portals:service-list",
    "portals:service-request",
    # the company's other pages
    BULK_PAGE,
    "portals:people-export",
    "portals:list-export",
    "portals:access-export",
    "portals:person-access-export",
    "portals:resource-access-export",
    "portals:grantee-options",
    "portals:target-options",
    "portals:resource-options",
    "portals:resource-list",
    "portals:resource",
    "portals:expiring-access",
    "accounts:people-options",
    "accounts:team-options",
    "accounts:activity",
    "accounts:activity-export",
    "accounts:company",
    "accounts:company-sign-in",
    "accounts:company-sign-in-client",
    "accounts:company-sign-in-try",
    "accounts:company-sign-in-start",
    "accounts:company-sign-in-stop",
    "accounts:company-sign-in-remove",
    "accounts:company-sign-in-unlink",
    "accounts:company-domain-add",
    "accounts:company-domain-check",
    "accounts:company-domain-email",
    "accounts:company-domain-remove",
    "accounts:second-factor-demand",
    "accounts:second-factor-end",
    "accounts:hand-over-offer",
    "accounts:hand-over",
    "accounts:hand-over-accept",
    "accounts:hand-over-decline",
    "accounts:hand-over-withdraw",
    "accounts:recovery-accept",
    "accounts:setup-skip",
    "preferences:customer-email",
    "preferences:contact-add",
    "preferences:contact-remove",
    "preferences:customer-recipient-add",
    "preferences:customer-recipient-remove",
    "preferences:topic-deny",
    "preferences:topic-allow",
    "compliance:programme",
    "compliance:reseller-ask",
    "compliance:reseller-leave",
    "compliance:reseller-alerts",
}
STAFF_PATHS = ("/provider/", "/desk/", "/admin/")
WANTED = "Policies to answer"


def routes(patterns=None, namespace="", path="/"):
    """Yield name, path and view of every URL."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        full = path + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", full, pattern.callback
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, inner, full)


ASKING = {
    name
    for name, path, view in routes()
    if (getattr(view, "login_required", True) or path.startswith("/api/"))
    and not path.startswith(STAFF_PATHS)
    and name not in FREE_PAGES
}


def test_every_page_is_free_or_blocked_by_rule_L10():
    """The list above says which; every other page asks, so that a new one is never forgotten."""
    assert ASKING == BLOCKED
    assert not BLOCKED & FREE_PAGES
    known = {name for name, _path, _view in routes()}
    assert not FREE_PAGES - known, "these pages are gone"


@pytest.mark.parametrize("method", ["get", "post"])
def test_until_the_effective_moment_nothing_is_blocked_L10(method, announced, alice, as_):
    version = announced()
    client = as_(alice)
    with time_machine.travel(version.effective_at - timedelta(minutes=1)):
        client = as_(alice)
        for page in ("/", "/my-access/", "/c/alder/people/", "/c/alder/people/invite/"):
            answer = getattr(client, method)(page)
            assert "/agree/" not in answer.headers.get("Location", ""), page


BLOCKED_PAGES = [
    "/", "/my-access/", "/search/?q=bob", "/c/alder/people/invite/", "/c/alder/access/give/",
    "/c/alder/services/", "/c/alder/resources/", "/c/alder/activity/", "/c/alder/company/",
    "/c/alder/reviews/", "/c/alder/people/bulk/restore/",
]  # fmt: skip
FREE = [
    "/policies/", "/policies/terms-of-use/", "/agree/", "/profile/agreements/", "/profile/",
    "/profile/history/", "/profile/devices/", "/preferences/", "/preferences/history/",
    "/support-code/", "/accounts/2fa/", "/accounts/password/change/", "/accounts/email/",
    "/accounts/logout/", "/c/alder/requests/", "/c/alder/requests/new/", "/c/alder/people/",
    "/c/alder/people/invitations/", "/c/alder/teams/", "/mandatory-mail/", "/style.css",
    "/api/v1/choices/",
]  # fmt: skip


@pytest.mark.parametrize("page", BLOCKED_PAGES)
def test_a_blocked_page_leads_to_the_policies_and_back_L10(page, in_force, alice, as_):
    version, client = in_force(), as_(alice)

    answer = client.get(page)
    assert answer.status_code == 302 and answer.url.startswith("/agree/?next=")
    shown = client.get(answer.url)
    assert WANTED in shown.content.decode()
    fields = {
        "policy": "terms-of-use", "number": 1, "sha256": version.sha256, "language": "en",
        "verb": "accepted", "next": page,
    }  # fmt: skip
    back = client.post("/agree/answer/", fields)
    assert back.url == page
    assert not client.get(page).headers.get("Location", "").startswith("/agree/")


@pytest.mark.parametrize("page", FREE)
def test_the_listed_pages_answer_L10(page, in_force, alice, as_):
    in_force()
    answer = as_(alice).get(page)
    assert "/agree/" not in answer.headers.get("Location", "")
    assert answer.status_code in (200, 302)


def test_an_api_refusal_names_policy_and_address_L10(in_force, bob, as_, monkeypatch):
    in_force()
    # Every API that takes a session is about preferences, which are free.
    monkeypatch.setattr(
        "hub.policy_answers.FREE_PAGES", FREE_PAGES - {"preferences-api:choice-list"}
    )
    answer = as_(bob).get("/api/v1/choices/")
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert (error["code"], error["policy"]) == ("policy_unanswered", "terms-of-use")
    assert error["url"].endswith("/agree/") and error["url"] in error["message"]


def test_a_panel_leads_the_whole_page_there_L10(in_force, alice, as_):
    in_force()
    answer = as_(alice).get(
        "/c/alder/access/give/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/c/alder/people/"},
    )
    assert answer.status_code == 403
    assert answer.headers["HX-Redirect"] == "/agree/?next=/c/alder/people/"


def test_a_form_that_is_stopped_keeps_what_was_typed_L10(announced, alice, alder, as_, answer):
    version = announced()
    with time_machine.travel(version.effective_at - timedelta(minutes=1), tick=False) as clock:
        client = as_(alice)
        client.get("/c/alder/teams/")
        clock.shift(timedelta(minutes=2))
        page = "/c/alder/presets/new/"
        stopped = client.post(
            page, {"name": "Night shift"}, headers={"Referer": f"http://testserver{page}"}
        )
        assert stopped.url == f"/agree/?next={page}"
        answer(alice, version)
        assert b"Night shift" in client.get(page).content


def test_the_gate_is_one_uncached_query_and_answering_frees_L9(
    in_force, alice, bob, as_, answer, monkeypatch
):
    from portals.decision import prepared

    asked = []
    run = prepared.PreparedStatement.rows

    def count(self, **values):
        asked.append(self.name)
        return run(self, **values)

    monkeypatch.setattr(prepared.PreparedStatement, "rows", count)
    version, client = in_force(), as_(bob)

    assert client.get("/").status_code == 302
    assert asked == [b"hub_waiting"]
    answer(bob, version)
    asked.clear()
    assert client.get("/").status_code == 200
    assert asked.count(b"hub_waiting") == 1 and b"compliance_unanswered" not in asked
    asked.clear()
    client.post("/c/alder/setup/skip/")
    assert asked.count(b"compliance_unanswered") == 1


def test_a_page_costs_no_query_more_for_its_policies_L9(announced, bob, as_):
    client = as_(bob)
    client.get("/")
    with CaptureQueriesContext(connection) as before:
        client.get("/")
    announced()
    with CaptureQueriesContext(connection) as after:
        client.get("/")
    assert len(after) == len(before)


@pytest.mark.parametrize("kind", ["person", "company"])
def test_checks_sign_in_jobs_and_staff_never_ask_L11(kind, in_force, bob, dana, olive, as_):
    grant = PersonGrant.objects.filter(user=bob).select_related("permission").first()
    ask = lambda: bob.has_perm(  # noqa: E731
        grant.permission.content_type.app_label + "." + grant.permission.codename,
        grant.content_object,
    )
    before = ask()
    in_force(asked_of=kind)

    assert ask() == before
    for staff, page in ((dana, "/desk/"), (olive, "/provider/"), (olive, "/")):
        assert as_(staff).get(page).status_code == 200
    assert policies_to_answer(dana) == unanswered_of(dana) == []
    assert as_(bob).get("/.well-known/openid-configuration").status_code == 200
    answer = as_(bob).get("/identity/o/authorize")
    assert "/agree/" not in answer.headers.get("Location", "")
    assert as_(bob).post("/access/v1/evaluation").status_code == 401
    assert as_(None).get("/healthz").status_code == 200
    periodic_tick.send(sender=None)


def test_a_super_user_can_still_take_away_L12(in_force, alice, emma, bob, as_):
    in_force()
    client = as_(alice)
    for name, person in (("person-suspend", emma), ("person-remove", bob)):
        page = reverse("portals:person", args=["alder", person.sub])
        assert client.get(page).status_code == 200
        client.post(reverse(f"accounts:{name}", args=["alder", person.sub]))
    rows = Membership.objects.filter(user__in=[emma, bob])
    assert {row.user_id for row in rows if row.suspended_at or row.ended_at} == {emma.pk, bob.pk}


def test_a_super_user_can_still_remove_access_L12(in_force, alice, bob, as_):
    from portals.selectors.grant_changes import grants_key

    grant = PersonGrant.objects.filter(user=bob).first()
    key = grants_key([grant])
    in_force()
    answer = as_(alice).post(reverse("portals:access-remove", args=["alder", key]))
    assert "/agree/" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/c/alder/teams/", {"name": "Fresh team"}),
        ("/c/alder/people/{emma}/end/", {"last_day": "2099-01-01"}),
    ],
)
def test_a_page_for_taking_away_adds_nothing_L12(address, data, in_force, alice, emma, as_):
    in_force()
    answered = as_(alice).post(address.format(emma=emma.sub), data)

    assert answered.status_code == 302 and answered.url.startswith("/agree/")
    assert not Team.objects.filter(name="Fresh team").exists()


@pytest.mark.parametrize("act", sorted(FREE_BULK_ACTIONS))
def test_suspending_and_removing_many_is_free_L12(act, in_force, alice, as_):
    in_force()
    answer = as_(alice).get(f"/c/alder/people/bulk/{act}/")
    assert "/agree/" not in answer.headers.get("Location", "")


def test_a_company_agreement_stops_only_its_super_users_on_its_pages_L14(
    in_force, alice, bob, charlie, alder, as_, answer
):
    version = in_force(slug="hosting", asked_of="company")
    assert as_(alice).get("/").status_code == 200
    assert as_(alice).get("/c/alder/resources/").status_code == 302
    assert as_(bob).get("/").status_code == 200
    answer(alice, version, customer=alder)
    assert as_(alice).get("/c/alder/resources/").status_code == 200
    assert as_(charlie).get("/c/birch/resources/").status_code == 302


STATES = {
    "nothing": lambda world: None,
    "announced": lambda world: world.announced(),
    "in force": lambda world: world.in_force(),
    "of companies": lambda world: world.in_force(asked_of="company"),
    "of nobody": lambda world: world.in_force(asked_of="nobody"),
    "in force and announced": lambda world: (world.in_force(), world.announced()),
    "answered and announced": lambda world: (world.answer_all(world.in_force()), world.announced()),
    "answered": lambda world: world.answer_all(world.in_force()),
    "not material since": lambda world: (
        world.in_force(),
        world.corrected(),
    ),
    "suspended": lambda world: (
        world.in_force(asked_of="company"),
        Membership.objects.filter(role="user").update(suspended_at=timezone.now()),
    ),
}  # fmt: skip


class World:
    def __init__(self, announced, in_force, corrected, answer, people):
        self.announced, self.in_force, self.corrected = announced, in_force, corrected
        self.answer, self.people = answer, people

    def answer_all(self, version):
        for person in self.people:
            self.answer(person, version)


@pytest.mark.parametrize("state", STATES)
def test_the_statement_finds_what_the_pages_show_L9(
    state, announced, in_force, corrected, answer, alice, bob
):
    STATES[state](World(announced, in_force, corrected, answer, [alice, bob]))
    for person in User.objects.all():
        shown = {}
        for item in policies_to_answer(person):
            key = (item.version.policy.slug, item.customer.slug if item.customer else "")
            shown[key] = shown.get(key, False) or item.binds
        found = unanswered_of(person)
        assert {(row.policy, row.customer): row.binds for row in found} == shown, person
        assert waiting_for(person).policies == found


def test_a_person_is_asked_for_the_text_in_force_now(in_force, corrected, bob):
    in_force()
    corrected(body_en="No typo.")
    [item] = policies_to_answer(bob)
    assert (item.version.number, item.binds) == (2, True)
