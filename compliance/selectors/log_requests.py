"""Reads of log requests: who sees them, which days and resources can be asked for, and the work."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Customer, Membership, User
from accounts.timezones import end_of_day, start_of_day
from compliance.choices.log_requests import KEPT_STATES, LogState
from compliance.models import LogRequest, LogResource, Representative
from portals.choices import ROOT_TYPE
from portals.decision.sets import permitted_resources
from portals.models import Portal, Privilege, Resource, ResourceTenure

PRIVILEGE = "request_logs"  # the code in the manifests of portals that keep logs
MONTHS_BACK = 9
MOST_RESOURCES = 50  # of one request


class Span(NamedTuple):
    """A time in which the company had a resource, within the days that were asked for."""

    tenure: ResourceTenure
    name: str
    starts_at: datetime
    ends_at: datetime


def log_requests() -> QuerySet[LogRequest]:
    """Return all log requests with what pages show of them."""
    return LogRequest.objects.select_related(
        "customer__main_super_user__user", "portal", "representative__membership__user",
        "decided_by", "checked_by", "file", "rate",
    )  # fmt: skip


def visible_log_requests(person: User, customer: Customer) -> QuerySet[LogRequest]:
    """Return a company's log requests that a person sees: a Super User all, others their own."""
    live = Membership.objects.live().filter(user=person, customer=customer)
    return log_requests().filter(
        Q(customer__in=live.filter(role=Role.SUPER_USER).values("customer_id"))
        | Q(representative__membership__in=live),
        customer=customer,
    )


def askable_resources(person: User, customer: Customer) -> QuerySet[Resource]:
    """Return the resources of a company whose logs a person may ask for, by the second key."""
    rows = Resource.objects.none()
    for privilege in Privilege.objects.filter(code=PRIVILEGE):
        rows = rows | permitted_resources(person, privilege)
    return (
        rows.filter(subscription__customer=customer)
        .exclude(resource_type__code=ROOT_TYPE)
        .select_related("resource_type__portal")
        .order_by("name", "pk")
    )


def first_allowed_day(today: date) -> date:
    """Return the first day that can be asked for: the first of the month nine months back."""
    months = today.year * 12 + today.month - 1 - MONTHS_BACK
    return date(months // 12, months % 12 + 1, 1)


def spans_of(
    customer: Customer, resources: Iterable[Resource], first_day: date, last_day: date
) -> list[Span]:
    """Return the times within these days in which the company had each resource (L37)."""
    zone = timezone.get_default_timezone()  # the days of a request are the provider's (L36)
    begin, end = start_of_day(first_day, zone), end_of_day(last_day, zone)
    spans = []
    for resource in resources:
        tenures = ResourceTenure.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=begin),
            customer=customer,
            portal=resource.resource_type.portal,
            type_code=resource.resource_type.code,
            external_id=resource.external_id,
            started_at__lt=end,
        ).order_by("started_at")
        for tenure in tenures:
            until = min(end, tenure.ended_at) if tenure.ended_at else end
            spans.append(Span(tenure, resource.name, max(begin, tenure.started_at), until))
    return spans


def holds_the_second_key(request: LogRequest) -> bool:
    """Return whether the requester still may ask for the logs of each resource (L34)."""
    person = request.representative.membership.user
    asked = {
        (row.tenure.type_code, row.tenure.external_id)
        for row in LogResource.objects.filter(request=request).select_related("tenure")
    }
    permitted = askable_resources(person, request.customer).filter(
        resource_type__portal=request.portal_id
    )
    return asked <= set(permitted.values_list("resource_type__code", "external_id"))


def requester_has_both_keys(request: LogRequest) -> bool:
    """Return whether the requester is on file as when they asked, with the permission (L34)."""
    on_file = Representative.objects.in_force().filter(pk=request.representative_id)
    return on_file.exists() and holds_the_second_key(request)


def work_for(portal: Portal) -> QuerySet[LogRequest]:
    """Return the portal's paid requests that nobody puts together now, oldest first (L39)."""
    return (
        LogRequest.objects.filter(
            Q(state=LogState.PAID) | Q(state=LogState.TABULATING, lease_until__lte=timezone.now()),
            portal=portal,
        )
        .select_related("customer")
        .prefetch_related("resources__tenure")
    )


def kept_logs(portal: Portal) -> QuerySet[LogResource]:
    """Return what a portal keeps from rotation: the resources of its approved requests."""
    return LogResource.objects.filter(
        request__portal=portal, request__state__in=KEPT_STATES
    ).select_related("tenure", "request")


def log_receipt(request: LogRequest) -> dict[str, Any]:
    """Return the receipt of a released request: what, which days, lines, hash, who, when, fee."""
    charge = getattr(request, "charge", None)
    file = request.file
    member = request.representative.membership
    content: dict[str, Any] = {
        "provider": settings.HUB_BRAND_NAME,
        "company": request.customer.name,
        "request": str(request.uuid),
        "purpose": request.purpose,
        "first_day": request.first_day.isoformat(),
        "last_day": request.last_day.isoformat(),
        "resources": [
            {
                "type": row.tenure.type_code,
                "id": row.tenure.external_id,
                "name": row.name,
                "from": row.starts_at.isoformat(),
                "until": row.ends_at.isoformat(),
                "lines": row.lines,
            }
            for row in request.resources.select_related("tenure")
        ],
        "sha256": file.sha256 if file else "",
        "bytes": file.size if file else None,
        "asked_by": {"name": member.work_name, "capacity": request.representative.capacity},
        "asked_at": request.asked_at.isoformat(),
        "released_at": request.released_at.isoformat() if request.released_at else None,
        "invoice": charge.invoice_number if charge else "",
        "fee": {
            "cents": request.fee_cents,
            "taxes": [{"name": line[0], "cents": line[2]} for line in request.tax_lines],
            "total_cents": request.total_cents,
            "currency": request.currency,
            "rate_version": request.rate.number,
            "waived": bool(charge and hasattr(charge, "waiver")),
        },
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return {"receipt": content, "receipt_sha256": hashlib.sha256(text).hexdigest()}
