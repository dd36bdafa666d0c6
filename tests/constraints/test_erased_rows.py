"""A step of an erasure lets its own placeholder be written, and no other address (L57)."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Erasure, ErasureStep, Invitation, User
from accounts.triggers import Trigger
from compliance.models import Acceptance, Download, LegalHold
from preferences.models import ConsentRecord, DeliveryProbe, Escalation, Message, Recipient
from tests.constraints.every_table import fill, member, person
from tests.constraints.statements import change
from tests.constraints.test_constraints import declared as declared_in
from tests.constraints.test_constraints import is_refused_by, refusal_of

OTHERS = ("mallory@evil.example", "erased-1@erased.invalid")
KEEPS_ITS_ADDRESS = {
    "message_keeps_its_reader_update": Message,
    "preferences_deliveryprobe_append_only_update": DeliveryProbe,
    "recipient_stays_update": Recipient,
    "invitation_is_bound_update": Invitation,
    "hold_keeps_its_facts_update": LegalHold,
}


@pytest.fixture
def erasure(db) -> Erasure:
    """The erasure of a former person, with a row in each table that keeps an address."""
    fill()
    former = User.objects.create(email="gone@shop.example", name="Gone", is_active=False)
    alder = member("alice").customer
    letter = {"recipient": former.recipient, "notice_class_id": "legal", "address": former.email}
    messages = [Message.objects.create(message_id=f"<g{n}@hub>", **letter) for n in (1, 2)]
    escalation = Escalation.objects.create(message=messages[0], recipient=former.recipient)
    DeliveryProbe.objects.create(
        message=messages[1], escalation=escalation, address="gone@home.example"
    )
    Recipient.objects.create(address="gone@home.example", language="en")
    now = timezone.now()
    Invitation.objects.create(
        customer=alder, address=former.email, invited_by=person("alice"), accepted_by=former,
        accepted_at=now, token_hash="gone", expires_at=now,
    )  # fmt: skip
    LegalHold.objects.create(
        scope="person", address="gone@home.example", address_hash="x", ground="A dispute",
        until=now + timedelta(days=1), placed_by=person("olive"),
    )  # fmt: skip
    return Erasure.objects.create(person=former, sealed_addresses="x", address_hash="0" * 64)


def write(model, address):
    return [
        change(
            model, "address IN ('gone@shop.example', 'gone@home.example')", address=f"'{address}'"
        )
    ]


def is_refused(name, refusal):
    app = KEEPS_ITS_ADDRESS[name]._meta.app_label
    return is_refused_by(*declared_in(app)[name], refusal)


@pytest.mark.parametrize("name", KEEPS_ITS_ADDRESS)
def test_no_address_but_the_placeholder_is_written_on_an_erased_row_L57(name, erasure):
    model = KEEPS_ITS_ADDRESS[name]
    placeholder = f"erased-{erasure.person.sub}@erased.invalid"
    assert is_refused(name, refusal_of(write(model, placeholder)))  # no step says so
    for item in ("messages", "email_settings", "invitations", "holds"):
        ErasureStep.objects.create(erasure=erasure, item=item, outcome="done")
    for other in OTHERS:
        assert is_refused(name, refusal_of(write(model, other)))
    assert refusal_of(write(model, placeholder)) is None


def test_an_address_without_an_account_has_the_placeholder_of_its_erasure_L57(erasure):
    of_nobody = Erasure.objects.create(person=None, sealed_addresses="x", address_hash="2" * 64)
    ErasureStep.objects.create(erasure=of_nobody, item="email_settings", outcome="done")
    of_person = f"erased-{erasure.person.sub}@erased.invalid"
    assert is_refused("recipient_stays_update", refusal_of(write(Recipient, of_person)))
    assert refusal_of(write(Recipient, f"erased-{of_nobody.uuid}@erased.invalid")) is None


@pytest.mark.parametrize("model", [Acceptance, ConsentRecord, Download])
def test_blanking_an_address_changes_no_other_column(model):
    """The rule names all columns that stay: a new one must be among them."""
    columns = {field.column for field in model._meta.concrete_fields} - {"network_address"}
    rules = [
        statement
        for constraint in model._meta.constraints
        if isinstance(constraint, Trigger)
        for statement in constraint.sqlite
        if "NEW.network_address IS NULL" in statement
    ]
    assert rules
    for rule in rules:
        assert set(re.findall(r"NEW\.(\w+) = OLD\.", rule)) == columns
