"""What the constraints and triggers of the desk's recoveries, delays and viewings refuse."""

from accounts.models import (
    Customer,
    DelayedAct,
    Membership,
    SuperUserRecovery,
    SupportCase,
    User,
    Viewing,
)
from tests.constraints.statements import NOW, change, copy, first, remove, without

ALICE = first(User, "email = 'alice@alder.example'")
OLIVE = first(User, "email = 'olive@harbour.example'")
BIRCH = first(Customer, "slug = 'birch'")
MEMBER_CHARLIE = first(Membership, f"customer_id = {BIRCH}")
LATE = "'2099-01-01 00:00:00+00:00'"


def refused():
    return {
        # --- Recoveries ---
        "one_open_recovery": [copy(SuperUserRecovery)],
        "recovery_state_known": [change(SuperUserRecovery, state="'other'", settled_at=NOW)],
        "recovery_by_two_people": [change(SuperUserRecovery, approved_by_id="opened_by_id")],
        "recovery_runs_once_approved": [change(SuperUserRecovery, state="'waiting'")],
        "recovery_offered_after_waiting": [
            change(
                SuperUserRecovery,
                state="'waiting'",
                approved_by_id=OLIVE,
                approved_at=NOW,
                takes_effect_at=LATE,
            ),
            change(SuperUserRecovery, state="'offered'", offered_at=NOW),
        ],
        "recovery_for_one_successor": [
            without("recovery_keeps_its_facts_update"),
            change(SuperUserRecovery, address="'new@alder.example'"),
        ],
        "recovery_changes_the_role": [
            without("recovery_keeps_its_facts_update"),
            change(SuperUserRecovery, lost_id="member_id"),
        ],
        "recovery_has_evidence": [
            without("recovery_keeps_its_facts_update"),
            change(SuperUserRecovery, evidence="''"),
        ],
        "recovery_settled_at_a_moment": [change(SuperUserRecovery, settled_at=NOW)],
        "recovery_settled_once_update": [
            change(SuperUserRecovery, state="'lapsed'", settled_at=NOW),
            change(SuperUserRecovery, name="'Nora'"),
        ],
        "recovery_settled_once_delete": [remove(SuperUserRecovery)],
        "recovery_keeps_its_facts_update": [change(SuperUserRecovery, evidence="'None.'")],
        "recovery_skips_no_state_insert": [copy(SuperUserRecovery, state="'waiting'")],
        "recovery_skips_no_state_update": [change(SuperUserRecovery, state="'done'")],
        "recovery_within_customer_insert": [copy(SuperUserRecovery, member_id=MEMBER_CHARLIE)],
        # --- Delayed acts ---
        "one_waiting_act_of_kind": [copy(DelayedAct)],
        "delayed_act_known": [change(DelayedAct, state="'other'", settled_at=NOW)],
        "delayed_act_waits": [
            without("delayed_act_keeps_its_facts_update"),
            change(DelayedAct, subject="''"),
        ],
        "delayed_act_settled_at_a_moment": [change(DelayedAct, settled_at=NOW)],
        "delayed_act_done_in_time": [change(DelayedAct, state="'done'", settled_at=NOW)],
        "delayed_act_confirmed_by_other": [change(DelayedAct, confirmed_by_id="person_id")],
        "delayed_act_settled_once_update": [
            change(DelayedAct, state="'void'", settled_at=NOW),
            change(DelayedAct, factor_name="'Key'"),
        ],
        "delayed_act_settled_once_delete": [remove(DelayedAct)],
        "delayed_act_keeps_its_facts_update": [change(DelayedAct, subject="'2'")],
        "delayed_act_of_verified_case_insert": [copy(DelayedAct, person_id=ALICE)],
        # --- Viewings ---
        "one_viewing_of_case": [copy(Viewing)],
        "viewing_ends_in_time": [change(Viewing, ended_at=LATE)],
        "viewing_of_verified_case_insert": [
            change(SupportCase, state="'closed'", outcome="'helped'", closed_at=NOW),
            copy(Viewing),
        ],
        "viewing_keeps_its_end_update": [change(Viewing, ends_at=LATE)],
        "viewing_keeps_its_end_delete": [remove(Viewing)],
    }
