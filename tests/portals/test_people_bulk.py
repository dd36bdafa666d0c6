"""Bulk acts on people: all or nothing, permitted people only, confirmed where they matter."""

import re
import uuid
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, TeamMembership
from accounts.permissions import FreshSignInRequired
from accounts.services import bulk
from accounts.services.audit import verify_chain
from accounts.services.bulk import BulkRefused
from accounts.services.confirmation_name import ConfirmationNameRefused
from accounts.services.customers import suspend_customer
from accounts.services.memberships import suspend_membership
from accounts.services.teams import add_to_team, create_team
from portals.models import PersonGrant
from tests.accounts.conftest import fresh  # noqa: F401

LIST = "/c/alder/people/"


def selected(act):
    return f"{LIST}bulk/{act}/"


@pytest.fixture
def both(bob, emma, membership):
    return [membership(bob), membership(emma)]


@pytest.fixture
def office(alice, alder, both):
    """A team without sensitive grants; Emma is in it."""
    team = create_team(actor=alice, customer=alder, name="Office")
    add_to_team(actor=alice, team=team, membership=both[1])
    return team


@pytest.fixture
def acts(alder, both, office):
    """Every act, as a service call that would work: acts["suspend"](actor, people)."""

    def call(service, **more):
        def run(actor, people=both):
            return service(actor=actor, customer=alder, people=people, **more)

        return run

    now = timezone.now()
    return {
        "suspend": call(bulk.suspend_people),
        "restore": call(bulk.restore_people),
        "remove": call(bulk.remove_people, confirmation_name="Alder Dental", signed_in_at=now),
        "team": call(bulk.add_people_to_team, team=office),
    }


GONE = "Someone you selected has left the company, so no change was made."
NAMES = ["suspend", "restore", "remove", "team"]


def standing():
    """What bulk acts change, as the database has it."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Membership, TeamMembership, PersonGrant, AuditEvent)
    ]


def test_several_are_suspended_and_restored(acts, alice, both, alder):
    acts["suspend"](alice)
    assert all(m.suspended_at for m in Membership.objects.filter(pk__in=[m.pk for m in both]))
    acts["restore"](alice)
    assert not any(m.suspended_at for m in Membership.objects.filter(customer=alder))
    kinds = list(AuditEvent.objects.order_by("-pk").values_list("kind", flat=True)[:4])
    assert kinds == ["membership.restored"] * 2 + ["membership.suspended"] * 2
    assert verify_chain(f"customer:{alder.pk}")


def test_several_are_removed(acts, alice, bob, emma, alder):
    acts["remove"](alice)

    assert not Membership.objects.present().filter(user__in=[bob, emma]).exists()
    assert not PersonGrant.objects.filter(user__in=[bob, emma]).exists()
    assert AuditEvent.objects.filter(customer=alder, kind="membership.removed").count() == 2


def test_several_are_added_to_a_team_and_its_members_stay(acts, alice, office):
    before = AuditEvent.objects.count()

    assert len(acts["team"](alice)) == 2
    assert office.team_memberships.count() == 2
    assert AuditEvent.objects.count() == before + 1


def test_naming_one_twice_is_naming_them_once(acts, alice, both):
    assert len(acts["suspend"](alice, both + both)) == 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("who", ["bob", "emma", "charlie", "dana", "olive"])
def test_only_its_super_users_act(name, who, request, acts):
    actor, before = request.getfixturevalue(who), standing()

    with pytest.raises(PermissionDenied):
        acts[name](actor)

    assert standing() == before


@pytest.mark.parametrize("name", NAMES)
def test_nobody_acts_in_a_suspended_company(name, acts, alice, alder, olive):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    before = standing()

    with pytest.raises(PermissionDenied):
        acts[name](alice)

    assert standing() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_person_of_another_company_refuses_the_whole_act(
    name, acts, alice, both, charlie, membership
):
    before = standing()

    with pytest.raises(BulkRefused) as refusal:
        acts[name](alice, [*both, membership(charlie)])

    assert refusal.value.code == "foreign"
    assert standing() == before


@pytest.mark.parametrize("name", NAMES)
def test_too_many_people_and_none_are_refused(name, acts, alice, both, monkeypatch):
    monkeypatch.setattr(bulk, "MAX_AT_ONCE", 1)
    before = standing()

    for people, code in (([], "nobody"), (both, "many")):
        with pytest.raises(BulkRefused) as refusal:
            acts[name](alice, people)
        assert refusal.value.code == code
    assert standing() == before


def test_as_many_people_as_the_limit_says_are_taken(acts, alice, both, monkeypatch):
    monkeypatch.setattr(bulk, "MAX_AT_ONCE", 2)
    before = standing()
    acts["suspend"](alice, both)
    assert standing() != before


@pytest.mark.parametrize("name", ["suspend", "remove"])
def test_one_refusal_names_the_person_and_nothing_changes(name, acts, alice, both, membership):
    before = standing()

    with pytest.raises(BulkRefused, match=r"Alice Martin: .* No change was made") as refusal:
        acts[name](alice, [*both, membership(alice)])

    assert refusal.value.code == "person"
    assert standing() == before


def test_an_already_suspended_person_is_named(acts, alice, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))
    before = standing()

    with pytest.raises(BulkRefused, match="Bob Tremblay: This person is already suspended"):
        acts["suspend"](alice)

    assert standing() == before


def test_a_person_who_left_meanwhile_is_named(acts, alice, both):
    Membership.objects.filter(pk=both[1].pk).update(ended_at=timezone.now())
    before = standing()

    for name in NAMES:
        with pytest.raises((BulkRefused, ValidationError)):
            acts[name](alice)
    assert standing() == before


def test_removing_many_needs_the_name_and_a_fresh_sign_in(alice, alder, both):
    before, now = standing(), timezone.now()

    def remove(**given):
        bulk.remove_people(actor=alice, customer=alder, people=both, **given)

    for confirmation_name in ("", "alder"):
        with pytest.raises(ConfirmationNameRefused):
            remove(confirmation_name=confirmation_name, signed_in_at=now)
    for moment in (None, now - timedelta(minutes=6)):
        with pytest.raises(FreshSignInRequired):
            remove(confirmation_name="Alder Dental", signed_in_at=moment)
    assert standing() == before


def of(*people):
    return {"person": [str(person.sub) for person in people]}


@pytest.mark.parametrize("act", NAMES)
def test_the_page_names_the_people_and_links_back(act, as_, alice, bob, emma):
    answer = as_(alice).get(selected(act), {**of(bob, emma), "role": "user"})

    html = answer.content.decode()
    assert answer.status_code == 200
    for word in ("Bob Tremblay", "emma@alder.example", f"{LIST}?role=user"):
        assert word in html


def test_the_pages_carry_out_each_act(fresh, alice, bob, emma, alder, membership):  # noqa: F811
    client, team = fresh(alice), alder.teams.get()
    people = of(bob, emma)

    for act, more in [
        ("suspend", {}),
        ("restore", {}),
        ("team", {"team": str(team.uuid), "reason": "They answer mail."}),
        ("remove", {"confirmation_name": "alder dental"}),
    ]:
        answer = client.post(f"{selected(act)}?role=user", {**people, **more})
        assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?role=user"), act
    assert not Membership.objects.present().filter(user__in=[bob, emma]).exists()
    ended = AuditEvent.objects.filter(kind="membership.removed").order_by("sequence")
    address = reverse("accounts:undo-all", args=["alder", *(event.sequence for event in ended)])
    assert f'action="{address}"' in client.get(LIST).content.decode()
    replay = client.post(f"{selected('suspend')}?role=user", people)
    assert (replay.status_code, replay["Location"]) == (302, f"{LIST}?role=user")  # none is here
    assert GONE in client.get(LIST).content.decode()


def test_selected_people_go_on_to_the_form_that_gives_access(
    as_, alice, bob, emma, resource, privilege_of
):
    client, domain = as_(alice), resource("domain", "alderdental.example")
    ticked_in_list = {**of(bob, emma), "role": "user"}
    answer = client.get(selected("give-access"), ticked_in_list, follow=True)
    assert "Bob Tremblay" in answer.content.decode()
    assert answer.context["back"].startswith(f"{LIST}?role=user")
    url, _status = answer.redirect_chain[-1]
    form = {
        "to": [value for name, value in parse_qsl(urlsplit(url).query) if name == "to"],
        "resource": f"resource:{domain.pk}",
        "privilege": privilege_of("domains.domain.renew").pk,
        "ends": "never",
        "next": f"{LIST}?role=user",
    }
    assert client.post("/c/alder/access/give/", form)["Location"] == f"{LIST}?role=user"
    for person in (bob, emma):
        assert person.has_perm("portals.domains.domain.renew", domain)
    refused = client.post(selected("give-access"), {"person": "x"}, follow=True)
    assert GONE in refused.content.decode()


def test_a_refusal_is_shown_on_the_page(as_, alice, bob):
    client, before = as_(alice), standing()

    answer = client.post(selected("suspend"), of(alice, bob))

    assert answer.status_code == 200
    assert "Alice Martin: You can&#x27;t do this to the main Super User." in answer.content.decode()
    assert standing() == before


def ticked(page):
    """Return the people whose boxes are ticked in the list."""
    boxes = re.findall(r'name="person"\s+value="([^"]+)"\s+checked', page.content.decode())
    return set(boxes)


@pytest.mark.parametrize("act", NAMES)
def test_the_back_link_keeps_the_selection_and_the_page(act, as_, alice, bob, emma, membership):
    client, first = as_(alice), str(membership(alice).pk)
    marks = {"role": "user", "after": first}

    assert f'name="after" value="{first}"' in client.get(LIST, marks).content.decode()
    back = client.get(selected(act), {**of(bob, emma), **marks}).context["back"]

    assert back.startswith(f"{LIST}?role=user&after={first}&person=")
    there = client.get(back)
    assert ticked(there) == {str(bob.sub), str(emma.sub)}
    assert ticked(client.get(LIST)) == set()


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_remaining_people_stay_selected(method, as_, alice, bob, emma, membership):
    client = as_(alice)
    Membership.objects.filter(pk=membership(emma).pk).update(ended_at=timezone.now())

    answer = getattr(client, method)(f"{selected('suspend')}?role=user", of(bob, emma), follow=True)

    assert GONE in answer.content.decode()
    assert ticked(answer) == {str(bob.sub)}


def test_a_refused_act_keeps_the_selection(fresh, alice, bob, emma):  # noqa: F811
    client, team = fresh(alice), str(alice.memberships.get().customer.teams.get().uuid)
    for act, more in [
        ("remove", {"confirmation_name": "Alder Dentist"}),
        ("team", {"team": team, "reason": ""}),
    ]:
        answer = client.post(f"{selected(act)}?role=user", {**of(bob, emma), **more})
        form, html = answer.context["form"], answer.content.decode()
        assert form.errors, act
        for name, value in more.items():
            assert form[name].value() in (value, [value])
        for person in (bob, emma):
            assert f'name="person" value="{person.sub}"' in html
        assert ticked(client.get(answer.context["back"])) == {str(bob.sub), str(emma.sub)}


def test_an_old_sign_in_leads_to_a_fresh_one(as_, alice, bob, emma):
    client, before = as_(alice), standing()

    answer = client.post(selected("remove"), {**of(bob, emma), "confirmation_name": "Alder Dental"})

    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert standing() == before


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("act", NAMES)
@pytest.mark.parametrize(
    ("who", "status"), [("bob", 403), ("charlie", 404), ("dana", 404), ("olive", 404), (None, 302)]
)
def test_pages_are_refused_to_others(method, act, who, status, request, as_, bob, emma):
    client = as_(request.getfixturevalue(who) if who else None)
    before = standing()

    answer = getattr(client, method)(
        selected(act), {**of(bob, emma), "confirmation_name": "Alder Dental"}
    )

    assert answer.status_code == status
    assert b"Emma" not in answer.content
    assert standing() == before


@pytest.mark.parametrize("act", NAMES)
def test_ids_of_another_company_are_ignored(act, as_, alice, bob, charlie):
    client, before = as_(alice), standing()

    for other in (str(charlie.sub), str(uuid.uuid4()), "x", "\0", "1" * 400):
        ids = {"person": [str(bob.sub), other]}
        for ask in (client.get, client.post):
            answer = ask(selected(act), ids)
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, LIST)
            assert other not in answer["Location"]
            page = client.get(LIST).content.decode()
            assert page.count(GONE) == 1
            assert "charlie" not in page.casefold()
    assert standing() == before


def test_unknown_acts_and_empty_selections(as_, alice, bob):
    assert as_(alice).get(selected("promote"), of(bob)).status_code == 404
    answer = as_(alice).get(selected("suspend"), follow=True)
    assert "Select at least one person first" in answer.content.decode()
    many = {"person": [str(uuid.uuid4()) for _ in range(201)]}
    answer = as_(alice).get(selected("suspend"), many, follow=True)
    assert "at most 200 people" in answer.content.decode()


def test_removing_one_person_is_an_ordinary_removal(as_, alice, bob):
    answer = as_(alice).get(selected("remove"), of(bob))

    assert answer["Location"] == f"{LIST}{bob.sub}/remove/"


@pytest.mark.parametrize(
    ("act", "more", "field"),
    [("team", {}, "team"), ("team", {"team": "x"}, "team"), ("remove", {}, "confirmation_name"),
     ("remove", {"confirmation_name": "Birch"}, "confirmation_name"),
     ("suspend", {"extra": "1"}, "__all__"),
     ("team", {"reason": "a\x07"}, "reason")],
)  # fmt: skip
def test_bad_input_names_the_field(act, more, field, fresh, alice, bob, emma):  # noqa: F811
    client, before = fresh(alice), standing()

    answer = client.post(selected(act), {**of(bob, emma), **more})

    assert field in answer.context["form"].errors
    assert standing() == before


def test_query_budget(as_, alice, bob, emma, django_assert_max_num_queries):
    client = as_(alice)
    for act in NAMES:
        with django_assert_max_num_queries(14):
            client.get(selected(act), of(bob, emma))
