"""Statements that the constraints and triggers about breaches refuse, in raw SQL."""

from accounts.models import Customer, User
from compliance.models import (
    Affected,
    AffectedEnd,
    Breach,
    CustomerNotice,
    Hold,
    Letter,
    NoticeReading,
    Report,
    ReportFiling,
    Wave,
)
from preferences.models import (
    Campaign,
    DeliveryDecision,
    DeliveryEvent,
    DeliveryProbe,
    Escalation,
    Message,
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

DECIDED, DRILL, OPEN = "reference = 'B-1'", "exercise", "reference = 'B-3'"
RELEASED, DRAFT = "slug = 'w1'", "slug = 'w3'"
EXERCISE, OURS = first(Breach, DRILL), first(Breach, OPEN)
DANA = first(User, "email = 'dana@harbour.example'")
OLIVE = first(User, "email = 'olive@harbour.example'")
BIRCH = first(Customer, "slug = 'birch'")
TOPIC = first(Campaign, "topic_id IS NOT NULL")
SPARE = first(
    Campaign,
    "notice_class_id = 'legal' AND id NOT IN (SELECT campaign_id FROM compliance_customernotice)",
)
ALICE = f"(SELECT id FROM preferences_recipient WHERE user_id = {first(User, 'NOT is_staff')})"
TOLD, NOT_TOLD = "wave_id IS NOT NULL", "wave_id IS NULL"
OUTSIDER, BOB = "recipient_id IS NULL", "recipient_id IS NOT NULL"
CORRECTED = {"wave_id": first(Wave, DRAFT), "corrects_id": first(Affected, OUTSIDER)}
NEW_PERSON = {"name": "'x'", "wave_id": "NULL"}
NEW_WAVE = {"slug": "'w9'", "number": "9", "campaign_id": "NULL"}
FREE_AFFECTED = first(
    Affected, "id NOT IN (SELECT affected_id FROM compliance_affectedend) AND wave_id IS NULL"
)


def refused() -> dict[str, list[Statement]]:
    """Return the statements that each constraint refuses, by its name."""
    return {
        **breaches(), **waves(), **proofs(), **people(), **letters(), **holds(), **reports(),
    }  # fmt: skip


def kept(name: str, model: type, where: str = "TRUE") -> dict[str, list[Statement]]:
    return {f"{name}_delete": [remove(model, where)], f"{name}_truncate": [truncate(model)]}


def breaches() -> dict[str, list[Statement]]:
    return {
        "breach_role_known": [change(Breach, OPEN, role="'owner'")],
        "breach_risk_known": [
            change(Breach, DECIDED, risk="'some'"),
        ],
        "breach_period_in_order": [
            change(Breach, OPEN, first_day="'2026-02-01'", last_day="'2026-01-01'")
        ],
        "decided_breach_says_why_who_and_when": [change(Breach, OPEN, risk="'none'")],
        "closed_breach_was_decided": [change(Breach, OPEN, closed_at=NOW, closed_by_id=OLIVE)],
        "breach_keeps_its_kind_update": [change(Breach, DRILL, exercise="FALSE")],
        "closed_breach_stays_closed_update": [
            change(Breach, DECIDED, closed_at=NOW, closed_by_id=OLIVE),
            change(Breach, DECIDED, cause="'Other'"),
        ],
        **kept("breach_is_kept", Breach, OPEN),
    }


def waves() -> dict[str, list[Statement]]:
    return {
        "wave_number_once": [copy(Wave, RELEASED, slug="'w9'", campaign_id="NULL")],
        "one_draft_of_a_wave": [copy(Wave, DRAFT, slug="'w9'", number="9")],
        "released_wave_is_complete": [
            change(Wave, DRAFT, released_at=NOW, released_by_id=DANA, list_count="1")
        ],
        "wave_released_by_a_second_person": [
            copy(Wave, RELEASED, **NEW_WAVE, released_by_id=OLIVE)
        ],
        "released_wave_stays_update": [change(Wave, RELEASED, advice_fr="'Other'")],
        "wave_corrects_a_released_notice_insert": [
            copy(Wave, RELEASED, **NEW_WAVE, corrects_id=first(Wave, DRAFT)),
        ],
        "wave_corrects_a_released_notice_update": [
            change(Wave, DRAFT, corrects_id=first(Wave, "slug = 'w2'")),
        ],
        "correction_tells_everybody_told_insert": [
            copy(Wave, RELEASED, **NEW_WAVE, corrects_id=first(Wave, RELEASED)),
        ],
        "correction_tells_everybody_told_update": [
            change(Wave, DRAFT, corrects_id=first(Wave, RELEASED)),
            change(Wave, DRAFT, released_at=NOW),
        ],
        "wave_is_a_legal_notice_insert": [
            copy(Wave, RELEASED, slug="'w9'", number="9", campaign_id=TOPIC)
        ],
        "wave_is_a_legal_notice_update": [change(Wave, DRAFT, campaign_id=TOPIC)],
        **kept("wave_is_kept", Wave, DRAFT),
        "exercise_mails_staff_only": [
            Statement(
                "INSERT INTO preferences_message (recipient_id, address, campaign_id,"
                " notice_class_id, subject, content_hash, message_id, state, created_at, due_at,"
                " attempts, last_error, in_digest)"
                " SELECT r.id, u.email,"
                " (SELECT campaign_id FROM compliance_wave WHERE slug = 'w2'),"
                f" 'legal', 'x', '', '<9@x>', 'queued', {NOW}, {NOW}, 0, '', FALSE"
                f" FROM preferences_recipient r JOIN accounts_user u ON u.id = r.user_id"
                f" WHERE r.id = {ALICE}"
            )
        ],
    }


def proofs() -> dict[str, list[Statement]]:
    """What a retention rule lets go after three years, but of a notice about a breach (L31)."""
    of_wave = "SELECT campaign_id FROM compliance_wave WHERE slug = 'w1'"
    notice = first(Message, f"campaign_id IN ({of_wave})")
    tried = f"(SELECT message_id FROM preferences_deliveryprobe WHERE escalation_id = {notice})"
    return {
        "deliverydecision_of_breach_is_kept_delete": [
            remove(DeliveryDecision, f"message_id = {tried}")
        ],
        "deliveryevent_of_breach_is_kept_delete": [remove(DeliveryEvent, f"message_id = {notice}")],
        "deliveryprobe_of_breach_is_kept_delete": [remove(DeliveryProbe, f"message_id = {tried}")],
        "escalation_of_breach_is_kept_delete": [remove(Escalation, f"message_id = {notice}")],
        "message_of_breach_is_kept_delete": [remove(Message, f"id = {notice}")],
    }


def people() -> dict[str, list[Statement]]:
    return {
        "affected_source_known": [copy(Affected, OUTSIDER, **NEW_PERSON, source="'dream'")],
        "affected_is_recipient_or_outsider": [copy(Affected, OUTSIDER, **NEW_PERSON, post="''")],
        "affected_recipient_once": [copy(Affected, BOB, wave_id="NULL")],
        "affected_outsider_once": [copy(Affected, OUTSIDER, wave_id="NULL")],
        "correction_is_of_a_notice": [
            copy(Affected, NOT_TOLD, corrects_id=first(Affected, OUTSIDER)),
        ],
        "correction_tells_each_once": [
            change(Wave, DRAFT, corrects_id=first(Wave, RELEASED)),
            copy(Affected, OUTSIDER, **CORRECTED),
            copy(Affected, OUTSIDER, **CORRECTED),
        ],
        "correction_goes_to_people_told_insert": [
            change(Wave, DRAFT, corrects_id=first(Wave, RELEASED)),
            copy(Affected, OUTSIDER, **{**CORRECTED, "name": "'Other'"}),
        ],
        "correction_goes_to_people_told_update": [
            change(Wave, DRAFT, corrects_id=first(Wave, RELEASED)),
            change(Affected, NOT_TOLD, wave_id=first(Wave, DRAFT)),
        ],
        "affected_stays_as_told_update": [change(Affected, TOLD, why="'Other'")],
        "affected_stays_as_told_delete": [remove(Affected, TOLD)],
        "affected_stays_as_told_truncate": [truncate(Affected)],
        "affected_of_the_same_breach_insert": [
            copy(Affected, OUTSIDER, name="'x'", breach_id=OURS)
        ],
        "affected_of_the_same_breach_update": [
            change(Affected, NOT_TOLD, wave_id=first(Wave, "slug = 'w2'"))
        ],
        "exercise_affects_staff_only_insert": [
            copy(Affected, NOT_TOLD, breach_id=EXERCISE, recipient_id=ALICE)
        ],
        "affected_ends_exhausted_or_indirect": [
            copy(AffectedEnd, affected_id=FREE_AFFECTED, outcome="'proved'")
        ],
        **append_only(AffectedEnd, NoticeReading),
        "notice_is_read_by_its_person_insert": [
            copy(NoticeReading, affected_id=FREE_AFFECTED, person_id=OLIVE)
        ],
    }


def letters() -> dict[str, list[Statement]]:
    return {
        "posted_letter_says_who": [change(Letter, posted_by_id="NULL")],
        "returned_letter_was_posted": [change(Letter, returned_on="posted_on")],
        "letter_keeps_its_facts_update": [change(Letter, post="'Other'")],
        **kept("letter_is_kept", Letter),
    }


def holds() -> dict[str, list[Statement]]:
    return {
        "hold_names_its_authority": [copy(Hold, officer="''")],
        "hold_ends_after_it_begins": [copy(Hold, until="begins_at")],
        "hold_reviewed_by_a_second_person": [copy(Hold, reviewed_by_id="placed_by_id")],
        "hold_ended_says_who": [change(Hold, ended_at=NOW)],
        "hold_lasts_thirty_days_insert": [copy(Hold, begins_at="'2020-01-01 00:00:00'")],
        "breach_hold_keeps_its_facts_update": [change(Hold, reason="'Other'")],
        **kept("hold_is_kept", Hold),
    }


def reports() -> dict[str, list[Statement]]:
    return {
        "one_report_of_regulator": [copy(Report)],
        "regulator_known": [copy(Report, regulator="'pope'")],
        "decided_report_says_why": [change(Report, "needed = 'undecided'", needed="'needed'")],
        **kept("report_is_kept", Report, "needed = 'undecided'"),
        "filing_number_once": [copy(ReportFiling)],
        "only_a_needed_report_is_filed_insert": [
            copy(ReportFiling, report_id=first(Report, "needed = 'undecided'"))
        ],
        **append_only(ReportFiling, CustomerNotice),
        "one_notice_of_a_company": [copy(CustomerNotice, campaign_id=SPARE)],
        "company_notice_in_both_languages": [
            copy(CustomerNotice, campaign_id=SPARE, customer_id=BIRCH, body_fr="''")
        ],
        "exercise_tells_no_company_insert": [
            copy(CustomerNotice, campaign_id=SPARE, breach_id=EXERCISE)
        ],
    }
