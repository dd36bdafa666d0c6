"""A case refers to tickets and recordings elsewhere, and holds neither (L48, L49)."""

from datetime import datetime, time, timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import (
    CaseReference,
    SupportCase,
    User,
    case_checks,
    cases,
    delays,
    recoveries,
    viewings,
)
from accounts.services import support
from accounts.signals import periodic_tick
from tests.cases import WHY

RECORDING = {
    "kind": "recording",
    "system": "Phones",
    "external_id": "rec-17",
    "announced": True,
}
OF_DESK = (cases, case_checks, delays, viewings, recoveries)
# Every text column of the desk, and the most characters of it. A longer or a new one is a place
# for a secret, a recording or the text of a ticket: think first.
TEXT_COLUMNS = {
    "SupportCase.ticket": 60,  # its reference
    "SupportCase.reason": 500,  # one sentence of ours, which the person reads
    "SupportCase.state": 10,
    "SupportCase.outcome": 20,
    "SupportCase.verification": 20,
    "SupportCase.called_back": 10,  # which number on file, never the number
    "CaseAct.act": 20,
    "CaseAct.subject": 64,  # a lasting identity
    "CaseReference.kind": 10,
    "CaseReference.system": 60,
    "CaseReference.external_id": 100,
    "CallerCode.code_hash": 64,
    "CaseConfirmation.answer": 10,
    "DelayedAct.act": 20,
    "DelayedAct.subject": 254,  # the key of a factor, or an address
    "DelayedAct.factor_name": 200,
    "DelayedAct.state": 10,
    "SuperUserRecovery.address": 254,
    "SuperUserRecovery.name": 150,
    "SuperUserRecovery.ticket": 60,
    "SuperUserRecovery.evidence": 500,
    "SuperUserRecovery.proof": 200,  # where it is kept
    "SuperUserRecovery.state": 10,
}
# The kinds of the other columns: none of them holds words or files.
OTHER_KINDS = {
    "BigAutoField", "BooleanField", "DateField", "DateTimeField", "ForeignKey", "OneToOneField",
    "PositiveSmallIntegerField", "UUIDField",
}  # fmt: skip


def models_of_desk():
    names = {module.__name__ for module in OF_DESK}
    return [model for model in apps.get_models() if model.__module__ in names]


def test_no_column_holds_a_secret_a_recording_or_the_text_of_a_ticket_L48():
    columns = {
        f"{model.__name__}.{field.name}": field
        for model in models_of_desk()
        for field in model._meta.concrete_fields
    }
    text = {name: field for name, field in columns.items() if field.max_length is not None}
    others = {name: field for name, field in columns.items() if name not in text}
    lengths = {name: field.max_length for name, field in text.items() if not is_uuid(field)}

    assert lengths == TEXT_COLUMNS
    kinds = {field.get_internal_type() for field in others.values()}
    kinds |= {field.get_internal_type() for field in text.values() if is_uuid(field)}
    assert kinds <= OTHER_KINDS


def is_uuid(field):
    return isinstance(field, models.UUIDField)


def test_no_other_model_hangs_on_a_case_L48():
    """What belongs to a case is in the list above, whichever app it is of."""
    desk = set(models_of_desk())
    hanging = {relation.related_model for relation in SupportCase._meta.related_objects}
    assert hanging and hanging <= desk


def refer(dana, case, **values):
    fields = {**RECORDING, "keep_until": timezone.localdate() + timedelta(days=30), **values}
    return support.add_reference(actor=dana, case=case, **fields)


@pytest.mark.parametrize("announced", [True, False])
def test_a_recording_says_announced_and_how_long_it_is_kept_L49(announced, dana, bob):
    case = support.open_case(actor=dana, person=bob, **WHY)
    assert refer(dana, case, announced=announced).announced is announced
    for end in (None, timezone.localdate(), timezone.localdate() + timedelta(days=731)):
        with pytest.raises(support.SupportRefused):
            refer(dana, case, external_id="2", keep_until=end)
    with pytest.raises(support.SupportRefused):
        refer(dana, case)  # the same twice


@pytest.mark.parametrize("lacking", ["announced", "keep_until"])
def test_the_database_takes_no_recording_without_both_L49(lacking, dana, bob):
    case = support.open_case(actor=dana, person=bob, **WHY)
    row = {**RECORDING, "keep_until": timezone.localdate() + timedelta(days=9), lacking: None}
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseReference.objects.create(case=case, **row)


def test_past_its_last_day_a_recording_is_gone_by_the_tick_L49(dana, bob, as_, time_machine):
    case = support.open_case(actor=dana, person=bob, **WHY)
    kept = refer(dana, case).keep_until
    refer(dana, case, kind="ticket", system="RT", external_id="1042", keep_until=None)
    noon = datetime.combine(kept, time(12), timezone.get_default_timezone())

    time_machine.move_to(noon, tick=False)  # its last day
    periodic_tick.send(CaseReference)
    assert case.references.filter(keep_until=kept).exists()
    time_machine.move_to(noon + timedelta(days=1), tick=False)
    periodic_tick.send(CaseReference)

    assert [str(each) for each in case.references.all()] == ["RT 1042"]  # has no last day
    assert support.delete_old_references() == 0


def test_the_page_says_announced_why_and_until_when_L49(dana, bob, as_):
    """The reason is the case's, beside it."""
    case = support.open_case(actor=dana, person=bob, **WHY)
    refer(dana, case)
    refer(dana, case, external_id="rec-18", announced=False)

    page = as_(dana).get(reverse("accounts:desk-person", args=[bob.sub])).content.decode()

    assert WHY["reason"] in page and "Phones rec-17" in page
    assert "The caller was told" in page and "The caller was not told" in page


def test_the_page_takes_a_reference(dana, bob, as_):
    case = support.open_case(actor=dana, person=bob, **WHY)
    address = reverse("accounts:case-reference", args=[case.uuid])
    data = {"kind": "ticket", "system": "RT", "external_id": "1042"}
    assert "RT 1042" in as_(dana).post(address, data, follow=True).content.decode()
    assert User.objects.get(pk=bob.pk).support_cases.get().references.count() == 1
