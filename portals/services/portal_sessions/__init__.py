"""Sessions in portals: opened by an authorization, carried by tokens, ended all at once."""

from portals.services.portal_sessions.ending import (
    end_portal_sessions,
    end_sessions_of_hub_sessions,
    end_sessions_without_access,
    leave_portal,
)
from portals.services.portal_sessions.forgetting import forget_old_sessions
from portals.services.portal_sessions.logout_notices import (
    send_logout_notice,
    take_due_logout_notices,
)
from portals.services.portal_sessions.opening import (
    CodeTerms,
    NotOpen,
    SignedOut,
    SignIn,
    authorize_portal,
    give_consent,
    withdraw_consent,
)
from portals.services.portal_sessions.tokens import (
    GrantNotValid,
    IssuedTokens,
    ScopeNotGranted,
    challenge_of,
    redeem_code,
    refresh_tokens,
    revoke_token,
)

__all__ = [
    "CodeTerms",
    "GrantNotValid",
    "IssuedTokens",
    "NotOpen",
    "ScopeNotGranted",
    "SignIn",
    "SignedOut",
    "authorize_portal",
    "challenge_of",
    "end_portal_sessions",
    "end_sessions_of_hub_sessions",
    "end_sessions_without_access",
    "forget_old_sessions",
    "give_consent",
    "leave_portal",
    "redeem_code",
    "refresh_tokens",
    "revoke_token",
    "send_logout_notice",
    "take_due_logout_notices",
    "withdraw_consent",
]
