"""Every field of every model is in one data item, or is declared not personal (L50)."""

from importlib import import_module

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.db import models
from django.db.models import ForeignKey
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import override

from accounts.models import User
from compliance import registry
from compliance.registry import ITEMS, NOT_PERSONAL, faults_of
from compliance.registry.items import Erase, NotPersonal
from compliance.selectors.own_data import acts_of, model_of, rows_of

TABLES = [(item, table) for item in ITEMS for table in item.tables]


def installed() -> list[type[models.Model]]:
    return list(apps.get_models(include_auto_created=True))


def test_every_field_of_every_model_has_one_entry_L50():
    assert faults_of(installed()) == []


def test_a_new_model_a_new_field_and_a_field_that_is_gone_are_named_L50(monkeypatch):
    class Diary(models.Model):
        mood = models.TextField()

        class Meta:
            app_label = "diaries"
            apps = Apps()

        def __str__(self):
            return self.mood

    stale = NotPersonal("accounts.Team", "gone", "colour")
    monkeypatch.setattr(registry, "NOT_PERSONAL", (*NOT_PERSONAL, stale))

    assert faults_of([*installed(), Diary]) == [
        "accounts.Team.colour is gone",
        "accounts.Team.colour is in a whole model",
        "diaries.Diary.id has no entry",
        "diaries.Diary.mood has no entry",
    ]


def test_a_field_in_two_items_is_named_L50(monkeypatch):
    monkeypatch.setattr(registry, "ITEMS", (*ITEMS, ITEMS[0]))

    assert "accounts.User.email is named 2 times" in faults_of(installed())


def test_each_model_that_leads_to_a_person_is_no_model_without_personal_data_L50():
    """The hub sets no owner of a client: it is the one exception."""
    whole = {entry.model for entry in NOT_PERSONAL if entry.fields == "*"}
    people = [
        model._meta.label
        for model in installed()
        if model._meta.label in whole
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey) and field.related_model is User
    ]

    assert people == ["allauth_idp_oidc.Client"]


def test_codes_of_items_are_unique_and_each_says_why_something_stays_L50():
    codes = [item.code for item in ITEMS]

    assert len(codes) == len(set(codes))
    assert all(item.kept_why for item in ITEMS if item.erase is Erase.KEEP)
    assert all(item.sources and item.purposes and item.seen_by for item in ITEMS)
    assert all(entry.reason for entry in NOT_PERSONAL)


@pytest.mark.parametrize(
    ("item", "table"), TABLES, ids=[f"{item.code}-{table.model}" for item, table in TABLES]
)
def test_each_entry_leads_to_the_rows_of_a_person_or_exports_nothing_L50(item, table, db, alice):
    assert {*table.names("hidden"), *table.names("copies")} <= set(table.names())
    for lookup in [*table.names("person"), *table.names("actor")]:
        assert lookup == "self" or end_of(table, lookup) is User
    if table.address:
        assert end_of(table, table.address) is None
    if table.person or table.address or table.actor:
        list(rows_of(table, alice)[:1])
        list(acts_of(table, alice)[:1])
    else:
        assert item.not_exported or not table.exported


@pytest.mark.parametrize("item", [item for item in ITEMS if item.retention.by], ids=str)
def test_what_is_said_to_be_deleted_by_itself_names_the_code_that_does_it_L50(item):
    module, name = item.retention.by.rsplit(".", 1)

    assert callable(getattr(import_module(module), name))


def test_a_field_whose_name_says_secret_is_never_exported_L51():
    words = ("password", "hash", "token", "secret", "sealed", "key", "seed", "nonce")
    shown = {
        (table.model, name)
        for _item, table in TABLES
        for name in table.exported
        if any(word in name for word in words)
    }

    assert shown == HASHES_THAT_PROVE


def end_of(table, lookup):
    """Return the model that a lookup leads to; None for a plain field."""
    model = model_of(table)
    for name in lookup.split("__"):
        model = model._meta.get_field(name).related_model
    return model


HASHES_THAT_PROVE = {
    ("accounts.AuditEvent", "hash"),  # the entry's place in the log
    ("preferences.ConsentRecord", "wording_hash"),  # of public words
}


def test_the_page_has_every_item_in_the_language_of_each_reader_L50(client, db):
    address = reverse("compliance:data-registry")
    for language in ("en", "fr", "en"):
        page = client.get(address, headers={"Accept-Language": language}).content.decode()
        with override(language):
            for item in ITEMS:
                assert f'id="item-{item.code}"' in page
                assert escape(str(item.holds)) in page and escape(item.kept_words) in page
