"""What became of a list of people to invite, to take along as CSV."""

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


def salt_of(customer: Customer) -> str:
    """What a report is signed with: it opens in its own company alone."""
    return f"portals.invite.report.{customer.pk}"


def report_of(customer: Customer, examined: Sequence[CheckedInvitee]) -> str:
    """The rows of a report, signed, for the button that downloads them."""
    rows = [
        [one.address or one.invitee.address, one.invitee.name, one.role, one.state, one.problem]
        for one in examined
    ]
    return sign_rows(rows, salt=salt_of(customer))


@require_POST
def invite_report(request: PersonRequest, customer: str) -> HttpResponseBase:
    """The report of a dry run or a sending, as CSV."""
    company = managed_customer(request, customer)
    rows = signed_rows(request.POST.get("report", ""), salt=salt_of(company))
    heading = [_("Address"), _("Name"), _("Role"), _("Result"), _("Why")]
    said = (
        [address, name, Role(role).label, InviteeState(state).label, problem]
        for address, name, role, state, problem in rows
    )
    return csv_response("invitations", heading, said)
