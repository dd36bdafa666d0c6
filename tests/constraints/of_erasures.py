"""Statements that erasures, closings, holds and retention refuse, in raw SQL."""

from accounts.models import Erasure, ErasureStep, User
from compliance.models import (
    Closing,
    DataNote,
    LegalHold,
    PrivacyRequest,
    RetentionApproval,
    RetentionRun,
)
from tests.constraints.statements import (
    NOW,
    Statement,
    append_only,
    change,
    copy,
    first,
    remove,
    truncate,
)

RUNNING, DONE = "done_at IS NULL", "done_at IS NOT NULL"
OF_PERSON, OF_NOBODY = "person_id IS NOT NULL", "person_id IS NULL"
BOB = first(User, "email = 'bob@alder.example'")
OPEN, EXTENDED = "state = 'open' AND extended_at IS NULL", "extended_at IS NOT NULL"
LATER = "'2040-01-01 00:00:00'"
WAITING = "state = 'waiting'"


def of_accounts() -> dict[str, list[Statement]]:
    return {
        "erasure_knows_addresses_while_it_runs": [change(Erasure, RUNNING, sealed_addresses="''")],
        "one_open_erasure_of_a_person": [copy(Erasure, f"{RUNNING} AND {OF_PERSON}")],
        "one_open_erasure_of_an_address": [copy(Erasure, f"{RUNNING} AND {OF_NOBODY}")],
        "erasure_of_a_closed_account_insert": [copy(Erasure, DONE, person_id=BOB)],
        "erased_account_stays_closed_update": [
            change(User, "email = 'former@shop.example'", is_active="TRUE")
        ],
        "erasure_keeps_its_subject_update": [change(Erasure, RUNNING, address_hash="'other'")],
        "erasure_keeps_its_subject_delete": [remove(Erasure)],
        "erasure_keeps_its_subject_truncate": [truncate(Erasure)],
        "kept_step_names_its_ground": [copy(ErasureStep, "outcome = 'kept'", ground="''")],
        "item_is_erased_once": [copy(ErasureStep, "outcome = 'done'")],
        **append_only(ErasureStep),
        "step_of_an_open_erasure_insert": [
            copy(ErasureStep, item="'jobs'", erasure_id=first(Erasure, DONE))
        ],
    }


def of_compliance() -> dict[str, list[Statement]]:
    return {**requests(), **closings(), **holds(), **retention()}


def requests() -> dict[str, list[Statement]]:
    return {
        "entered_privacy_request_names_its_writer": [change(PrivacyRequest, source="'post'")],
        "privacy_request_law_known": [change(PrivacyRequest, law="'moon'")],
        "privacy_request_pauses_where_the_law_knows_it": [
            change(PrivacyRequest, OPEN, paused_at=NOW)
        ],
        "privacy_request_is_extended_in_time_with_reasons": [
            change(PrivacyRequest, EXTENDED, extension_reason="''")
        ],
        "privacy_request_extended_once_update": [
            change(PrivacyRequest, EXTENDED, extended_from="received_at")
        ],
        "privacy_request_extension_is_short_insert": [copy(PrivacyRequest, EXTENDED)],
        "privacy_request_extension_is_short_update": [
            change(
                PrivacyRequest, OPEN, extended_at=NOW, extended_from="due_at", due_at=LATER,
                extension_reason="'x'",
            )
        ],
        "privacy_request_due_day_stays_update": [change(PrivacyRequest, OPEN, due_at=LATER)],
    }  # fmt: skip


def closings() -> dict[str, list[Statement]]:
    return {
        "closing_of_a_person_or_an_address": [change(Closing, WAITING, address="'x@y.example'")],
        "closing_waits": [copy(Closing, WAITING, takes_effect_at="asked_at")],
        "closing_is_cancelled_or_started": [change(Closing, WAITING, state="'cancelled'")],
        "one_closing_of_a_person": [copy(Closing, f"{WAITING} AND {OF_PERSON}")],
        "one_closing_of_an_address": [copy(Closing, f"{WAITING} AND {OF_NOBODY}")],
        "closing_keeps_its_plan_update": [change(Closing, takes_effect_at=LATER)],
        "closing_keeps_its_plan_delete": [remove(Closing)],
        "closing_keeps_its_plan_truncate": [truncate(Closing)],
        "note_says_something": [change(DataNote, text="''")],
        "one_note_of_a_request": [copy(DataNote)],
    }


def holds() -> dict[str, list[Statement]]:
    return {
        "hold_is_about_its_scope": [copy(LegalHold, address="'x@y.example'", address_hash="'x'")],
        "held_address_has_its_hash": [copy(LegalHold, address_hash="'x'")],
        "held_data_is_not_erased_insert": [
            copy(ErasureStep, "outcome = 'done'", item="'membership'")
        ],
        "hold_has_a_ground": [copy(LegalHold, ground="''")],
        "hold_ends_by_itself": [copy(LegalHold, until="placed_at")],
        "ended_hold_says_who_and_why": [change(LegalHold, "ended_at IS NULL", ended_at=NOW)],
        "hold_keeps_its_facts_update": [change(LegalHold, until=LATER)],
        "hold_keeps_its_facts_delete": [remove(LegalHold)],
        "hold_keeps_its_facts_truncate": [truncate(LegalHold)],
    }


def retention() -> dict[str, list[Statement]]:
    return {
        **append_only(RetentionApproval),
        "run_deletes_what_it_found": [copy(RetentionRun, deleted="5")],
        "retention_run_stays_update": [change(RetentionRun, found="9")],
        "retention_run_stays_truncate": [truncate(RetentionRun)],
    }
