"""Inviting one person or many: who, with which rights, a look before it is sent, a report."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus, InviteeState, Role
from accounts.http import PersonRequest
from accounts.models import Customer, Invitation
from accounts.services.invitations import (
    MAX_AT_ONCE,
    Invitee,
    check_invitees,
    invite_people,
    invitees_in_table,
    invitees_in_text,
)
from accounts.services.invitations.parsing import columns_of
from accounts.spreadsheets import Line, columns_to_name, read_table
from accounts.views.access import managed_customer
from portals.forms.grants import parse_privileges
from portals.forms.invite import COLUMN_LABELS, InviteesField, InviteForm, TableField
from portals.models import Resource
from portals.selectors.portal_access import portals_closed_to_invitees
from portals.selectors.privileges import privileges_grantable_on, sensitive_among
from portals.selectors.resources import by_type, resource_by_key, resources_of
from portals.services.offered_grants import check_offer, offer_privileges
from portals.views import permission_matrix
from portals.views.invite_report import report_of

MOST_BYTES = 500_000
MOST_THINGS = 100
KEPT = ("role", "team", "starts_at", "expires_at", "reason", "resource", "rights")


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: PersonRequest, customer: str) -> HttpResponse:
    """Invite people, with a role, perhaps a team, and the first rights inside the invitations.

    The steps are buttons of one form: `find` and `add` a thing, `check` whom one would invite,
    `columns` of a file, `change` something, `send`. Nothing is written before `send`.
    """
    company = managed_customer(request, customer)
    posted = request.POST if request.method == "POST" else None
    act = posted.get("act", "") if posted is not None else ""
    resources = _chosen_resources(company, posted.getlist("resource") if posted else [])
    if posted is None or act in ("find", "add", "change"):
        return _edit(request, company, _reopened(request, company, act, resources), resources)
    form = InviteForm(posted, request.FILES, customer=company)
    if not form.is_valid():
        return _edit(request, company, form, resources)
    try:
        if act == "send":
            return _send(request, company, form, resources)
        return _check(request, company, form, resources)
    except ValidationError as refusal:
        form.refuse(refusal)
        return _edit(request, company, form, resources)


def _reopened(
    request: PersonRequest, company: Customer, act: str, resources: dict[int, Resource]
) -> InviteForm:
    """The form to fill in, with what was typed so far and the thing just added."""
    form = InviteForm(initial=request.POST.dict(), customer=company)
    if act == "add":
        added = resource_by_key(company, request.POST.get("new_resource"))
        if added is not None:
            resources[added.pk] = added
    return form


def _edit(
    request: PersonRequest, company: Customer, form: InviteForm, resources: dict[int, Resource]
) -> HttpResponse:
    ticked = request.POST.getlist("rights")
    rows = "" if request.POST.get("people") else request.POST.get("rows", "")
    find = permission_matrix.searched(request.POST.get("find", ""))
    matches = list(resources_of(company, search=find)[: permission_matrix.CHOICES + 1])
    context = {
        "customer": company,
        "form": form,
        "rows": rows,
        "kept": _count(rows),
        "grouped_choices": by_type(matches[: permission_matrix.CHOICES]),
        "find": find,
        "too_many": len(matches) > permission_matrix.CHOICES,
        "offers": [_offer(resource, ticked) for resource in resources.values()],
        "may_act": company.status == CustomerStatus.ACTIVE,
        "most": MAX_AT_ONCE,
    }
    fragment = "#rights" if request.htmx and request.POST.get("act") in ("find", "add") else ""
    return render(request, f"portals/invite.html{fragment}", context)


def _count(rows: str) -> int:
    """How many people an earlier step read from a file."""
    try:
        return len(InviteesField(required=False).clean(rows))
    except ValidationError:
        return 0


def _check(
    request: PersonRequest, company: Customer, form: InviteForm, resources: dict[int, Resource]
) -> HttpResponse:
    """The dry run: one row for each person, and what the sending would do."""
    lines, columns = form.cleaned_data["table"], request.POST.getlist("column")
    if form.cleaned_data["file"]:
        try:
            lines = read_table(
                form.cleaned_data["file"], max_bytes=MOST_BYTES, max_rows=MAX_AT_ONCE + 1
            )
        except ValidationError as error:
            raise ValidationError({"file": error}) from error
        columns = columns_of(lines) or []
    if lines and not columns:
        return _name_columns(request, company, lines)
    try:
        invitees = invitees_in_table(lines, columns) if lines else []
    except ValidationError as refusal:
        return _name_columns(request, company, lines, refusal)
    pasted = "" if lines else form.cleaned_data["people"]
    invitees = invitees or invitees_in_text(pasted) or form.cleaned_data["rows"]
    examined = check_invitees(
        actor=request.user,
        customer=company,
        invitees=invitees,
        role=form.cleaned_data["role"],
        team=form.cleaned_data["team"],
    )
    valid = sum(one.is_valid for one in examined)
    rights = check_offer(
        actor=request.user,
        customer=company,
        rights=parse_privileges(request.POST.getlist("rights"), resources),
        people=valid,
        terms=form.terms(),
        signed_in_at=timezone.now(),  # nothing is given yet; the sending asks for a fresh sign-in
    )
    context = {
        "customer": company,
        "examined": examined,
        "valid": valid,
        "rights": rights,
        "customer_portals": portals_closed_to_invitees(
            company, rights, [(one.role, one.team) for one in examined if one.is_valid]
        ),
        "role": Role(form.cleaned_data["role"]).label,
        "team": form.cleaned_data["team"],
        "terms": form.terms(),
        "carried": [*_kept(request), ("rows", InviteesField.carried(invitees))],
        "people": pasted,
        "report": report_of(company, examined),
    }
    return render(request, "portals/invite_check.html", context)


def _name_columns(
    request: PersonRequest,
    company: Customer,
    lines: list[Line],
    refusal: ValidationError | None = None,
) -> HttpResponse:
    """Ask what the columns hold, since their headings do not tell."""
    context = {
        "customer": company,
        "columns": columns_to_name(lines, request.POST.getlist("column")),
        "choices": COLUMN_LABELS.items(),
        "refusal": refusal.messages[0] if refusal else "",
        "carried": [*_kept(request), ("table", TableField.carried(lines))],
    }
    return render(request, "portals/invite_columns.html", context)


def _send(
    request: PersonRequest, company: Customer, form: InviteForm, resources: dict[int, Resource]
) -> HttpResponse:
    """Invite, and report; sent twice, the second finds everyone invited already."""
    rights = parse_privileges(request.POST.getlist("rights"), resources)
    terms, proof = form.terms(), signed_in_at(request)
    terms.check()

    def offer(made: list[Invitation]) -> None:
        offer_privileges(
            actor=request.user,
            invitations=made,
            rights=rights,
            terms=terms,
            signed_in_at=proof,
        )

    people: list[Invitee] = form.cleaned_data["rows"]
    examined = invite_people(
        actor=request.user,
        customer=company,
        invitees=people,
        role=form.cleaned_data["role"],
        team=form.cleaned_data["team"],
        reason=form.cleaned_data["reason"],
        signed_in_at=proof,
        offer=offer if rights else None,
    )
    context = {
        "customer": company,
        "examined": examined,
        "sent": sum(one.state == InviteeState.SENT for one in examined),
        "report": report_of(company, examined),
    }
    return render(request, "portals/invite_report.html", context)


def _kept(request: PersonRequest) -> list[tuple[str, str]]:
    """What the next step needs again of this one."""
    return [(name, value) for name in KEPT for value in request.POST.getlist(name)]


def _chosen_resources(customer: Customer, values: list[str]) -> dict[int, Resource]:
    keys = [int(value) for value in values[:MOST_THINGS] if value.isdecimal() and len(value) < 19]
    return {resource.pk: resource for resource in resources_of(customer).filter(pk__in=keys)}


def _offer(resource: Resource, ticked: list[str]) -> dict[str, Any]:
    """One thing on the invite page, with its tickable rights."""
    privileges = list(privileges_grantable_on(resource))
    sensitive = sensitive_among(privileges)
    is_portal = resource.resource_type.parent_id is None
    return {
        "resource": resource,
        "behind_portal_access": not (is_portal or resource.resource_type.portal.auto_register),
        "rights": [
            {
                "privilege": privilege,
                "value": f"{resource.pk}:{privilege.pk}",
                "ticked": f"{resource.pk}:{privilege.pk}" in ticked,
                "sensitive": privilege.pk in sensitive,
                "below": privilege.resource_type_id != resource.resource_type_id,
            }
            for privilege in privileges
        ],
    }
