"""The lists of a company as tables to download: teams, requests, invitations, resources."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domains import readable_address
from accounts.models import AccessRequest, Membership
from accounts.models.search import matching
from accounts.selectors import invitations_of, requests_of, teams_of, with_people_counted
from portals.models import Resource
from portals.selectors.resources import resources_of

CHUNK_SIZE = 500


@dataclass(frozen=True)
class ListExport:
    """How a list becomes a table: its rows, found by a search, their heading and their cells."""

    event: str
    rows: Callable[[Membership, str], QuerySet[Any]]
    heading: Callable[[], list[str]]
    cells: Callable[[Any], list[Any]]

    def table(self, reader: Membership, search: str) -> Iterator[list[Any]]:
        """Yield the cells of each row, some hundred rows at a time."""
        for row in self.rows(reader, search).iterator(chunk_size=CHUNK_SIZE):
            yield self.cells(row)


def _teams(reader: Membership, search: str) -> QuerySet[Any]:
    teams = with_people_counted(teams_of(reader.customer))
    return matching(teams, search, customer=reader.customer)


def _requests(reader: Membership, search: str) -> QuerySet[Any]:
    return requests_of(reader, search=search).select_related("customer").order_by("pk")


def _invitations(reader: Membership, search: str) -> QuerySet[Any]:
    return invitations_of(reader.customer, search=search).select_related("invited_by", "team")


def _resources(reader: Membership, search: str) -> QuerySet[Any]:
    return resources_of(reader.customer, search=search)


def _day(moment: datetime | None) -> str:
    return timezone.localtime(moment).date().isoformat() if moment else ""


def _request_cells(row: AccessRequest) -> list[Any]:
    return [
        str(row.membership),
        row.sentence,
        row.text,
        str(row.get_state_display()),
        _day(row.created_at),
        _day(row.answered_at),
        str(row.answered_by or ""),
        row.answer,
    ]


def _invitation_cells(row: Any) -> list[Any]:
    return [
        readable_address(row.address),
        row.name,
        str(row.get_role_display()),
        str(row.team or ""),
        _day(row.sent_at),
        str(row.invited_by),
        _day(row.expires_at),
    ]


def _resource_cells(row: Resource) -> list[Any]:
    kind = row.resource_type
    return [row.name, row.external_id, str(kind), str(kind.portal), str(row.parent or "")]


LIST_EXPORTS = {
    "teams": ListExport(
        "team.exported",
        _teams,
        lambda: [_("Name"), _("Members")],
        lambda row: [row.name, row.people],
    ),
    "requests": ListExport(
        "request.exported",
        _requests,
        lambda: [
            _("Name"),
            _("Request"),
            _("Reason"),
            _("State"),
            _("Requested on"),
            _("Answered on"),
            _("Answered by"),
            _("Answer"),
        ],
        _request_cells,
    ),
    "invitations": ListExport(
        "invitation.exported",
        _invitations,
        lambda: [
            _("Address"),
            _("Name"),
            _("Role"),
            _("Team"),
            _("Sent on"),
            _("Sent by"),
            _("Valid until"),
        ],
        _invitation_cells,
    ),
    "resources": ListExport(
        "resources.exported",
        _resources,
        lambda: [_("Name"), _("ID"), _("Type"), _("Portal"), _("Part of")],
        _resource_cells,
    ),
}
