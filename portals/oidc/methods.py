"""How a person signed in, in standard words: the moment, the methods (amr), the strength (acr)."""

from allauth.account.authentication import get_authentication_records
from django.utils import timezone

from accounts.adapters import signed_in_at
from accounts.http import METHOD, PersonRequest
from portals.choices import HUB_SESSION_KEY
from portals.services.portal_sessions import SignIn

SINGLE_FACTOR = "https://refeds.org/profile/sfa"
SEVERAL_FACTORS = "https://refeds.org/profile/mfa"
ACR_VALUES = [SEVERAL_FACTORS, SINGLE_FACTOR]


def sign_in_of(request: PersonRequest) -> SignIn:
    """Return how the person of this request signed in.

    The hub session got its name at the sign-in (portals/receivers.py).
    """
    return SignIn(
        session_key=str(request.session.session_key),
        hub_session=request.session[HUB_SESSION_KEY],
        auth_time=signed_in_at(request) or request.user.last_login or timezone.now(),
        amr=_methods(request),
    )


def acr_of(amr: list[str]) -> str:
    """Return the strength of these methods, by the REFEDS profiles."""
    return SEVERAL_FACTORS if "mfa" in amr else SINGLE_FACTOR


def _methods(request: PersonRequest) -> list[str]:
    """Return the methods as RFC 8176 names them; a passkey with its PIN is two factors.

    What a company's provider names is passed on. It is several factors where the hub takes the
    provider's word for that, or has seen a second one itself.
    """
    methods: list[str] = []
    several = False
    kinds = set()
    for record in get_authentication_records(request, request.user):
        kinds.add(record.get("method"))
        if record.get("method") == METHOD:
            methods += record.get("amr", [])
            several = several or bool(record.get("second_factor"))
        elif record.get("method") == "password":
            methods.append("pwd")
        elif record.get("method") == "mfa":
            methods.append("hwk" if record.get("type") == "webauthn" else "otp")
            several = several or bool(record.get("passwordless"))
    methods = list(dict.fromkeys(methods))
    own = METHOD not in kinds and len(methods) > 1
    return [*methods, "mfa"] if several or own or {METHOD, "mfa"} <= kinds else methods
