"""The support desk: it gives people their sign-in back, and never has it itself.

`open_case`, a verification, then acts: each takes the case, and is refused without an open,
verified case of this agent. `support_act` and `lock_verified_case` are how an act begins, and
`finish_act` is how it ends.
"""

from accounts.services.support.acts import (
    correct_address,
    correct_invitation,
    end_all_sessions,
    lift_sign_in_limits,
    remove_factor,
    resend_invitation,
    restore_person,
    send_reset_link,
    suspend_person,
    switch_off_company_sign_in,
)
from accounts.services.support.addresses import cancel_address_correction
from accounts.services.support.attempts import support_act
from accounts.services.support.caller_codes import (
    delete_old_caller_codes,
    make_support_code,
    send_caller_code,
    verify_by_code,
)
from accounts.services.support.cases import (
    end_case,
    facts_of,
    lock_case,
    lock_verified_case,
    open_case,
    verify,
    verify_by_call_back,
)
from accounts.services.support.closing import close_case
from accounts.services.support.confirmations import answer_confirmation, ask_super_users
from accounts.services.support.effects import begin_address_change, take_factor_away
from accounts.services.support.lapses import lapse_cases
from accounts.services.support.receipts import finish_act
from accounts.services.support.references import (
    add_reference,
    delete_old_references,
    record_look,
)
from accounts.services.support.refusals import SupportRefused

__all__ = [
    "SupportRefused",
    "add_reference",
    "answer_confirmation",
    "ask_super_users",
    "begin_address_change",
    "cancel_address_correction",
    "close_case",
    "correct_address",
    "correct_invitation",
    "delete_old_caller_codes",
    "delete_old_references",
    "end_all_sessions",
    "end_case",
    "facts_of",
    "finish_act",
    "lapse_cases",
    "lift_sign_in_limits",
    "lock_case",
    "lock_verified_case",
    "make_support_code",
    "open_case",
    "record_look",
    "remove_factor",
    "resend_invitation",
    "restore_person",
    "send_caller_code",
    "send_reset_link",
    "support_act",
    "suspend_person",
    "switch_off_company_sign_in",
    "take_factor_away",
    "verify",
    "verify_by_call_back",
    "verify_by_code",
]
