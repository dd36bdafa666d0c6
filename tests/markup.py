"""Markup in every word of a database, as an attacker among its writers would leave it."""

import re

from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.db.models.functions import Now

MARKUP = '<img src=x onerror=m><b hx-get="/x" hx-trigger="load">'
SHORT = "<b hx-get=/x>"
RAW = re.compile(r"<img src=x|<b hx-get")
APPS = ("accounts", "portals", "preferences", "compliance")
# Written by the hub itself, and never printed as words: keys, hashes, search keys.
NOT_WORDS = re.compile(
    r"password|search_.*|entry|time_zone|.*hash|chain|kind|code|codename|message_id|event|about|sealed_key"
)
# Append-only, or fixed once made; they get their markup by an act below, or from other rows.
FIXED = {
    *("AuditChain", "AuditEvent", "ConsentRecord", "Message", "SupportCase", "CaseAct"),
    *("CaseReference", "SuperUserRecovery", "DelayedAct", "ResourceTenure"),
    *("Erasure", "ErasureStep", "LegalHold", "RetentionApproval", "RetentionRun"),
    *("PolicyVersion", "Announcement", "Acceptance", "DueAlarm", "Referral"),
}
# What has to change with a field.
WITH = {"external_id": {"held_since": Now()}}


def word_fields():
    """Each field of free text: model and its fields."""
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            fields = [
                field
                for field in model._meta.concrete_fields
                if isinstance(field, models.CharField | models.TextField)
                and not isinstance(field, models.SlugField | models.EmailField)
                and not field.choices
                and not NOT_WORDS.fullmatch(field.name)
            ]
            if fields and model.__name__ not in FIXED:
                yield model, fields


def marked(field, number):
    """The markup, with a number where two rows may not be equal; cut to what the field holds."""
    for text in (f"{MARKUP}{number}", f"{SHORT}{number}"):
        if field.max_length is None or len(text) <= field.max_length:
            return text
    raise AssertionError(f"{field} is too short for the markup")


def write_markup():
    """Replace each word that anybody may write by markup, where the database lets it change."""
    for model, fields in word_fields():
        for row in model._default_manager.all():
            for field in fields:
                try:
                    with transaction.atomic():
                        model._default_manager.filter(pk=row.pk).update(
                            **{field.name: marked(field, row.pk), **WITH.get(field.name, {})}
                        )
                except DatabaseError as refusal:
                    raise AssertionError(f"{model.__name__}.{field.name}") from refusal
