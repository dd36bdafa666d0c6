"""The activity page and its exports: filters, readable sentences and proof."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.choices import EVENT_GROUPS, EventGroup, kinds_in
from accounts.models import AuditEvent, AuditEventPerson, AuditEventResource
from accounts.selectors import sentence_of
from accounts.selectors.activity import ActivityFilter, find_activity
from accounts.services.invitations import accept_invitation, invite_person
from portals.choices import SENTENCES
from portals.models import Resource
from tests.accounts.conftest import PASSWORD


@pytest.fixture
def trail(as_, alice):
    return lambda **query: as_(alice).get(reverse("accounts:activity", args=["alder"]), query)


def shown(response):
    return [event for event, _sentence in response.context["entries"]]


def test_the_person_filter_finds_their_acts_and_events_about_them(trail, bob):
    for query in ({"who": "bob"}, {"person": bob.sub}):
        events = shown(trail(**query))

        assert events
        assert all(
            bob.pk in (event.actor_id, event.person_id) or str(bob.sub) in event.people()
            for event in events
        )
        assert events == sorted(events, key=lambda event: -event.pk)


def test_people_of_the_same_name_are_offered_and_no_match_shows_nothing(trail, join):
    join("bobby")
    response = trail(who="bob")

    assert not shown(response)
    assert len(response.context["candidates"]) == 1 or b"Choose a person" in response.content
    assert not shown(trail(who="zzz"))


def test_the_form_keeps_the_chosen_person_until_another_name_is_typed(trail, bob, emma):
    page = trail(person=bob.sub).content.decode()
    assert f'name="person" value="{bob.sub}"' in page

    both = shown(trail(person=bob.sub, who="emma"))
    assert both == shown(trail(person=emma.sub)) != shown(trail(person=bob.sub))


@pytest.fixture
def gina(alice, alder):
    """Gina Stone at work; she typed something else as the name of her account."""
    invitation = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", name="Gina Stone"
    )
    return accept_invitation(
        actor=None, token=invitation.token, name="Zoe 0", password=PASSWORD
    ).user


def test_a_person_is_found_and_shown_by_the_work_name(trail, gina, join):
    page = trail(who="Gina Stone")
    assert shown(page) == shown(trail(person=gina.sub)) != []
    assert page.context["person"] == trail(person=gina.sub).context["person"] == "Gina Stone"
    assert "Zoe" not in page.content.decode()

    join("gina2")
    several = trail(who="gina").context["candidates"]
    assert {name for name, _address, _query in several} == {"Gina Stone", "Gina2 Newcomer"}


@pytest.mark.parametrize("role", ["actor", "person"])
def test_a_person_is_found_by_the_name_in_older_events(role, trail, gina, alder):
    older = {
        "actor": {"actor": gina, "actor_name": "Zoe 0"},
        "person": {"actor": None, "person": gina, "data": {"person": "Zoe 0"}},
    }
    assert not shown(trail(who="Zoe"))  # no event says it: this name is hers alone

    AuditEvent.objects.create(
        chain="older", sequence=1, at=timezone.now(), kind="older", customer=alder,
        **older[role],
    )  # fmt: skip

    page = trail(who="Zoe")
    assert shown(page) == shown(trail(person=gina.sub))
    assert page.context["person"] == "Gina Stone"


def test_the_name_of_a_non_member_finds_nothing(trail, gina, charlie, birch):
    page = trail(who=charlie.name)

    assert not shown(page)
    assert page.context["candidates"] == []


def test_the_filter_refuses_a_non_member(trail, charlie):
    assert not shown(trail(person=charlie.sub))


def test_the_resource_filter_finds_events_about_several_resources(trail, alder):
    resource = Resource.objects.get(resource_type__code="domain", external_id="alder.example")
    events = shown(trail(resource=resource.pk))

    assert events
    assert all(resource.pk in event.resources() for event in events)
    assert not shown(trail(resource=10**9))


def test_derived_columns_match_the_event_data(alder):
    for event in AuditEvent.objects.all():
        stored = AuditEventResource.objects.filter(event=event).values_list("resource", flat=True)
        assert set(stored) == event.resources()
        people = AuditEventPerson.objects.filter(event=event).values_list("person__sub", flat=True)
        assert {str(sub) for sub in people} == event.people()


def test_filter_by_group_and_day(trail):
    assert {event.kind for event in shown(trail(group="invitations"))} <= set(
        kinds_in("invitations")
    )
    today = timezone.localdate()
    assert shown(trail(since=today, until=today))
    assert not shown(trail(since=today + timedelta(days=1)))
    assert not shown(trail(until=today - timedelta(days=1)))
    assert not shown(trail(since="nonsense"))


def test_pages_keep_the_filters_and_miss_no_event(alder, alice):
    activity_filter, seen, after = ActivityFilter(person=alice), [], ""
    while True:
        part = find_activity(alder, activity_filter, after=after, size=3)
        seen += part.rows
        if not (after := part.next_cursor):
            break

    assert seen == list(
        AuditEvent.objects.filter(activity_filter.condition(), customer=alder).order_by("-pk")
    )


def test_every_event_kind_of_a_company_has_a_group_and_a_full_sentence(alder):
    for event in AuditEvent.objects.all():
        for language in ("en", "fr"):
            with translation.override(language):
                assert "—" not in sentence_of(event), event.kind
    loose = (
        {kind.partition(".")[0] for kind in SENTENCES}
        - EVENT_GROUPS.keys()
        - {"portal", "signing_key"}
    )
    assert not loose, "say in EVENT_GROUPS what these are about"
    assert set(EVENT_GROUPS.values()) == set(EventGroup) - {EventGroup.OTHER}


def export(as_, reader, form, **query):
    address = reverse("accounts:activity-export", args=["alder", form], query=query or None)
    return as_(reader).post(address).getvalue().decode()


def verify(lines):
    """docs/activity.md: what anyone can do with the file alone. Out: how many are shown."""
    previous, shown = "0" * 64, 0
    for number, line in enumerate(map(json.loads, lines), start=1):
        assert line["sequence"] == number
        assert line["previous_hash"] == previous
        previous = line.pop("hash")
        words = line.pop("words", [])
        if "kind" in line:
            text = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert hashlib.sha256(text.encode()).hexdigest() == previous
            assert len(words) == len(line.get("sealed", []))
            for opened, (_key, _sealed, proof) in zip(words, line.get("sealed", []), strict=True):
                text = json.dumps(opened, separators=(",", ":"), ensure_ascii=False)
                assert opened is None or hashlib.sha256(text.encode()).hexdigest() == proof
            shown += 1
    return shown


def test_the_export_with_proof_is_complete_and_ends_with_its_own_event(as_, alice, alder):
    lines = export(as_, alice, "jsonl").splitlines()

    assert verify(lines) == len(lines) == AuditEvent.objects.filter(customer=alder).count()
    assert json.loads(lines[-1])["kind"] == "activity.exported"


def test_events_outside_the_filter_are_still_counted(as_, alice, bob, alder):
    lines = export(as_, alice, "jsonl", person=bob.sub).splitlines()

    assert 0 < verify(lines) < len(lines) == AuditEvent.objects.filter(customer=alder).count()
    with pytest.raises(AssertionError):
        verify([*lines[:2], *lines[3:]])
    with pytest.raises(AssertionError):
        verify([line.replace("Bob", "Rob") for line in lines])


def test_the_table_uses_readable_words(as_, alice, bob):
    table = export(as_, alice, "csv", person=bob.sub)

    assert "accepted the invitation" in table
    assert "Emma Roy accepted" not in table


def test_a_person_reads_their_own_history(as_, bob):
    client = as_(bob)
    events = shown(client.get(reverse("accounts:history")))
    lines = client.post(reverse("accounts:history-export", args=["jsonl"])).getvalue().decode()

    assert all(bob.pk in (event.actor_id, event.person_id) for event in events)
    assert json.loads(lines.splitlines()[-1])["kind"] == "history.exported"
    assert not AuditEvent.objects.exclude(customer=None).filter(kind="history.exported").exists()
