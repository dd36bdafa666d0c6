"""What each constraint and trigger of the compliance app refuses, in raw SQL."""

from accounts.models import Invitation, User
from compliance.models import (
    Acceptance,
    Announcement,
    Download,
    DueAlarm,
    Policy,
    PolicyReminder,
    PolicyVersion,
    PrivacyRequest,
    Referral,
    ResellerRequest,
    SealedChunk,
    SealedFile,
)
from preferences.models import Campaign
from tests.constraints import of_breaches, of_erasures, of_logs
from tests.constraints.statements import (
    NOW,
    Statement,
    append_only,
    change,
    copy,
    first,
    remove,
    truncate,
    without,
)

DRAFT = "published_at IS NULL"
PUBLISHED = "published_at IS NOT NULL AND material"
USE = first(Policy, "slug = 'use'")
HOSTING = first(Policy, "slug = 'hosting'")
VERSION_OF_USE = first(PolicyVersion, f"policy_id = {USE}")
VERSION_OF_HOSTING = first(PolicyVersion, f"policy_id = {HOSTING}")
OF_USE = f"version_id = {VERSION_OF_USE}"
OF_HOSTING = f"version_id = {VERSION_OF_HOSTING}"
BOB = first(User, "email = 'bob@alder.example'")
ALICE = first(User, "email = 'alice@alder.example'")
OLIVE = first(User, "email = 'olive@harbour.example'")
FREE_CAMPAIGN = first(
    Campaign,
    "notice_class_id = 'legal' AND id NOT IN (SELECT campaign_id FROM compliance_announcement)",
)
OF_TOPIC = first(Campaign, "topic_id IS NOT NULL")
# Without these, another rule would refuse the copy of an announcement first.
FREE = {"version_id": VERSION_OF_HOSTING, "campaign_id": FREE_CAMPAIGN}

READY, MAKING = "state = 'ready'", "state = 'making'"
ANSWERED = "state = 'answered'"
ON_PAPER = {
    "person_id": BOB, "way": "'paper'", "reference": "'Binder 7'", "recorded_by_id": OLIVE,
    "recorded_at": NOW,
}  # fmt: skip
NEW = {"uuid": "'0b9d2c34-8d3f-4d65-9c0e-4f8d5a1b7c22'"}


def another_notice() -> Statement:
    """Return a statement that leaves a legal notice which announces nothing."""
    return copy(Campaign, "notice_class_id = 'legal'")


def refused() -> dict[str, list[list[Statement]]]:
    """Return the statements that each constraint refuses, by its name."""
    return {
        **policies(),
        **versions(),
        **announcements(),
        **answers(),
        **own_data(),
        **of_erasures.of_compliance(),
        **deadlines(),
        **programmes(),
        **of_logs.refused(),
        **of_breaches.refused(),
    }


def programmes() -> dict[str, list[Statement]]:
    new = {**NEW, "address_hash": "'another'"}
    return {
        "referral_state_known": [change(Referral, state="'lost'")],
        "referral_relation_known": [change(Referral, relation="'rumour'")],
        "referral_is_of_somebody_known": [copy(Referral, **new, confirmed="FALSE")],
        "blanked_referral_names_nobody": [change(Referral, blanked_at=NOW)],
        "only_an_interested_contact_joins": [change(Referral, joined_at=NOW)],
        "referral_stays_update": [change(Referral, address_hash="'another'")],
        "referral_stays_delete": [remove(Referral)],
        "referral_stays_truncate": [truncate(Referral)],
        "reseller_request_state_known": [
            change(ResellerRequest, state="'lost'", decided_by_id=OLIVE, decided_at=NOW)
        ],
        "decided_reseller_request_names_who_and_when": [
            change(ResellerRequest, state="'approved'")
        ],
        "declined_reseller_request_has_a_reason": [
            change(ResellerRequest, state="'declined'", decided_by_id=OLIVE, decided_at=NOW)
        ],
        "one_open_reseller_request": [copy(ResellerRequest, **NEW)],
    }


def deadlines() -> dict[str, list[Statement]]:
    return {"one_alarm_each": [copy(DueAlarm)], **append_only(DueAlarm)}


def policies() -> dict[str, list[Statement]]:
    return {
        "policy_kind_known": [
            Statement(
                "INSERT INTO compliance_policy (slug, kind, asked_of, created_at)"
                f" VALUES ('x', 'law', 'person', {NOW})"
            )
        ],
        "policy_asked_of_known": [
            Statement(
                "INSERT INTO compliance_policy (slug, kind, asked_of, created_at)"
                f" VALUES ('x', 'notice', 'all', {NOW})"
            )
        ],
        "notice_is_acknowledged_by_persons": [
            Statement(
                "INSERT INTO compliance_policy (slug, kind, asked_of, created_at)"
                f" VALUES ('x', 'notice', 'company', {NOW})"
            )
        ],
        "published_policy_keeps_its_terms_update": [change(Policy, "slug = 'use'", slug="'x'")],
    }


def versions() -> dict[str, list[Statement]]:
    return {
        "version_number_once": [
            copy(PolicyVersion, PUBLISHED, effective_at="NULL", published_at="NULL")
        ],
        "version_takes_effect_alone": [copy(PolicyVersion, PUBLISHED, number="9")],
        "one_draft_of_policy": [copy(PolicyVersion, DRAFT, number="9", effective_at="NULL")],
        "published_version_is_complete": [
            change(PolicyVersion, DRAFT, published_at=NOW, title_en="''")
        ],
        "version_takes_effect_after_publishing": [
            copy(PolicyVersion, PUBLISHED, number="9", effective_at="'2020-01-01 00:00:00'")
        ],
        "withdrawn_version_says_why": [change(PolicyVersion, PUBLISHED, withdrawn_at=NOW)],
        "published_version_keeps_its_text_update": [
            change(PolicyVersion, PUBLISHED, body_en="'Other'")
        ],
        "published_version_keeps_its_text_delete": [remove(PolicyVersion, PUBLISHED)],
        "published_version_keeps_its_text_truncate": [truncate(PolicyVersion)],
    }


def announcements() -> dict[str, list[Statement]]:
    return {
        "early_reason_in_both_languages": [
            another_notice(),
            copy(Announcement, OF_USE, **FREE, early_reason_en="'Because'"),
        ],
        **append_only(Announcement, PolicyReminder),
        "announced_version_is_published_insert": [
            another_notice(),
            copy(
                Announcement, OF_USE, version_id=first(PolicyVersion, DRAFT),
                campaign_id=FREE_CAMPAIGN,
            ),
        ],
        "announcement_is_a_legal_notice_insert": [
            copy(Announcement, OF_USE, version_id=VERSION_OF_HOSTING, campaign_id=OF_TOPIC)
        ],
        "announcement_by_a_second_person_insert": [
            another_notice(),
            copy(Announcement, OF_USE, **FREE, announced_by_id=OLIVE),
        ],
        "one_policy_reminder": [copy(PolicyReminder)],
    }  # fmt: skip


def answers() -> dict[str, list[Statement]]:
    return {
        "one_answer_of_person": [copy(Acceptance, OF_USE)],
        "one_answer_of_company": [copy(Acceptance, OF_HOSTING)],
        "answer_known": [
            without("answer_as_asked_insert"),
            copy(Acceptance, OF_USE, verb="'maybe'"),
        ],
        "answer_language_known": [copy(Acceptance, OF_USE, person_id=BOB, language="'xx'")],
        **append_only(Acceptance),
        "answer_to_the_text_shown_insert": [copy(Acceptance, OF_USE, person_id=BOB, sha256="'0'")],
        "answer_as_asked_insert": [copy(Acceptance, OF_USE, person_id=BOB, verb="'acknowledged'")],
        "answer_says_how_it_was_given": [
            copy(Acceptance, OF_USE, person_id=BOB, way="'paper'"),
        ],
        "answer_recorded_by_staff_insert": [
            copy(Acceptance, OF_USE, **{**ON_PAPER, "recorded_by_id": ALICE}),
        ],
        "answer_with_own_invitation_insert": [
            copy(
                Acceptance,
                OF_USE,
                person_id=BOB,
                way="'invitation'",
                invitation_id=first(Invitation),
            )
        ],
        "answer_by_super_user_insert": [
            copy(Acceptance, OF_HOSTING, person_id=BOB, verb="'declined'")
        ],
    }


def own_data() -> dict[str, list[Statement]]:
    return {
        "privacy_request_kind_known": [change(PrivacyRequest, kind="'joke'")],
        "privacy_request_state_known": [change(PrivacyRequest, ANSWERED, state="'lost'")],
        "privacy_request_is_due_later": [change(PrivacyRequest, due_at="received_at")],
        "settled_privacy_request_names_who_and_when": [
            change(PrivacyRequest, ANSWERED, settled_by_id="NULL")
        ],
        "refused_privacy_request_has_a_reason": [
            change(PrivacyRequest, ANSWERED, state="'refused'")
        ],
        "one_privacy_request_of_a_link": [copy(PrivacyRequest, **NEW)],
        "sealed_file_kind_known": [change(SealedFile, kind="'diary'")],
        "sealed_file_state_known": [change(SealedFile, MAKING, state="'lost'")],
        "only_a_whole_file_has_a_key": [
            change(SealedFile, READY, state="'gone'"),
        ],
        "ready_file_has_size_hash_and_end": [
            change(SealedFile, READY, expires_at="ready_at"),
        ],
        "one_sealed_file_a_day": [copy(SealedFile, MAKING, **NEW)],
        "one_chunk_of_each_number": [copy(SealedChunk)],
        **append_only(Download),
        "compliance_download_of_own_ready_file_insert": [
            copy(Download, person_id="(SELECT MAX(id) FROM accounts_user)"),
        ],
    }
