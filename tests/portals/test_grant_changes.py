"""Access given, changed and removed by one press: all or nothing, and never on outdated data."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import AuditEvent, TeamMembership
from accounts.permissions import FreshSignInRequired
from accounts.services.teams import create_team
from accounts.services.undo import UndoRefused, undo_events
from portals.models import PersonGrant, Resource, TeamGrant
from portals.selectors.grant_changes import (
    GrantChange,
    fingerprint,
    grants_by_key,
    grants_key,
    sentence_of_change,
)
from portals.selectors.targets import Target
from portals.services.grant_changes import (
    MAX_GRANTS,
    ChangeRefused,
    apply_change,
    remove_grants,
)
from portals.services.grants import GrantRefused, revoke_privilege

DNS, VIEW, RENEW = (f"domains.domain.{code}" for code in ("manage_dns", "view", "renew"))
OPEN = "domains.subscription.open"
READ = "webmail.mailbox.read"
DAY = timedelta(days=1)


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def other(resource):
    return resource("domain", "alderdental.example")


@pytest.fixture
def root(domain):
    return Resource.objects.get(subscription=domain.subscription, parent=None)


@pytest.fixture
def emmas(membership, emma):
    return membership(emma)


@pytest.fixture
def change(privilege_of):
    """Return a function that describes a change: change([emma], [domain], DNS, reason="…")."""

    def describe(grantees, resources, *names, inside=None, **more):
        privileges = tuple(privilege_of(name) for name in names)
        targets = tuple(Target(row, inside or row.resource_type) for row in resources)
        return GrantChange(tuple(grantees), targets, privileges, **more)

    return describe


@pytest.fixture
def apply(alice, alder):
    """Apply as Alice at Alder, freshly signed in, unless told otherwise."""

    def run(change, actor=alice, customer=alder, signed_in_at=None):
        return apply_change(
            actor=actor,
            customer=customer,
            change=change,
            signed_in_at=signed_in_at or timezone.now(),
        )

    return run


def state():
    """Everything a refusal must leave alone."""
    return (
        list(PersonGrant.objects.order_by("pk").values_list("pk", "expires_at", "reason")),
        list(TeamGrant.objects.order_by("pk").values_list("pk", "expires_at", "reason")),
        AuditEvent.objects.count(),
    )


def test_two_people_and_a_team_get_two_permissions_on_two_resources(
    apply, change, alder, bob, emma, membership, emmas, domain, other
):
    team = alder.teams.get()
    until = timezone.now() + 9 * DAY
    given = change(
        [membership(bob), emmas, team], [domain, other], DNS, RENEW, expires_at=until, reason="Move"
    )

    events = apply(given)

    for person in (bob, emma):
        for place in (domain, other):
            assert person.has_perm(f"portals.{DNS}", place)
            assert person.has_perm(f"portals.{RENEW}", place)
    assert TeamGrant.objects.filter(group=team.group, reason="Move", expires_at=until).count() == 5
    opened = PersonGrant.objects.get(user=emma, permission__privilege__codename="subscription.open",
                                     content_object=domain.parent)  # fmt: skip
    assert (opened.expires_at, opened.reason) == (until, "Move")
    assert {event.kind for event in events} == {"grant.given"}
    assert len(events) == 12 + 2  # Bob could open the portal


def test_portal_access_is_left_out_where_it_is_not_wanted(apply, change, emma, emmas, domain, root):
    apply(change([emmas], [domain], DNS, portal_access=False))
    assert not emma.has_perm(f"portals.{OPEN}", root)


def test_all_resources_of_a_type_future_ones_too(apply, change, emma, emmas, domain, root):
    apply(change([emmas], [root], DNS, inside=domain.resource_type))
    assert emma.has_perm(f"portals.{DNS}", domain)
    new = Resource.objects.create(
        subscription=domain.subscription,
        resource_type=domain.resource_type,
        parent=root,
        external_id="new.example",
        name="new.example",
    )
    assert emma.has_perm(f"portals.{DNS}", new)


def test_giving_shortens_nothing(apply, change, alice, emmas, domain, give):
    endless = give(alice, emmas, DNS, domain)
    assert (
        apply(change([emmas], [domain], DNS, expires_at=timezone.now() + DAY, portal_access=False))
        == []
    )
    assert PersonGrant.objects.filter(pk=endless.pk, expires_at=None).exists()


def row_of(*grants):
    return {"replaces": grants, "portal_access": False}


def test_a_row_is_changed_and_other_rows_stay(apply, change, alice, emma, emmas, domain, give):
    row = (give(alice, emmas, DNS, domain), give(alice, emmas, RENEW, domain))
    stays = give(alice, emmas, VIEW, domain, reason="For the report")
    until = timezone.now() + 3 * DAY
    events = apply(
        change(
            [emmas],
            [domain],
            DNS,
            "domains.domain.manage_contacts",
            expires_at=until,
            shown=fingerprint(emmas, domain),
            **row_of(*row),
        )
    )
    own = PersonGrant.objects.filter(user=emma, content_object=domain)
    assert dict(own.values_list("permission__privilege__code", "expires_at")) == {
        "manage_dns": until,
        "manage_contacts": until,
        "view": None,
    }
    assert own.filter(pk=stays.pk).exists()
    assert [event.kind for event in events] == ["grant.revoked", "grant.replaced", "grant.given"]


@pytest.mark.parametrize("meanwhile", ["revoked", "replaced", "given"])
def test_a_row_that_somebody_changed_meanwhile_is_refused(
    meanwhile, apply, change, alice, emmas, domain, give
):
    row = give(alice, emmas, DNS, domain)
    shown = fingerprint(emmas, domain)
    if meanwhile == "revoked":
        revoke_privilege(actor=alice, grant=row)
    elif meanwhile == "replaced":
        give(alice, emmas, DNS, domain, reason="By a colleague")
    else:
        give(alice, emmas, RENEW, domain)
    before = state()
    with pytest.raises(ChangeRefused) as refusal:
        apply(change([emmas], [domain], VIEW, shown=shown, **row_of(row)))
    assert refusal.value.code == "stale"
    assert state() == before


def test_the_same_change_twice_is_refused_and_the_same_gift_does_nothing(
    apply, change, alice, emmas, domain, give
):
    row = give(alice, emmas, DNS, domain)
    changed = change([emmas], [domain], VIEW, shown=fingerprint(emmas, domain), **row_of(row))
    apply(changed)
    before = state()
    with pytest.raises(ChangeRefused):
        apply(changed)
    gift = change([emmas], [domain], VIEW, portal_access=False)
    assert apply(gift) == []
    assert state() == before


def test_one_refusal_undoes_everything_and_is_named(
    apply, change, emmas, alice, membership, resource
):
    mailbox, second = (resource("mailbox", f"{n}@alder.example") for n in ("billing", "info"))
    before = state()
    with pytest.raises(GrantRefused) as refusal:
        apply(change([emmas, membership(alice)], [mailbox, second], READ, reason="Cover"))
    assert "Alice Martin, “Read messages”" in refusal.value.message_dict["privilege"][0]
    assert state() == before


def test_a_sensitive_privilege_needs_a_reason_a_fresh_sign_in_and_another_person(
    apply, change, alice, emma, emmas, resource, membership
):
    mailbox = resource("mailbox", "billing@alder.example")
    before = state()
    with pytest.raises(GrantRefused) as refusal:
        apply(change([emmas], [mailbox], READ))
    assert "reason" in refusal.value.message_dict
    with pytest.raises(FreshSignInRequired):
        apply(change([emmas], [mailbox], READ, reason="x"), signed_in_at=timezone.now() - DAY)
    with pytest.raises(GrantRefused):
        apply(change([membership(alice)], [mailbox], READ, reason="x"))
    assert state() == before

    apply(change([emmas], [mailbox], READ, reason="Holiday cover"))
    assert emma.has_perm(f"portals.{READ}", mailbox)


@pytest.mark.parametrize("who", ["emma", "charlie", "dana", "olive"])
def test_only_a_super_user_of_this_customer(
    request, who, apply, change, emmas, domain, give, alice, alder
):
    row = give(alice, emmas, VIEW, domain)
    actor = request.getfixturevalue(who)
    before = state()
    with pytest.raises(PermissionDenied):
        apply(change([emmas], [domain], DNS), actor=actor)
    with pytest.raises(PermissionDenied):
        remove_grants(actor=actor, customer=alder, grants=[row])
    assert state() == before


def test_one_change_is_about_one_customer(
    apply,
    change,
    alice,
    charlie,
    alder,
    birch,
    emmas,
    domain,
    give,
    membership,
    resource,
    as_member,
):
    """Even for a Super User of both."""
    foreign = resource("domain", "birch.example")
    theirs = give(charlie, membership(charlie), VIEW, foreign)
    team = create_team(actor=charlie, customer=birch, name="Drivers")
    as_member(alice, birch)
    before = state()
    for wrong in (
        change([emmas], [domain, foreign], DNS),
        change([emmas, membership(charlie)], [domain], DNS),
        change([team], [domain], DNS),
        change([emmas], [domain], DNS, **row_of(theirs)),
    ):
        with pytest.raises(ChangeRefused):
            apply(wrong)
    with pytest.raises(ChangeRefused):
        remove_grants(actor=alice, customer=alder, grants=[theirs])
    assert state() == before


@pytest.fixture
def as_member(charlie):
    """Make a person Super User of a second customer, the way an invitation does."""
    from accounts.services.invitations import accept_invitation, invite_person

    def join(person, customer):
        invitation = invite_person(
            actor=charlie, customer=customer, address=person.email, role="super_user"
        )
        accept_invitation(actor=person, token=invitation.token, name="", password="")

    return join


def test_nothing_and_too_much_are_refused(apply, change, emmas, domain, resource):
    mailbox = resource("mailbox", "info@alder.example")
    before = state()
    for wrong, field in (
        (change([], [domain], DNS), "to"),
        (change([emmas], [], DNS), "resource"),
        (change([emmas], [domain]), "privilege"),
        (change([emmas], [mailbox], DNS), "privilege"),
    ):
        with pytest.raises(ChangeRefused) as refusal:
            apply(wrong)
        assert field in refusal.value.message_dict
    with pytest.raises(ChangeRefused) as refusal:
        apply(change([emmas] * (MAX_GRANTS + 1), [domain], DNS))
    assert refusal.value.code == "many"
    with pytest.raises(GrantRefused) as refusal:
        apply(change([emmas], [domain], DNS, expires_at=timezone.now() - DAY))
    assert "expires_at" in refusal.value.message_dict
    assert state() == before


def test_what_was_given_is_undone(apply, change, alice, emma, emmas, domain, root):
    events = apply(change([emmas], [domain], DNS))
    assert undo_events(actor=alice, events=events) == []
    assert not emma.has_perm(f"portals.{DNS}", domain)
    assert not emma.has_perm(f"portals.{OPEN}", root)
    assert AuditEvent.objects.latest("pk").kind == "grant.taken_back"
    with pytest.raises(UndoRefused):
        undo_events(actor=alice, events=events)


def test_a_change_is_undone_to_the_former_terms(apply, change, alice, emma, emmas, domain, give):
    ends = timezone.now() + 90 * DAY
    row = (
        give(alice, emmas, DNS, domain, expires_at=ends, reason="The move"),
        give(alice, emmas, VIEW, domain),
    )
    events = apply(change([emmas], [domain], DNS, shown=fingerprint(emmas, domain), **row_of(*row)))
    assert undo_events(actor=alice, events=events) == []
    own = PersonGrant.objects.filter(user=emma, content_object=domain)
    assert set(own.values_list("permission__privilege__code", "expires_at", "reason")) == {
        ("manage_dns", ends, "The move"),
        ("view", None, ""),
    }
    assert own.get(expires_at=ends).granted_at == row[0].granted_at


def test_undo_leaves_alone_what_was_changed_since(apply, change, alice, emmas, domain, give):
    events = apply(change([emmas], [domain], DNS, portal_access=False))
    give(alice, emmas, DNS, domain, reason="By a colleague")
    before = state()
    with pytest.raises(UndoRefused):
        undo_events(actor=alice, events=events)
    assert state() == before


def test_a_teams_access_is_undone_too(apply, change, alice, alder, bob, membership, domain, give):
    team = alder.teams.get()
    TeamMembership.objects.create(team=team, membership=membership(bob))
    before = give(alice, team, DNS, domain)
    row = change([team], [domain], RENEW, shown=fingerprint(team, domain), **row_of(before))
    events = apply(row)
    assert bob.has_perm(f"portals.{RENEW}", domain)
    undo_events(actor=alice, events=events)
    assert not bob.has_perm(f"portals.{RENEW}", domain)
    assert bob.has_perm(f"portals.{DNS}", domain)


def test_removed_rows_come_back(alice, alder, emma, emmas, domain, give):
    row = [give(alice, emmas, DNS, domain), give(alice, emmas, VIEW, domain)]
    events = remove_grants(actor=alice, customer=alder, grants=row)
    assert not emma.has_perm(f"portals.{VIEW}", domain)
    assert remove_grants(actor=alice, customer=alder, grants=row) == []
    undo_events(actor=alice, events=events)
    assert emma.has_perm(f"portals.{DNS}", domain)


def test_a_row_is_found_by_its_key(
    alice, alder, birch, bob, emmas, membership, domain, other, give
):
    row = (give(alice, emmas, DNS, domain), give(alice, emmas, VIEW, domain))
    key = grants_key(row)
    assert grants_by_key(alder, key) == row
    assert grants_by_key(birch, key) == ()
    elsewhere = give(alice, emmas, VIEW, other)
    of_bob = give(alice, membership(bob), DNS, domain)
    of_team = give(alice, alder.teams.get(), DNS, domain)
    for wrong in (
        f"{key}-p999999",
        grants_key([*row, elsewhere]),
        grants_key([*row, of_bob]),
        f"{key}-{grants_key([of_team])}",
        "x",
        "p",
        "p" + "9" * 30,
        "-".join(["p1"] * 101),
    ):
        assert grants_by_key(alder, wrong) == (), wrong
    assert grants_by_key(alder, grants_key([of_team])) == (of_team,)


SENTENCES = [
    (["bob"], 1, [DNS], {}, True, "Bob Tremblay can change DNS of alder.example."),
    (["bob"], 1, [DNS], {}, False, "Bob Tremblay will be able to change DNS of alder.example."),
    (
        ["bob"],
        1,
        [DNS, VIEW],
        {"ends": True},
        True,
        "Bob Tremblay can change DNS of alder.example until 31 Dec 2099.",
    ),
    (
        ["bob", "emma"],
        2,
        [DNS],
        {"ends": True},
        False,
        "Bob Tremblay and Emma Roy will be able to change DNS of alder.example and"
        " alderdental.example until 31 Dec 2099.",
    ),
    (
        ["bob"],
        1,
        [DNS, RENEW],
        {},
        True,
        "Bob Tremblay can change DNS of alder.example and renew alder.example.",
    ),
    (
        ["bob"],
        1,
        [DNS, RENEW, "domains.domain.manage_contacts"],
        {},
        True,
        "Bob Tremblay can change DNS of alder.example, and use 2 more permissions.",
    ),
    (
        ["team"],
        1,
        [VIEW],
        {},
        True,
        "Everyone in the team Reception can see alder.example and its records.",
    ),
    (
        ["bob", "emma", "team"],
        1,
        [VIEW],
        {},
        True,
        "Bob Tremblay and 2 others can see alder.example and its records.",
    ),
]


@pytest.mark.parametrize(("who", "count", "names", "terms", "done", "sentence"), SENTENCES)
def test_one_function_says_what_a_change_does(
    who, count, names, terms, done, sentence, request, change, alder, membership, domain, other
):
    grantees = [
        alder.teams.get() if name == "team" else membership(request.getfixturevalue(name))
        for name in who
    ]
    until = timezone.make_aware(timezone.datetime(2100, 1, 1)) if terms else None
    said = change(grantees, [domain, other][:count], *names, expires_at=until)
    assert sentence_of_change(said, done=done) == sentence


def test_the_sentence_about_a_portal_and_a_whole_type(change, membership, bob, domain, root):
    whole = change([membership(bob)], [root], DNS, inside=domain.resource_type)
    assert sentence_of_change(whole, done=True) == (
        "Bob Tremblay can use “Change DNS records” on every domain, future ones too."
    )
    portal = change([membership(bob)], [root], OPEN)
    assert "Domains portal" in sentence_of_change(portal, done=True)
    later = change([membership(bob)], [domain], DNS, starts_at=timezone.now() + 40 * DAY)
    assert "will be able to change DNS of alder.example from " in sentence_of_change(
        later, done=True
    )
