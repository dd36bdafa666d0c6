"""Presets: private to their customer, and applied only through a review."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AuditEvent
from portals.models import Preset
from portals.services.presets import (
    PresetRefused,
    change_preset,
    create_preset,
    delete_preset,
)
from tests.edits import edit

MANAGE = "domains.domain.manage"
OPEN = "domains.subscription.open"
EXPORT = "statistics.usage_report.export"


@pytest.fixture
def preset(alice, alder, privilege_of):
    lines = [
        (privilege_of(OPEN), True),
        (privilege_of(MANAGE), False),
        (privilege_of(EXPORT), True),
    ]
    return create_preset(actor=alice, customer=alder, name="Web team", lines=lines)


def events(kind):
    return AuditEvent.objects.filter(kind=kind).count()


def test_a_preset_is_created_changed_and_deleted_with_an_event_each(alice, preset, privilege_of):
    assert events("preset.created") == 3  # two of the example
    change_preset(
        actor=alice, preset=preset, name="Web people", lines=[(privilege_of(MANAGE), True)]
    )
    assert [(line.privilege_id, line.everywhere) for line in preset.lines.all()] == [
        (privilege_of(MANAGE).pk, True)
    ]
    change_preset(
        actor=alice, preset=preset, name=" Web people ", lines=[(privilege_of(MANAGE), True)]
    )
    assert events("preset.changed") == 1

    delete_preset(actor=alice, preset=preset)
    assert events("preset.deleted") == 1
    with pytest.raises(PresetRefused):
        delete_preset(actor=alice, preset=preset)
    with pytest.raises(PresetRefused):
        change_preset(actor=alice, preset=preset, name="x", lines=[(privilege_of(MANAGE), True)])


@pytest.mark.parametrize("who", ["emma", "charlie", "dana", "olive"])
def test_only_a_super_user_of_the_customer_may(request, who, preset, alder, privilege_of):
    actor, lines = request.getfixturevalue(who), [(privilege_of(MANAGE), True)]
    for act in (
        lambda: create_preset(actor=actor, customer=alder, name="Mine", lines=lines),
        lambda: change_preset(actor=actor, preset=preset, name="Mine", lines=lines),
        lambda: delete_preset(actor=actor, preset=preset),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert Preset.objects.get(pk=preset.pk).name == "Web team"
    assert preset.lines.count() == 3


def test_preset_names_ignore_case(alice, birch, charlie, alder, preset, privilege_of):
    lines = [(privilege_of(MANAGE), True)]
    with pytest.raises(PresetRefused) as refusal:
        create_preset(actor=alice, customer=alder, name="WEB TEAM", lines=lines)
    assert "name" in refusal.value.message_dict
    with pytest.raises(IntegrityError), transaction.atomic():
        Preset.objects.create(customer=alder, name="web TEAM")
    create_preset(actor=charlie, customer=birch, name="Web team", lines=lines)


def test_invalid_presets_are_refused(alice, charlie, birch, alder, privilege_of):
    before = Preset.objects.count()
    for name, lines in (
        ("", [(privilege_of(MANAGE), True)]),
        ("x" * 101, [(privilege_of(MANAGE), True)]),
        ("null\0", [(privilege_of(MANAGE), True)]),
        ("Empty", []),
        ("Twice", [(privilege_of(MANAGE), True), (privilege_of(MANAGE), False)]),
    ):
        with pytest.raises(ValidationError):
            create_preset(actor=alice, customer=alder, name=name, lines=lines)
    with pytest.raises(PresetRefused):  # Birch has no statistics
        create_preset(
            actor=charlie, customer=birch, name="Sums", lines=[(privilege_of(EXPORT), True)]
        )
    assert Preset.objects.count() == before


def test_a_preset_is_edited_on_its_page(as_, alice, alder, privilege_of):
    client = as_(alice)
    manage = privilege_of(MANAGE)
    form = {"name": "Domains", "privilege": ["", manage.pk], "everywhere": manage.resource_type_id}
    assert client.post(reverse("portals:preset-new", args=["alder"]), form).status_code == 302
    preset = Preset.objects.get(name="Domains")
    assert [line.everywhere for line in preset.lines.all()] == [True]

    page = reverse("portals:preset", args=["alder", preset.uuid])
    html = client.get(page).content.decode()
    assert f'<option value="{manage.pk}" selected>' in html
    answer = edit(client, page, {"name": "bookkeeper", "privilege": manage.pk})
    assert "Another preset has this name. Choose another name." in answer.content.decode()
    for bad in (
        {"name": "x"},
        {"name": "x", "privilege": "9" * 30},
        {"name": "x", "privilege": 999999},
    ):
        assert edit(client, page, bad).status_code == 200
    assert edit(client, page, {"name": "x", "privilege": manage.pk, "odd": 1}).status_code == 200
    preset.refresh_from_db()
    assert preset.name == "Domains"

    answer = client.post(reverse("portals:preset-delete", args=["alder", preset.uuid]), follow=True)
    assert "Access given with it stays." in answer.content.decode()


def test_the_example_has_two_presets(as_, alice, bob, charlie):
    page = reverse("portals:presets", args=["alder"])
    html = as_(alice).get(page).content.decode()
    assert "Bookkeeper" in html
    assert "Webmaster" in html
    assert as_(bob).get(page).status_code == 403
    assert (
        "No preset yet"
        in as_(charlie).get(reverse("portals:presets", args=["birch"])).content.decode()
    )


def test_the_list_has_a_query_budget(
    as_, alice, alder, privilege_of, django_assert_max_num_queries
):
    client, page = as_(alice), reverse("portals:presets", args=["alder"])
    for number in range(20):
        create_preset(
            actor=alice, customer=alder, name=f"P {number}", lines=[(privilege_of(MANAGE), True)]
        )
    with django_assert_max_num_queries(7):
        client.get(page)
