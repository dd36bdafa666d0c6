"""Inviting people: addresses or a file, offered grants, a dry run, sending, a report."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.addresses import numbers_in
from accounts.choices import CustomerStatus, InviteeState, Role
from accounts.http import PersonRequest
from accounts.models import Customer, Invitation
from accounts.services.invitations import (
    MAX_AT_ONCE,
    Invitee,
    check_invitees,
    columns_of,
    invite_people,
    invitees_in_table,
    invitees_in_text,
    without_passwords,
    without_title,
)
from accounts.spreadsheets import (
    Line,
    columns_to_name,
    has_heading,
    read_pasted_cells,
    read_table,
)
from accounts.views.access import managed_customer
from accounts.views.actions import submit
from portals.forms.grants import parse_privileges
from portals.forms.invite import COLUMN_LABELS, InviteesField, InviteForm, TableField
from portals.models import Resource
from portals.selectors.portal_access import portals_closed_to_invitees
from portals.selectors.privileges import privileges_grantable_on, sensitive_among
from portals.selectors.resources import resources_of
from portals.selectors.targets import Target
from portals.services.offered_grants import check_offer, offer_privileges
from portals.views.invite_report import report_of

MAX_FILE_BYTES = 500_000
MAX_RESOURCES = 100
CARRIED_FIELDS = ("role", "team", "starts_at", "expires_at", "reason", "resource", "privileges")


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: PersonRequest, customer: str) -> HttpResponse:
    """Invite people with a role, optionally a team, and grants offered in the invitation.

    The steps are buttons of one form: `add` resources, `check` the list, `columns` of a file,
    `change` something, `send`. Nothing is stored before `send`, which invites nobody whose
    account the list calls suspended unless they are `ticked`.
    """
    company = managed_customer(request, customer)
    data = request.POST if request.method == "POST" else None
    act = data.get("act", "") if data is not None else ""
    resources = _chosen_resources(company, data.getlist("resource") if data else [])
    if data is None or act in ("add", "change"):
        return _edit(request, company, _reopen(request, company, act, resources), resources)
    form = InviteForm(data, request.FILES, customer=company)
    step = _send if act == "send" else _check
    success = submit(form, lambda: step(request, company, form, resources))
    return success.result if success else _edit(request, company, form, resources)


def _reopen(
    request: PersonRequest, company: Customer, act: str, resources: dict[int, Resource]
) -> InviteForm:
    """Return the form with what was typed so far, and add the new resources to `resources`."""
    typed: dict[str, Any] = request.POST.dict()
    typed |= {name: request.POST.getlist(name) for name in ("team", "new_resource")}
    form = InviteForm(initial=typed, customer=company)
    if act == "add":
        field = form.fields["new_resource"]
        try:
            added = field.clean(typed["new_resource"])
        except ValidationError as refusal:
            form.refusal = refusal.messages[0]
        else:
            resources |= {resource.pk: resource for resource in added}
            form.initial["new_resource"] = []
    return form


def _edit(
    request: PersonRequest, company: Customer, form: InviteForm, resources: dict[int, Resource]
) -> HttpResponse:
    ticked = request.POST.getlist("privileges")
    rows = "" if request.POST.get("people") else request.POST.get("rows", "")
    context = {
        "customer": company,
        "form": form,
        "rows": rows,
        "kept": _count_rows(rows),
        "offers": [_offer(resource, ticked) for resource in resources.values()],
        "may_act": company.status == CustomerStatus.ACTIVE,
        "most": MAX_AT_ONCE,
    }
    fragment = "#privileges" if request.htmx and request.POST.get("act") == "add" else ""
    return render(request, f"portals/invite.html{fragment}", context)


def _count_rows(rows: str) -> int:
    """Return how many people an earlier step read from a file."""
    try:
        return len(InviteesField(required=False).clean(rows))
    except ValidationError:
        return 0


def _check(
    request: PersonRequest, company: Customer, form: InviteForm, resources: dict[int, Resource]
) -> HttpResponse:
    """Return the page of the dry run: for each person, what sending would do."""
    lines, columns = form.cleaned_data["table"], request.POST.getlist("column")
    pasted = "" if lines else form.cleaned_data["people"]
    if form.cleaned_data["file"]:
        lines = _read(form)
        columns = columns_of(lines) or []
    elif "\t" in pasted:
        lines, columns = _read_pasted(pasted)
    if lines and (not columns or form.cleaned_data["act"] == "columns"):
        return _name_columns(request, company, lines, columns)
    try:
        invitees = invitees_in_table(lines, columns) if lines else []
    except ValidationError as refusal:
        return _name_columns(request, company, lines, columns, refusal)
    pasted = "" if lines else pasted
    invitees = invitees or invitees_in_text(pasted) or form.cleaned_data["rows"]
    examined = check_invitees(
        actor=request.user,
        customer=company,
        invitees=invitees,
        role=form.cleaned_data["role"],
        team=form.cleaned_data["team"],
    )
    valid = sum(invitee.is_valid for invitee in examined)
    privileges = check_offer(
        actor=request.user,
        customer=company,
        privileges=parse_privileges(request.POST.getlist("privileges"), resources),
        people=valid,
        terms=form.terms(),
        signed_in_at=timezone.now(),  # nothing is given yet; sending asks for a fresh sign-in
    )
    context = {
        "customer": company,
        "examined": examined,
        "valid": valid,
        "inactive": sum(invitee.state == InviteeState.INACTIVE for invitee in examined),
        "privileges": privileges,
        "customer_portals": portals_closed_to_invitees(
            company,
            privileges,
            [(invitee.role, invitee.team) for invitee in examined if invitee.is_valid],
        ),
        "role": Role(form.cleaned_data["role"]).label,
        "team": form.cleaned_data["team"],
        "terms": form.terms(),
        "carried": [*_carried_fields(request), ("rows", InviteesField.serialize(invitees))],
        "people": pasted,
        "columns": _carried_table(request, lines, columns),
        "report": report_of(company, examined),
    }
    return render(request, "portals/invite_check.html", context)


def _read(form: InviteForm) -> list[Line]:
    """Return the lines of the uploaded file, without any passwords."""
    try:
        lines = read_table(
            form.cleaned_data["file"], max_bytes=MAX_FILE_BYTES, max_rows=MAX_AT_ONCE + 1
        )
        if has_heading(lines) and len(lines) == 1:
            raise ValidationError(_("This file has a heading but no people. Add a line for each."))
    except ValidationError as error:
        raise ValidationError({"file": error}) from error
    return without_passwords(without_title(lines))


def _read_pasted(text: str) -> tuple[list[Line], list[str]]:
    """Return the lines and columns of pasted cells; none if each is a name and an address."""
    try:
        lines = read_pasted_cells(text, max_rows=MAX_AT_ONCE + 1)
    except ValidationError as error:
        raise ValidationError({"people": error}) from error
    if not lines or lines[0].is_broken:
        return [], []
    lines = without_passwords(without_title(lines))
    columns = columns_of(lines) or []
    is_plain = not columns and all(len(line.cells) <= 2 for line in lines)
    return ([], []) if is_plain else (lines, columns)


def _carried_table(
    request: PersonRequest, lines: list[Line], columns: list[str]
) -> list[tuple[str, str]]:
    """Return what the page that names the columns needs; nothing without a table."""
    if not lines:
        return []
    return [
        *_carried_fields(request),
        *(("column", name) for name in columns),
        ("table", TableField.serialize(lines)),
    ]


def _name_columns(
    request: PersonRequest,
    company: Customer,
    lines: list[Line],
    columns: list[str],
    refusal: ValidationError | None = None,
) -> HttpResponse:
    """Return the page that asks what each column holds, where the headings do not say it."""
    context = {
        "customer": company,
        "columns": columns_to_name(lines, columns),
        "choices": COLUMN_LABELS.items(),
        "refusal": refusal.messages[0] if refusal else "",
        "carried": [*_carried_fields(request), ("table", TableField.serialize(lines))],
    }
    return render(request, "portals/invite_columns.html", context)


def _send(
    request: PersonRequest, company: Customer, form: InviteForm, resources: dict[int, Resource]
) -> HttpResponse:
    """Send the invitations and return the report; sent twice, everyone is invited already."""
    privileges = parse_privileges(request.POST.getlist("privileges"), resources)
    terms, fresh_sign_in = form.terms(), signed_in_at(request)
    terms.check()

    def offer(invitations: list[Invitation]) -> None:
        offer_privileges(
            actor=request.user,
            invitations=invitations,
            privileges=privileges,
            terms=terms,
            signed_in_at=fresh_sign_in,
        )

    people: list[Invitee] = form.cleaned_data["rows"]
    examined = invite_people(
        actor=request.user,
        customer=company,
        invitees=people,
        role=form.cleaned_data["role"],
        team=form.cleaned_data["team"],
        ticked=request.POST.getlist("ticked"),
        reason=form.cleaned_data["reason"],
        signed_in_at=fresh_sign_in,
        offer=offer if privileges else None,
    )
    context = {
        "customer": company,
        "examined": examined,
        "sent": sum(invitee.state == InviteeState.SENT for invitee in examined),
        "report": report_of(company, examined),
    }
    return render(request, "portals/invite_report.html", context)


def _carried_fields(request: PersonRequest) -> list[tuple[str, str]]:
    """Return the values that the next step sends again in hidden fields."""
    return [(name, value) for name in CARRIED_FIELDS for value in request.POST.getlist(name)]


def _chosen_resources(customer: Customer, values: list[str]) -> dict[int, Resource]:
    keys = numbers_in(values[:MAX_RESOURCES])
    return {resource.pk: resource for resource in resources_of(customer).filter(pk__in=keys)}


def _offer(resource: Resource, ticked: list[str]) -> dict[str, Any]:
    """Return a resource of the invite page, with the privileges to tick."""
    privileges = list(privileges_grantable_on(resource))
    sensitive = sensitive_among(privileges)
    target = Target(resource, resource.resource_type)
    opens_to_all = resource.resource_type.portal.auto_register
    return {
        "resource": resource,
        "target": target,
        "behind_portal_access": not (target.is_portal or opens_to_all),
        "privileges": [
            {
                "privilege": privilege,
                "value": f"{resource.pk}:{privilege.pk}",
                "ticked": f"{resource.pk}:{privilege.pk}" in ticked,
                "sensitive": privilege.pk in sensitive,
                "on_descendants": privilege.resource_type_id != resource.resource_type_id,
            }
            for privilege in privileges
        ],
    }
