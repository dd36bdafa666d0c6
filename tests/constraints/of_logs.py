"""What the rules of representatives, log requests, payments and authorisations refuse, in SQL.

L34, L35, L37–L40, L42, L43, L45, L47 on both databases.
"""

from accounts.models import Membership, User
from compliance.models import (
    Authorisation,
    Charge,
    Download,
    LogPart,
    LogRequest,
    LogResource,
    Payment,
    Rate,
    RefusedPayment,
    Representative,
    Waiver,
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
    without,
)

PROPOSED, CONFIRMED = "confirmed_at IS NULL", "confirmed_at IS NOT NULL"
ASKED, APPROVED, PAID, READY = (
    f"state = '{state}'" for state in ("asked", "approved", "paid", "ready")
)
ALICE, OLIVE = (
    first(User, f"email = '{name}.example'") for name in ("alice@alder", "olive@harbour")
)
EMMA = first(User, "email = 'emma@alder.example'")
EMMAS = first(Membership, f"user_id = {EMMA} AND ended_at IS NULL")
FREE = first(LogRequest, ASKED)
UNPAID = first(Charge, f"request_id IN (SELECT id FROM compliance_logrequest WHERE {APPROVED})")
LOGS = "file_id IN (SELECT id FROM compliance_sealedfile WHERE kind = 'logs')"
GIVEN, NOT_GIVEN = "given_at IS NOT NULL", "given_at IS NULL"


def refused() -> dict[str, list[Statement]]:
    """Return the statements that each constraint refuses, by its name."""
    return {**representatives(), **requests(), **resources(), **money(), **authorisations()}


def representatives() -> dict[str, list[Statement]]:
    suspend = change(Membership, f"id = {EMMAS}", suspended_at=NOW)
    begins = without("representative_begins_unconfirmed_insert")
    return {
        "capacity_known": [copy(Representative, PROPOSED, capacity="'king'")],
        "representative_ending_known": [
            begins, copy(Representative, PROPOSED, ended_at=NOW, ending="'lost'"),
        ],
        "representative_has_evidence": [copy(Representative, PROPOSED, evidence="''")],
        "representative_ends_later": [copy(Representative, PROPOSED, until="proposed_at")],
        "confirmation_names_who_and_when": [
            begins, copy(Representative, PROPOSED, confirmed_at=NOW),
        ],
        "ended_representative_says_how": [copy(Representative, PROPOSED, ending="'left'")],
        "one_present_representative": [copy(Representative, PROPOSED)],
        "representative_is_a_live_member_insert": [
            suspend, copy(Representative, PROPOSED, ended_at="NULL", ending="''"),
        ],
        "representative_is_a_live_member_update": [
            without("representative_ends_with_suspension"),
            suspend,
            change(Representative, PROPOSED, end_reason="'x'"),
        ],
        "representative_for_a_year_insert": [
            copy(Representative, PROPOSED, until="'2100-01-01 00:00:00'")
        ],
        "representative_keeps_terms_update": [change(Representative, PROPOSED, evidence="'x'")],
        "representative_keeps_terms_delete": [remove(Representative)],
        "representative_keeps_terms_truncate": [truncate(Representative)],
        "representative_begins_unconfirmed_insert": [
            copy(Representative, PROPOSED, confirmed_at=NOW, confirmed_by_id=OLIVE)
        ],
        "representative_confirmed_by_staff_update": [
            change(Representative, PROPOSED, confirmed_at=NOW, confirmed_by_id=ALICE)
        ],
    }  # fmt: skip


def requests() -> dict[str, list[Statement]]:
    return {
        "log_purpose_known": [copy(LogRequest, ASKED, purpose="'revenge'")],
        "log_state_known": [
            without("log_request_begins_asked_insert"), copy(LogRequest, ASKED, state="'lost'"),
        ],
        "log_days_in_order": [copy(LogRequest, ASKED, first_day="'2100-01-01'")],
        "log_total_holds_the_fee": [copy(LogRequest, ASKED, total_cents="1")],
        "declined_log_request_has_a_reason": [change(LogRequest, ASKED, state="'declined'")],
        "log_decision_names_who_and_when": [change(LogRequest, ASKED, decided_at=NOW)],
        "logs_are_put_together_under_a_lease": [
            change(LogRequest, PAID, state="'tabulating'", lease="NULL")
        ],
        "log_check_names_who_and_when": [change(LogRequest, ASKED, checked_at=NOW)],
        "log_request_begins_asked_insert": [copy(LogRequest, ASKED, state="'paid'")],
        "log_request_keeps_its_terms_update": [change(LogRequest, ASKED, total_cents="99999")],
        "log_request_keeps_its_terms_delete": [remove(LogRequest)],
        "log_request_keeps_its_terms_truncate": [truncate(LogRequest)],
        "log_request_steps_update": [change(LogRequest, ASKED, state="'expired'")],
        "log_request_paid_first_update": [change(LogRequest, APPROVED, state="'paid'")],
        "log_request_checked_first_update": [change(LogRequest, READY, state="'released'")],
        "logs_downloaded_by_representative_insert": [
            change(Representative, CONFIRMED, ended_at=NOW, ending="'left'"),
            copy(Download, LOGS),
        ],
    }  # fmt: skip


def resources() -> dict[str, list[Statement]]:
    return {
        "log_resource_once": [copy(LogResource)],
        "log_resource_has_a_time": [copy(LogResource, ends_at="starts_at")],
        "log_resource_within_its_tenure_insert": [
            copy(LogResource, starts_at="'2000-01-01 00:00:00'")
        ],
        "log_resource_stays_update": [change(LogResource, name="'x'")],
        "log_resource_stays_delete": [remove(LogResource)],
        "log_resource_stays_truncate": [truncate(LogResource)],
        "log_part_once": [copy(LogPart)],
    }


def money() -> dict[str, list[Statement]]:
    once, again = (copy(Payment, system="'s'", external_id="'e'") for _row in range(2))
    return {
        "rate_code_known": [copy(Rate, code="'bread'")],
        "rate_currency_known": [copy(Rate, currency="'XXX'")],
        "rate_is_a_price": [copy(Rate, cents="0")],
        "rate_number_once": [copy(Rate)],
        "invoice_number_once": [copy(Charge, request_id=FREE)],
        "charge_says_how_to_pay": [copy(Charge, request_id=FREE, instructions_fr="''")],
        "charge_is_the_price_shown_insert": [copy(Charge, request_id=FREE, total_cents="1")],
        "payment_method_known": [copy(Payment, method="'gold'")],
        "payment_or_reversal": [copy(Payment, cents="0")],
        "external_payment_names_its_system": [copy(Payment, external_id="'e'")],
        "external_payment_once": [once, again],
        "refused_payment_once": [copy(RefusedPayment)],
        "reversal_of_what_came_in_insert": [
            copy(Payment, cents="-99999999", reverses_id=first(Payment))
        ],
        "waiver_has_a_reason": [copy(Waiver, charge_id=UNPAID, reason="''")],
        **append_only(Rate, Charge, Payment, RefusedPayment, Waiver),
    }


def authorisations() -> dict[str, list[Statement]]:
    return {
        "authorisation_ends_later": [copy(Authorisation, NOT_GIVEN, until="proposed_at")],
        "authorisation_says_what_for": [copy(Authorisation, NOT_GIVEN, platform="''")],
        "authorisation_names_its_giver": [
            without("authorisation_by_representative_update"),
            change(Authorisation, NOT_GIVEN, given_at=NOW),
        ],
        "ended_authorisation_says_how": [change(Authorisation, NOT_GIVEN, ended_at=NOW)],
        "one_authorisation_of_a_profile": [
            without("authorisation_begins_proposed_insert"),
            copy(Authorisation, GIVEN, platform="'FOTOGRAM'"),
        ],
        "authorisation_keeps_its_terms_update": [change(Authorisation, NOT_GIVEN, profile="'x'")],
        "authorisation_keeps_its_terms_delete": [remove(Authorisation)],
        "authorisation_keeps_its_terms_truncate": [truncate(Authorisation)],
        "authorisation_begins_proposed_insert": [copy(Authorisation, GIVEN)],
        "authorisation_by_representative_update": [
            change(
                Authorisation, NOT_GIVEN, given_at=NOW,
                given_by_id=first(Representative, PROPOSED),
            )
        ],
    }  # fmt: skip
