"""The activity log says everything that an act took, and is found by everybody it concerned.

After netbox-community/netbox#6389 and #17689, and nautobot/nautobot#8658: what a deletion took
along was not in the change log.
"""

import csv
import io
from collections.abc import Callable

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from accounts.choices import CONCERN_EVERYBODY, EVENT_SENTENCES
from accounts.models import AuditEvent, AuditEventPerson
from accounts.selectors import details_of, sentence_of
from accounts.selectors.activity import ActivityFilter, find_activity
from accounts.selectors.event_details import EVENT_DETAILS, EVENT_IDENTITIES
from accounts.selectors.events import placeholders_of, undeclared_facts
from accounts.services.audit import record_event
from accounts.services.customers import restore_customer, suspend_customer, update_company
from accounts.services.invitations import Invitee, invite_people, revoke_invitation
from accounts.services.memberships import change_role, remove_membership, update_work_details
from accounts.services.teams import add_to_team, create_team, delete_team, rename_team
from accounts.services.undo import undo_event
from portals.models import PersonGrant, Portal, Subscription, TeamGrant
from portals.services.grants import GrantTerms, revoke_privilege
from portals.services.manifests import apply_manifest, read_manifest
from portals.services.offboarding import plan_offboarding
from portals.services.offered_grants import offer_privileges
from portals.services.resources import Report, delete_resource, put_resource
from portals.services.subscriptions import set_subscription_status

RENEW, DNS = "domains.domain.renew", "domains.domain.manage_dns"
MAIL = "webmail.mailbox.read"


def last(customer, kind):
    return AuditEvent.objects.filter(customer=customer, kind=kind).order_by("-pk").first()


def all_text(event):
    """All that a Super User reads about an event: its sentence and the unfolded lists."""
    lines = [line for label, lines in details_of(event) for line in (label, *lines)]
    return "\n".join([sentence_of(event), *lines])


def of_person(customer, person):
    return list(find_activity(customer, ActivityFilter(person=person), size=200))


@pytest.fixture
def night(alice, bob, alder, membership, give, resource):
    """A team with Bob in it that may renew the domain."""
    team = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(actor=alice, team=team, membership=membership(bob))
    give(alice, team, RENEW, resource("domain", "alder.example"), reason="Nights")
    return team


# A value for each fact, by which its text is recognised.
GRANT = {
    "grantee": "Grantee Q1", "privilege": {"en": "Privilege Q2", "fr": "Privilège Q2"},
    "codename": "domain.renew", "resource": "Resource Q3", "resource_id": 987001,
    "starts_at": "2031-03-04T15:00:00+00:00", "expires_at": "2032-05-06T15:00:00+00:00",
    "reason": "Reason Q4", "granted_by": "00000000-0000-4000-8000-000000000001",
    "granted_by_name": "Granter Q5", "granted_at": "2030-07-08T15:00:00+00:00",
}  # fmt: skip
GRANT_WORDS = ["Q1", "Q2", "Q3", "2031", "2032", "Q4", "Q5", "2030"]
RESOURCE = {
    "resource": "Resource R1", "resource_id": 987002, "external_id": "id-R2",
    "type": {"en": "Type R3", "fr": "Type R3"}, "before": "Before R4", "after": "After R5",
}  # fmt: skip
SAMPLES: dict[str, tuple[object, list[str]]] = {
    "grants": ([GRANT], GRANT_WORDS),
    "factor": ("totp", ["authenticator app"]),
    "previous_start": ("2033-05-01T04:00:00+00:00", ["2033"]),
    "offers": ([GRANT], ["Q1", "Q2", "Q3"]),
    "requested": ([GRANT], ["Q1", "Q2", "Q3"]),
    "before": (GRANT, ["2031", "2032", "Q4"]),
    "removed_resources": ([RESOURCE], ["R1", "R2", "R3"]),
    "returned_resources": ([RESOURCE], ["R1", "R2", "R3"]),
    "grants_returned": ([GRANT], GRANT_WORDS),
    "owned": ([RESOURCE], ["R1"]),
    "renamed": ([RESOURCE], ["R1", "R4"]),
    "moved": ([RESOURCE], ["R1", "R4", "R5"]),
    "permission_changes": (
        [
            {"change": change, "privilege": {"en": f"P{change}"}, "other": {"en": "Other S1"}}
            for change in ("removed", "includes", "excludes", "by_role", "not_by_role")
        ],
        ["Premoved", "Pincludes", "Pexcludes", "Pby_role", "Pnot_by_role", "S1"],
    ),
    "decisions": (
        [{"decision": "remove", "privilege": {"en": "Priv T1"}, "resource": "Res T2", "kind": ""}],
        ["T1", "T2", "Remove"],
    ),
    "differences": ([{"field": "name", "before": "Old U1", "after": "New U2"}], ["U1", "U2"]),
    "teams": ([{"team": "Team V1", "team_uuid": "x"}], ["V1"]),
    "invitations": ([{"address": "w1@x.example", "invitation": "x"}], ["w1@x.example"]),
    "planned": ([{"person": "Person X1", "receiver": "Receiver X2"}], ["X1", "X2"]),
    "concerned": ([{"sub": "x", "name": "Person Y1"}], ["Y1"]),
    "contact_roles": (["billing"], ["illing"]),
    "added_mail": (["maintenance", "newsletter"], ["aintenance", "newsletter"]),
    "previous_role": ("super_user", ["Super User"]),
    "role": ("super_user", ["Super User"]),
    "how": ("phone", ["phone"]),
    "undoes": (4711, ["4711"]),
    "starts_at": ("2033-03-04T15:00:00+00:00", ["2033"]),
    "expires_at": ("2033-03-04T15:00:00+00:00", ["2033"]),
    "granted_at": ("2033-03-04T15:00:00+00:00", ["2033"]),
    "previous_end": ("2033-03-04T15:00:00+00:00", ["2033"]),
    "plan_cancelled": ("2033-03-04T15:00:00+00:00", ["2033"]),
}


@pytest.mark.parametrize("kind", sorted(EVENT_SENTENCES))
def test_every_kind_of_event_says_every_fact_it_may_hold(kind):
    """Each placeholder and each detail of each kind appears, and nothing else is a fact."""
    sentence = str(EVENT_SENTENCES[kind])
    data, words = {}, []
    for name in sorted(placeholders_of(sentence) - {"actor"} | EVENT_DETAILS.keys()):
        if name in placeholders_of(sentence):
            value, expected = f"Value-{name}", [f"Value-{name}"]
            if name in ("role", "digest", "category", "how", "request", "fields"):
                continue  # codes, which tests of their own cover
        else:
            value, expected = SAMPLES.get(name, (f"Value-{name}", [f"Value-{name}"]))
        data[name], words = value, words + expected
    event = AuditEvent(kind=kind, actor_id=1, actor_name="Actor Z1", person_id=2, data=data)
    with translation.override("en"):
        text = all_text(event)

    assert [word for word in words if word not in text] == []
    assert undeclared_facts(event) == []
    event.data = data | {"surprise": "a fact that nobody declared"}
    assert undeclared_facts(event) == ["surprise"]


def test_every_identity_is_named_in_words_by_another_fact():
    for name, says_it in EVENT_IDENTITIES.items():
        assert name not in EVENT_DETAILS
        event = AuditEvent(kind="team.renamed", data={name: "x"})
        assert undeclared_facts(event) == ([name] if says_it else [])


def test_no_event_of_the_example_holds_a_hidden_fact(db):
    hidden = {event.kind: undeclared_facts(event) for event in AuditEvent.objects.all()}
    assert not {kind: names for kind, names in hidden.items() if names}


def test_every_person_in_an_event_is_in_the_filter(alice, bob, emma, alder):
    """Actor, person and everybody concerned find the event; nobody else does."""
    with transaction.atomic():
        event = record_event(
            kind="membership.suspended", actor=alice, customer=alder, person=bob,
            concerned=[emma.pk],
        )  # fmt: skip

    for person in (alice, bob, emma):
        assert event in of_person(alder, person)
    assert event.data["concerned"] == [{"sub": str(emma.sub), "name": "Emma Roy"}]
    row = AuditEventPerson.objects.get(event=event)
    assert row.person == emma


def remove_resource(w):
    delete_resource(actor=w.portal("domains"), resource=w.resource("domain", "alder.example"))


def end_subscription(w):
    subscription = Subscription.objects.get(customer=w.alder, portal__slug="domains")
    set_subscription_status(actor=w.olive, subscription=subscription, status="ended")


def suspend_subscription(w):
    subscription = Subscription.objects.get(customer=w.alder, portal__slug="domains")
    set_subscription_status(actor=w.olive, subscription=subscription, status="suspended")


def give_to_team(w):
    w.give(w.alice, w.night, DNS, w.resource("domain", "alder.example"), reason="More")


def revoke_from_team(w):
    grant = TeamGrant.objects.get(group__team=w.night)
    return revoke_privilege(actor=w.alice, grant=grant)


def hand_over(w):
    place = w.membership(w.emma)
    w.give(w.alice, place, DNS, w.resource("domain", "alder.example"), reason="Hers")
    grant = PersonGrant.objects.get(user=w.emma, permission__codename=DNS)
    plan_offboarding(
        actor=w.alice, membership=place, grants=[(grant, w.membership(w.bob))],
        reason="Takes over", signed_in_at=timezone.now(),
    )  # fmt: skip


ACTS: dict[str, tuple[Callable, str, list[str]]] = {
    # act → its event's kind, and words that a Super User must read there
    "a portal removes a resource": (
        remove_resource, "resources.changed",
        ["alder.example", "Renew domain", "Night shift", "Bob Tremblay"],
    ),
    "a team is deleted": (
        lambda w: delete_team(actor=w.alice, team=w.night), "team.deleted",
        ["Night shift", "Bob Tremblay", "“Renew domain” on alder.example"],
    ),
    "a team is brought back": (
        lambda w: undo_event(actor=w.alice, event=delete_team(actor=w.alice, team=w.night)),
        "team.reinstated", ["Night shift", "Bob Tremblay"],
    ),
    "a team gets access": (give_to_team, "grant.given", ["Night shift", "Bob Tremblay", "More"]),
    "a team loses access": (
        revoke_from_team, "grant.revoked", ["Night shift", "Bob Tremblay", "Renew domain"],
    ),
    "a service ends": (
        end_subscription, "subscription.status_changed",
        ["Night shift: “Renew domain” on alder.example", "Bob Tremblay", "ended"],
    ),
    "a service is suspended": (
        suspend_subscription, "subscription.status_changed", ["suspended", "Bob Tremblay"],
    ),
    "a colleague leaves and hands over": (
        hand_over, "membership.left", ["Emma Roy", "→ Bob Tremblay", "alder.example"],
    ),
    "the company is suspended": (
        lambda w: suspend_customer(actor=w.olive, customer=w.alder, reason="Unpaid"),
        "customer.suspended", ["Unpaid"],
    ),
    "a Super User is demoted": (
        lambda w: (
            change_role(actor=w.alice, membership=w.membership(w.bob), role="super_user"),
            change_role(actor=w.alice, membership=w.membership(w.bob), role="user"),
        ),
        "membership.role_changed",
        ["Bob Tremblay", "User", "Super User", "Domains: Change DNS records"],
    ),
}  # fmt: skip


class Hands:
    """What an act needs at hand."""

    def __init__(self, **fixtures):
        self.__dict__.update(fixtures)

    def portal(self, slug):
        return Portal.objects.get(slug=slug)


@pytest.fixture
def w(alice, bob, emma, olive, alder, night, membership, give, resource):
    return Hands(
        alice=alice, bob=bob, emma=emma, olive=olive, alder=alder, night=night,
        membership=membership, give=give, resource=resource,
    )  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_bobs_log_has_what_changed_what_bob_can_do_whoever_caused_it(name, w, charlie):
    act, kind, words = ACTS[name]

    act(w)

    event = last(w.alder, kind)
    assert event in of_person(w.alder, w.bob)
    assert all(word in all_text(event) for word in words), all_text(event)
    if kind not in CONCERN_EVERYBODY:
        assert event not in find_activity(w.alder, ActivityFilter(person=charlie))


def test_a_moved_parent_concerns_those_whose_grants_reach_differs(
    w, alice, bob, emma, alder, membership, give, resource
):
    """A mailbox leaves the mail domain that Bob reads: he is concerned, Emma is not."""
    webmail = w.portal("webmail")
    put_resource(actor=webmail, customer="alder", type_code="mail_domain",
                 report=Report("second.example", "second.example"))  # fmt: skip
    give(alice, membership(bob), MAIL, resource("mail_domain", "alder.example"), reason="Cover")
    give(alice, membership(emma), MAIL, resource("mailbox", "bob@alder.example"), reason="Cover")

    put_resource(
        actor=webmail, customer="alder", type_code="mailbox",
        report=Report(
            "info@alder.example", "info@alder.example", ("mail_domain", "second.example")
        ),
    )  # fmt: skip

    event = last(alder, "resources.changed")
    assert "info@alder.example: from alder.example to second.example" in all_text(event)
    assert event in of_person(alder, bob)
    assert event not in of_person(alder, emma)


def test_a_manifest_tells_each_company_what_it_took(w, olive, alder, birch, bob, tmp_path):
    source = (settings.BASE_DIR / "portals/manifests/domains.toml").read_text()
    start = source.index("[types.domain.privileges.renew]")
    end = source.find("\n[", start + 1)
    text = source[:start] + (source[end + 1 :] if end > 0 else "")
    file = tmp_path / "domains.toml"
    file.write_text(text.replace('"renew", ', "").replace(', "renew"', "").replace('"renew"', ""))

    apply_manifest(actor=olive, manifest=read_manifest(file), remove=True)

    event = last(alder, "access.changed_by_portal")
    text = all_text(event)
    assert "Night shift: “Renew domain” on alder.example" in text
    assert "“Renew domain” no longer exists" in text
    assert event in of_person(alder, bob)
    elsewhere = last(birch, "access.changed_by_portal")
    assert elsewhere is None or "Night shift" not in all_text(elsewhere)


def test_a_withdrawn_invitation_names_what_it_offered(
    w, alice, alder, night, resource, privilege_of
):
    [_sent] = invite_people(
        actor=alice, customer=alder, invitees=[Invitee("ivy@alder.example")], team=night,
        reason="Nights", signed_in_at=timezone.now(),
        offer=lambda invitations: offer_privileges(
            actor=alice, invitations=invitations, terms=GrantTerms(),
            privileges=[(resource("domain", "alder.example"), privilege_of(DNS))],
        ),
    )  # fmt: skip

    revoke_invitation(actor=alice, invitation=alder.invitations.get(address="ivy@alder.example"))

    text = all_text(last(alder, "invitation.revoked"))
    for word in ("ivy@alder.example", "Night shift", "“Change DNS records” on alder.example"):
        assert word in text


def test_removing_a_super_user_says_that_they_were_one(w, alice, bob, alder, membership):
    change_role(actor=alice, membership=membership(bob), role="super_user")
    remove_membership(actor=alice, membership=membership(bob))

    assert ("Role", ["Super User"]) in details_of(last(alder, "membership.removed"))


def test_a_rename_gives_the_old_and_the_new_name(w, alice, bob, alder, night, membership):
    rename_team(actor=alice, team=night, name="Late shift")
    update_work_details(
        actor=alice, membership=membership(bob), work_name="Robert T", work_phone=""
    )
    update_company(actor=alice, customer=alder, name="Alder Dental Care")
    put_resource(actor=w.portal("domains"), customer="alder", type_code="domain",
                 report=Report("alder.example", "Our domain"))  # fmt: skip

    for kind, names in (
        ("team.renamed", ("Night shift", "Late shift")),
        ("membership.updated", ("Bob Tremblay", "Robert T")),
        ("customer.updated", ("Alder Dental", "Alder Dental Care")),
        ("resources.changed", ("alder.example → Our domain",)),
    ):
        assert all(name in all_text(last(alder, kind)) for name in names), kind


def test_page_and_csv_say_the_same(w, as_, alice, alder, night):
    delete_team(actor=alice, team=night)
    event = last(alder, "team.deleted")

    page = as_(alice).get(reverse("accounts:activity", args=["alder"])).content.decode()
    address = reverse("accounts:activity-export", args=["alder", "csv"])
    answer = as_(alice).post(address).getvalue().decode("utf-8-sig")
    [row] = [row for row in csv.reader(io.StringIO(answer)) if row[4] == "team.deleted"]

    assert "“Renew domain” on alder.example" in page
    assert row[2] == sentence_of(event)
    for _label, lines in details_of(event):
        for line in lines:
            assert line in row[3]
            assert line in page


def test_the_own_history_of_a_person_tells_nothing_of_colleagues(w, as_, alice, bob, night):
    delete_team(actor=alice, team=night)

    page = as_(bob).get(reverse("accounts:history")).content.decode()

    assert "Night shift" not in page or "People concerned" not in page


def test_what_concerns_everybody_is_in_each_log(w, alder, olive, emma):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    restore_customer(actor=olive, customer=alder)
    kinds = {event.kind for event in of_person(alder, emma)}
    assert kinds >= set(CONCERN_EVERYBODY)


def test_rows_of_people_only_grow():
    model = apps.get_model("accounts", "AuditEventPerson")
    assert {constraint.name for constraint in model._meta.constraints} >= {
        "event_concerns_once",
        "accounts_auditeventperson_append_only_update",
        "accounts_auditeventperson_append_only_delete",
    }
