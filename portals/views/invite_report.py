"""The report of inviting a list of people, as CSV."""

from collections.abc import Sequence

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.choices import InviteeState, Role
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.services.invitations import CheckedInvitee
from accounts.spreadsheets import csv_response, sign_rows, signed_rows
from accounts.views.access import managed_customer


def report_salt(customer: Customer) -> str:
    """Return the salt of a report's signature: a report is valid in its own company only."""
    return f"portals.invite.report.{customer.pk}"


def report_of(customer: Customer, examined: Sequence[CheckedInvitee]) -> str:
    """Return the rows of a report, signed, for the button that downloads them."""
    rows = [
        [
            row.invitee.line,
            row.address or row.invitee.address,
            row.invitee.name,
            row.role,
            row.state,
            row.column,
            row.value,
            row.problem,
        ]
        for row in examined
    ]
    return sign_rows(rows, salt=report_salt(customer))


@require_POST
def invite_report(request: PersonRequest, customer: str) -> HttpResponseBase:
    """Download the report of a dry run, or of sent invitations, as CSV."""
    company = managed_customer(request, customer)
    rows = signed_rows(request.POST.get("report", ""), salt=report_salt(company))
    heading = [
        *(_("Line"), _("Address"), _("Name"), _("Role"), _("Result")),
        *(_("Column"), _("Value"), _("Next step")),
    ]
    labelled_rows = (
        [line, address, name, Role(role).label, InviteeState(state).label, *why]
        for line, address, name, role, state, *why in rows
    )
    return csv_response("invitations", heading, labelled_rows)
