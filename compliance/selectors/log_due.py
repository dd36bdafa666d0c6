"""The deadlines of released logs, representatives and authorisations, for the due list."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, QuerySet
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from compliance.choices.log_requests import LogState
from compliance.models import Authorisation, LogRequest, Representative
from compliance.models.authorisations import RENEWED_WITHIN
from compliance.selectors.due import Clock, DueSource


def _due(
    rows: QuerySet[Any], field: str, since: datetime | None, most: int
) -> Iterator[tuple[Any, datetime]]:
    """Yield rows with the moment in a field, soonest first."""
    if since is not None:
        rows = rows.filter(**{f"{field}__gte": since})
    for row in rows.order_by(field, "pk")[:most]:
        value: Any = row
        for name in field.split("__"):
            value = getattr(value, name)
        yield row, value


def released_clocks(*, since: datetime | None, most: int) -> Iterator[Clock]:
    """Yield the days on which released logs are deleted (L45)."""
    rows = LogRequest.objects.filter(state=LogState.RELEASED).select_related("customer", "file")
    for row, due_at in _due(rows, "file__expires_at", since, most):
        yield Clock(
            key=str(row.uuid),
            text=format_lazy(_("Logs are deleted: {company}"), company=row.customer.name),
            url=reverse("compliance:provider-log-request", args=[row.uuid]),
            due_at=due_at,
        )


def representative_clocks(*, since: datetime | None, most: int) -> Iterator[Clock]:
    """Yield the last days of the representatives on file (L35)."""
    rows = Representative.objects.filter(ended_at=None, confirmed_at__isnull=False)
    rows = rows.select_related("membership__customer")
    for row, due_at in _due(rows, "until", since, most):
        company = row.membership.customer
        yield Clock(
            key=str(row.uuid),
            text=format_lazy(_("A representative ends: {company}"), company=company.name),
            url=reverse("compliance:provider-representatives"),
            due_at=due_at,
        )


def authorisation_clocks(*, since: datetime | None, most: int) -> Iterator[Clock]:
    """Yield the ends of the authorisations that were given: their day, or their giver's (L47)."""
    rows = Authorisation.objects.filter(ended_at=None, given_at__isnull=False).annotate(
        ends_at=Least(
            "until",
            ExpressionWrapper(
                Least("given_by__until", Coalesce("given_by__ended_at", "given_by__until"))
                + RENEWED_WITHIN,
                output_field=DateTimeField(),
            ),
        )
    )
    for row, due_at in _due(rows.select_related("customer"), "ends_at", since, most):
        text = _("An authorisation ends: {company}, {profile}")
        yield Clock(
            key=str(row.uuid),
            text=format_lazy(text, company=row.customer.name, profile=row.profile),
            url=reverse("compliance:provider-authorisations", args=[row.customer.slug]),
            due_at=due_at,
        )


LOG_SOURCES = (
    DueSource("released_logs", _("Log requests"), "compliance.view_logrequest", released_clocks),
    DueSource(
        "representative",
        _("Representatives"),
        "compliance.view_representative",
        representative_clocks,
    ),
    DueSource(
        "authorisation",
        _("Authorisations"),
        "compliance.view_authorisation",
        authorisation_clocks,
    ),
)
