"""Proofs of a session: when somebody signed in, and by which factors."""

from datetime import UTC, datetime
from typing import cast

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from accounts.http import (
    METHOD,
    company_record,
)
from accounts.models import User
from accounts.selectors.company_sign_in import (
    counts_as_second_factor,
    keeps_way_in_of,
)
from accounts.selectors.factors import has_second_factor


def signed_in_at(request: HttpRequest) -> datetime | None:
    """Return when this session last signed in or confirmed that; None for never.

    A password or an emailed code is no such proof of a person who has a second factor. What a
    company's provider says counts from the moment at which the person proved it there.
    """
    records = get_authentication_records(request, request.user)
    if records and has_second_factor(cast(User, request.user)):
        records = [
            record for record in records if record["method"] == "mfa" or record.get("second_factor")
        ]
    moments = [
        record.get("proven_at") if record["method"] == METHOD else record["at"]
        for record in records
    ]
    proven = [moment for moment in moments if moment is not None]
    return datetime.fromtimestamp(max(proven), tz=UTC) if proven else None


def second_factor_taken_over(request: HttpRequest) -> bool:
    """Return whether the person's company has seen their second factor in this session.

    It is not taken from it for the main Super User, who needs one here.
    """
    record, person = company_record(request), cast(User, request.user)
    if record is None or not record.get("second_factor") or keeps_way_in_of(person):
        return False
    return counts_as_second_factor(person, record["customer"])
