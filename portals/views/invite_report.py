"""What became of a list of people to invite, to take along as CSV."""

from collections.abc import Sequence

from django.core import signing
from django.core.exceptions import BadRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.choices import InviteeState, Role
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.services.invitations import Examined
from accounts.spreadsheets import csv_response
from accounts.views.rings import managed_customer

LASTS = 24 * 60 * 60


def salt_of(customer: Customer) -> str:
    """What a report is signed with: it opens in its own company alone."""
    return f"portals.invite.report.{customer.pk}"


def report_of(customer: Customer, examined: Sequence[Examined]) -> str:
    """The rows of a report, signed, for the button that downloads them."""
    rows = [
        [one.address or one.invitee.address, one.invitee.name, one.role, one.state, one.problem]
        for one in examined
    ]
    return signing.dumps(rows, salt=salt_of(customer), compress=True)


@require_POST
def invite_report(request: PersonRequest, customer: str) -> HttpResponseBase:
    """The report of a dry run or a sending, as CSV."""
    company = managed_customer(request, customer)
    try:
        report = request.POST.get("report", "")
        rows = signing.loads(report, salt=salt_of(company), max_age=LASTS)
    except signing.BadSignature as error:
        raise BadRequest("the report is forged or too old") from error
    heading = [_("Address"), _("Name"), _("Role"), _("Result"), _("Why")]
    said = (
        [address, name, Role(role).label, InviteeState(state).label, problem]
        for address, name, role, state, problem in rows
    )
    return csv_response("invitations", heading, said)
