"""Leading people to their company's own sign-in, and what their session says of it."""

from dataclasses import asdict, dataclass
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import CompanySignIn

ASKED = "accounts.company_sign_in"  # in the session of somebody who was led there
METHOD = "company"  # of a session's record that a company's provider made


@dataclass(frozen=True)
class Asked:
    """The sign-in that somebody was led to, the address they wrote, and the page they wanted."""

    sign_in: str
    address: str = ""
    page: str = ""
    at_once: bool = False  # whether the page leads on by itself


def lead_to_company(
    request: HttpRequest, own: CompanySignIn, *, address: str, page: str, at_once: bool = False
) -> HttpResponse:
    """Lead to the page of a company's own sign-in, which remembers address and page."""
    request.session[ASKED] = asdict(Asked(str(own.uuid), address, page, at_once))
    return redirect("accounts:company-sign-in-ask")


def asked_for_company(request: HttpRequest) -> Asked | None:
    """Return where somebody was led; None for nobody who was."""
    kept = request.session.get(ASKED)
    return Asked(**kept) if isinstance(kept, dict) else None


def company_record(request: HttpRequest) -> dict[str, Any] | None:
    """Return what a company's provider last said in this session; None where it said nothing."""
    records = get_authentication_records(request, request.user)
    return next((row for row in reversed(records) if row.get("method") == METHOD), None)
