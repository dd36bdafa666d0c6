"""What the constraints and triggers of accounts refuse; the last statement of each is refused."""

from accounts.models import (
    AccessRequest,
    AuditEvent,
    AuditEventPerson,
    AuditEventResource,
    CallerCode,
    CaseAct,
    CaseConfirmation,
    CaseReference,
    CompanyDomain,
    CompanyIdentity,
    CompanySignIn,
    Customer,
    HandOver,
    Invitation,
    Membership,
    Offboarding,
    ReassignedTeam,
    SkippedStep,
    SubjectKey,
    SupportCase,
    Team,
    TeamMembership,
    Undo,
    User,
)
from tests.constraints import of_desk, of_erasures
from tests.constraints.statements import (
    NOW,
    append_only,
    change,
    copy,
    first,
    remove,
    truncate,
    without,
)

ALICE = first(User, "email = 'alice@alder.example'")
BIRCH = first(Customer, "slug = 'birch'")
MEMBER_ALICE = f"(SELECT id FROM accounts_membership WHERE user_id = {ALICE})"
MEMBER_CHARLIE = first(Membership, f"customer_id = {BIRCH}")
TEAM_OF_BIRCH = first(Team, f"customer_id = {BIRCH}")
OPEN_INVITATION = "accepted_at IS NULL AND revoked_at IS NULL"
OPEN_REQUEST = "state = 'open'"
ONE_REQUEST = first(AccessRequest)
MAIN = "id IN (SELECT main_super_user_id FROM accounts_customer)"
OF_ALDER = "slug = 'alder'"
OLIVE = first(User, "email = 'olive@harbour.example'")
VERIFIED = "verification <> ''"
NEW_CODE = {"case_id": "NULL", "person_id": ALICE}


def refused():
    return {
        # --- People, customers, memberships ---
        "no_superuser": [change(User, is_superuser="TRUE")],
        "address_is_lower_case": [change(User, email="'Bob.T@alder.example'")],
        "suspended_account_is_not_active": [change(User, "is_active", suspended_at=NOW)],
        "live_customer_has_main_super_user": [
            change(Customer, OF_ALDER, main_super_user_id="NULL")
        ],
        "customer_status_known": [change(Customer, status="'frozen'")],
        "main_super_user_is_live_insert": [copy(Customer, slug="'other'")],
        "main_super_user_is_live_update": [
            change(Customer, OF_ALDER, main_super_user_id=MEMBER_CHARLIE)
        ],
        "customer_is_pending_once_update": [
            change(Customer, OF_ALDER, status="'pending'", main_super_user_id="NULL")
        ],
        "one_present_membership": [copy(Membership, "ended_at IS NULL")],
        "role_known": [change(Membership, f"NOT {MAIN}", role="'owner'")],
        "main_super_user_stays_update": [change(Membership, MAIN, ends_at=NOW)],
        "main_super_user_stays_delete": [remove(Membership, MAIN)],
        "membership_keeps_its_person_update": [
            change(Membership, f"customer_id <> {BIRCH}", customer_id=BIRCH)
        ],
        # --- The activity log, undo ---
        "event_sequence_once": [copy(AuditEvent)],
        "event_speaks_once": [copy(AuditEventResource)],
        "event_concerns_once": [copy(AuditEventPerson)],
        **append_only(AuditEvent, AuditEventResource, AuditEventPerson, Undo),
        "subject_key_of_a_person_or_an_address": [
            change(SubjectKey, "user_id IS NOT NULL", address="'x@alder.example'")
        ],
        "one_current_key_of_a_person": [copy(SubjectKey, "user_id IS NOT NULL")],
        "one_current_key_of_an_address": [copy(SubjectKey, "address IS NOT NULL")],
        "subject_key_of_an_account_in_use_delete": [remove(SubjectKey, "user_id IS NOT NULL")],
        "subject_key_of_an_account_in_use_truncate": [truncate(SubjectKey)],
        # --- Hand-overs ---
        "one_open_hand_over": [copy(HandOver)],
        "hand_over_settled_at_a_moment": [change(HandOver, settled_at=NOW)],
        "hand_over_between_two_people": [
            copy(HandOver, receiver_id="giver_id", state="'lapsed'", settled_at=NOW)
        ],
        "hand_over_settled_once_update": [
            change(HandOver, state="'lapsed'", settled_at=NOW),
            change(HandOver, state="'open'", settled_at="NULL"),
        ],
        "hand_over_keeps_its_people_update": [change(HandOver, receiver_id=MEMBER_CHARLIE)],
        "hand_over_within_customer_insert": [
            copy(HandOver, receiver_id=MEMBER_CHARLIE, state="'lapsed'", settled_at=NOW)
        ],
        # --- Set-up guides ---
        "setup_step_known": [change(SkippedStep, step="'nothing'")],
        "company_skips_once": [copy(SkippedStep, "customer_id IS NOT NULL")],
        "provider_skips_once": [copy(SkippedStep, "customer_id IS NULL")],
        # --- Teams ---
        "team_name_once": [
            copy(
                Team,
                name="upper(name)",
                group_id="(SELECT id FROM auth_group WHERE name = 'spare')",
            )
        ],
        "in_a_team_once": [copy(TeamMembership)],
        "team_within_customer_insert": [copy(TeamMembership, membership_id=MEMBER_CHARLIE)],
        "team_within_customer_update": [change(TeamMembership, membership_id=MEMBER_CHARLIE)],
        # --- Invitations ---
        "one_open_invitation": [copy(Invitation, OPEN_INVITATION, token_hash="'other'")],
        "accepted_or_revoked": [
            change(Invitation, OPEN_INVITATION, accepted_at=NOW, revoked_at=NOW)
        ],
        "main_invitation_is_super_user": [
            copy(
                Invitation,
                address="'gina@alder.example'",
                token_hash="'other'",
                as_main_super_user="TRUE",
                role="'user'",
            )
        ],
        "bounced_invitation_has_a_reason": [change(Invitation, bounced_at=NOW)],
        "invitation_is_bound_update": [change(Invitation, address="'gina@alder.example'")],
        "invitation_is_used_once_update": [
            change(Invitation, OPEN_INVITATION, revoked_at=NOW),
            change(Invitation, "revoked_at IS NOT NULL", revoked_at="NULL"),
        ],
        "invitation_within_customer_insert": [
            copy(
                Invitation,
                f"customer_id <> {BIRCH}",
                address="'gina@alder.example'",
                token_hash="'other'",
                team_id=TEAM_OF_BIRCH,
            )
        ],
        "invitation_within_customer_update": [
            change(Invitation, f"customer_id <> {BIRCH}", team_id=TEAM_OF_BIRCH)
        ],
        # --- A company's own sign-in ---
        "company_sign_in_was_tried": [change(CompanySignIn, in_force_since=NOW)],
        "company_sign_in_by_https": [
            copy(CompanySignIn, customer_id=BIRCH, issuer="'http://login.alder.example'")
        ],
        "company_sign_in_is_bound_update": [change(CompanySignIn, customer_id=BIRCH)],
        "company_domain_once": [copy(CompanyDomain, proven_at="NULL", proof="''")],
        "domain_proven_by_one_company": [copy(CompanyDomain, customer_id=BIRCH)],
        "domain_is_lower_case": [copy(CompanyDomain, domain="'Alder.example'")],
        "proven_domain_has_a_proof": [change(CompanyDomain, proven_at="NULL")],
        "missing_record_was_the_proof": [change(CompanyDomain, proof="'email'", missing_since=NOW)],
        "lapsed_proof_is_missing": [change(CompanyDomain, lapsed_at=NOW)],
        "company_domain_is_bound_update": [change(CompanyDomain, domain="'birch.example'")],
        "company_identity_is_one_person": [
            copy(CompanyIdentity, user_id=first(User, "email = 'bob@alder.example'"))
        ],
        "person_has_one_company_identity": [copy(CompanyIdentity, subject="'other'")],
        "company_identity_is_bound_update": [change(CompanyIdentity, subject="'other'")],
        "company_identity_is_not_of_staff_insert": [
            copy(CompanyIdentity, subject="'other'", user_id=first(User, "is_staff"))
        ],
        **of_desk.refused(),
        **of_erasures.of_accounts(),
        # --- Cases of the support desk ---
        "one_open_case_of_agent": [copy(SupportCase)],
        "case_is_not_of_oneself": [
            without("case_is_not_of_staff_insert"),
            without("case_within_customer_insert"),
            copy(SupportCase, person_id="opened_by_id", verified_by_id="opened_by_id"),
        ],
        "case_has_ticket_and_reason": [copy(SupportCase, ticket="''", opened_by_id=OLIVE)],
        "case_closed_with_outcome": [change(SupportCase, state="'closed'", closed_at=NOW)],
        "case_verified_by_method": [change(SupportCase, verification="'super_user'")],
        "case_is_not_of_staff_insert": [copy(SupportCase, person_id=OLIVE, customer_id="NULL")],
        "case_within_customer_insert": [
            copy(SupportCase, customer_id=BIRCH, opened_by_id=OLIVE, verified_by_id=OLIVE)
        ],
        "case_keeps_its_facts_update": [change(SupportCase, ticket="'T-2'")],
        "case_closed_once_update": [
            change(SupportCase, state="'closed'", outcome="'helped'", closed_at=NOW),
            change(SupportCase, state="'open'", outcome="''", closed_at="NULL"),
        ],
        "case_stays_verified_update": [
            change(
                SupportCase,
                VERIFIED,
                verification="''",
                verified_at="NULL",
                verified_by_id="NULL",
                called_back="''",
            )
        ],
        "case_acts_once": [copy(CaseAct)],
        "case_act_known": [copy(CaseAct, act="'set_password'")],
        "case_act_is_verified_insert": [
            change(SupportCase, state="'closed'", outcome="'helped'", closed_at=NOW),
            copy(CaseAct, subject="'other'"),
        ],
        **append_only(CaseAct),
        "case_refers_once": [copy(CaseReference)],
        "recording_says_announced_and_end": [
            copy(CaseReference, "kind = 'recording'", external_id="'2'", announced="NULL")
        ],
        "reference_names_its_source": [change(CaseReference, system="''")],
        "one_support_code": [
            copy(CallerCode, **NEW_CODE),
            copy(CallerCode, **NEW_CODE),
        ],
        "one_code_of_case": [copy(CallerCode)],
        "caller_code_of_its_person_insert": [copy(CallerCode, person_id=ALICE)],
        "caller_code_of_its_person_update": [change(CallerCode, person_id=ALICE)],
        "case_asks_once": [copy(CaseConfirmation)],
        "confirmation_answered_by_somebody": [change(CaseConfirmation, answer="'confirmed'")],
        "confirmation_by_somebody_else_insert": [
            copy(
                CaseConfirmation,
                answer="'confirmed'",
                answered_at=NOW,
                answered_by_id=first(User, "email = 'bob@alder.example'"),
            )
        ],
        "confirmation_by_somebody_else_update": [
            change(
                CaseConfirmation,
                answer="'confirmed'",
                answered_at=NOW,
                answered_by_id=first(User, "email = 'dana@harbour.example'"),
            )
        ],
        "confirmation_answered_once_update": [
            change(CaseConfirmation, answer="'denied'", answered_at=NOW, answered_by_id=ALICE),
            change(CaseConfirmation, answer="''", answered_at="NULL", answered_by_id="NULL"),
        ],
        # --- Requests ---
        "request_kind_known": [change(AccessRequest, kind="'gift'")],
        "request_answered_by_someone_at_a_moment": [change(AccessRequest, answered_at=NOW)],
        "request_refused_with_a_reason": [
            change(AccessRequest, state="'refused'", answered_at=NOW, answered_by_id=ALICE)
        ],
        "one_open_request_of_a_kind": [
            copy(AccessRequest, OPEN_REQUEST, kind="'name'"),
            copy(AccessRequest, OPEN_REQUEST, kind="'name'"),
        ],
        "one_open_request_about_a_service": [
            copy(AccessRequest, OPEN_REQUEST, kind="'add'", about="'mail'", passed_at=NOW),
            copy(AccessRequest, OPEN_REQUEST, kind="'add'", about="'mail'", passed_at=NOW),
        ],
        "service_is_asked_of_the_provider": [copy(AccessRequest, kind="'add'", about="'mail'")],
        "provider_answers_what_was_passed_on": [change(AccessRequest, by_provider="TRUE")],
        "request_reminders_end": [change(AccessRequest, reminders="3")],
        "request_answered_once_update": [
            change(AccessRequest, state="'withdrawn'", answered_at=NOW),
            change(AccessRequest, state="'open'", answered_at="NULL"),
        ],
        "request_within_customer_insert": [copy(AccessRequest, customer_id=BIRCH)],
        "request_within_customer_update": [change(AccessRequest, customer_id=BIRCH)],
        # --- Offboarding ---
        "offboarding_settled_at_a_moment": [change(Offboarding, settled_at=NOW)],
        "one_open_offboarding": [copy(Offboarding)],
        "offboarding_settled_once_update": [
            change(Offboarding, state="'cancelled'", settled_at=NOW),
            change(Offboarding, state="'open'", settled_at="NULL"),
        ],
        "offboarding_answers_its_own_insert": [
            copy(Offboarding, membership_id=MEMBER_ALICE, request_id=ONE_REQUEST)
        ],
        "offboarding_answers_its_own_update": [change(Offboarding, request_id=ONE_REQUEST)],
        "team_reassigned_once": [copy(ReassignedTeam)],
        "accounts_reassignedteam_to_a_colleague_insert": [
            copy(ReassignedTeam, receiver_id=MEMBER_CHARLIE)
        ],
        "accounts_reassignedteam_to_a_colleague_update": [
            change(ReassignedTeam, receiver_id=MEMBER_CHARLIE)
        ],
    }
