"""Giving, changing and removing access: a page, the same as a panel, and two acts."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import AuditEvent, Customer
from accounts.views.access import managed_customer
from accounts.views.actions import previous_page, run_action, submit
from accounts.views.undo import offer_undo
from portals.choices import AccessEnd
from portals.forms.give_access import GiveAccessForm, end_of_year, opening_data
from portals.models import Preset
from portals.selectors.grant_changes import (
    GrantChange,
    fingerprint,
    grantee_of,
    grants_by_key,
    longer_grants,
    names_of,
    sentence_of_change,
    target_of,
)
from portals.selectors.portal_access import missing_portal_access
from portals.selectors.presets import needs_resource_choice, usable_lines
from portals.selectors.roots import active_roots
from portals.selectors.targets import Target
from portals.services.grant_changes import apply_change, remove_grants
from portals.views.rows import subject_url, with_marks


@require_http_methods(["GET", "HEAD", "POST"])
def give_access(request: PersonRequest, customer: str) -> HttpResponse:
    """Give access; the query string says what is chosen already: `to`, `resource`, `preset`…"""
    company = managed_customer(request, customer)
    data = request.POST if request.method == "POST" else request.GET.copy()
    preset = _preset(company, data.get("preset", ""))
    if preset and request.method != "POST":
        _fill_in_preset(data, company, preset)
    types = [line.privilege.resource_type for line in usable_lines(preset)] if preset else []
    form = GiveAccessForm(data, customer=company, types=types)
    return _answer(request, company, form, reverse("portals:give-access", args=[customer]))


@require_http_methods(["GET", "HEAD", "POST"])
def access_change(request: PersonRequest, customer: str, grants: str) -> HttpResponse:
    """Change a row of access: its permissions, its end, its reason."""
    company = managed_customer(request, customer)
    row = grants_by_key(company, grants)
    if not row:
        messages.error(request, _("Someone changed this access in the meantime. Check it again."))
        return redirect(previous_page(request, reverse("portals:people", args=[customer])))
    grantee = grantee_of(row[0])
    data: QueryDict = request.POST
    if request.method != "POST":
        data = opening_data(row, fingerprint(grantee, row[0].content_object))
    form = GiveAccessForm(data, customer=company, replaces=row, grantee=grantee)
    url = reverse("portals:access-change", args=[customer, grants])
    return _answer(request, company, form, url)


@require_POST
def access_remove(request: PersonRequest, customer: str, grants: str) -> HttpResponse:
    """Remove a row of access; it can be undone."""
    company = managed_customer(request, customer)
    row = grants_by_key(company, grants)
    back = previous_page(request, reverse("portals:people", args=[customer]))
    if not row:
        messages.error(request, _("Someone changed this access in the meantime. Check it again."))
        return redirect(back)
    words = {"who": names_of([grantee_of(row[0])]), "resource": target_of(row[0])}
    if len(row) == 1:
        words["privilege"] = row[0].permission.privilege
        message = _("%(who)s no longer has “%(privilege)s” on %(resource)s.")
    else:
        message = _("%(who)s no longer has this access to %(resource)s.")
    run_action(
        request,
        lambda: remove_grants(actor=request.user, customer=company, grants=row),
        capfirst(message % words),
        lambda request, message, events: offer_undo(request, message, *events),
    )
    return redirect(back)


def _answer(
    request: PersonRequest, company: Customer, form: GiveAccessForm, url: str
) -> HttpResponse:
    """Show the form with what it would do; posted, do it and go back."""
    is_look = request.method != "POST" or "look" in request.POST
    if not form.is_valid() and is_look:
        form.forgive_empty()
    back = _back(request, company, form)
    if not is_look:

        def apply() -> tuple[GrantChange, list[AuditEvent]]:
            change = form.change()
            events = apply_change(
                actor=request.user,
                customer=company,
                change=change,
                signed_in_at=signed_in_at(request),
            )
            return change, events

        success = submit(form, apply)
        if success:
            change, events = success.result
            _tell(request, change, events)
            return redirect(with_marks(back, change))
    context = {
        "customer": company,
        "form": form,
        "url": url,
        "back": back,
        "is_change": bool(form.replaces),
        "choosing": [] if form.replaces else [form["to"], form["resource"]],
        "may_act": company.status == CustomerStatus.ACTIVE,
        "year_end": end_of_year(timezone.localdate()),
        "ends": form.data.get("ends") or AccessEnd.NEVER,
        "portal_ticked": request.method != "POST" or "portal_access" in request.POST,
        **_choice(company, form),
    }
    template = "portals/give_access.html"
    if request.htmx:
        template += "#panel" if request.method != "POST" else "#looked"
    return render(request, template, context)


def _choice(company: Customer, form: GiveAccessForm) -> dict[str, Any]:
    """Return what is chosen, what there is to choose from, and what it would do."""
    context: dict[str, Any] = {
        "ticked": set(form.cleaned_data.get("privilege", ())),
        "sensitive": False,
        "lacking": [],
    }
    context["grantee_names"] = names_of(form.grantees)
    if form.grantees and form.targets and form.privileges and "ends_on" not in form.errors:
        change = form.change()
        context |= {
            "sentence": sentence_of_change(change, done=False),
            "sensitive": form.is_sensitive,
            "longer": [] if form.replaces else longer_grants(change),
            **_portals(company, change),
        }
    return context


def _portals(company: Customer, change: GrantChange) -> dict[str, Any]:
    """Return who of them cannot open which portal."""
    lacking = missing_portal_access(company, change.grantees, change.permissions, change.declared)
    portals = {row.portal for rows in lacking.values() for row in rows}
    return {
        "lacking": names_of([grantee for grantee, rows in lacking.items() if rows]),
        "portals": sorted(portals, key=str),
    }


def _tell(request: PersonRequest, change: GrantChange, events: list[AuditEvent]) -> None:
    """Say what they can do now, with an Undo; or that they could do it before."""
    sentence = sentence_of_change(change, done=True)
    if events:
        offer_undo(request, sentence, *events)
    else:
        messages.info(request, _("No change needed: %(sentence)s") % {"sentence": sentence})


def _back(request: PersonRequest, company: Customer, form: GiveAccessForm) -> str:
    """Return the page to go back to: where this was opened, or the page that it is about."""
    page = form.data.get("next", "")
    if page.startswith("/") and url_has_allowed_host_and_scheme(page, None):
        return str(page)
    default = reverse("portals:people", args=[company.slug])
    if len(form.grantees) == 1:
        default = subject_url(company, form.grantees[0])
    elif len(form.targets) == 1:
        default = subject_url(company, form.targets[0].resource)
    if request.method == "POST":
        return default
    return urlsplit(previous_page(request, default))._replace(scheme="", netloc="").geturl()


def _preset(company: Customer, key: str) -> Preset | None:
    try:
        return company.presets.filter(uuid=UUID(key)).first()
    except ValueError:
        return None


def _fill_in_preset(data: QueryDict, company: Customer, preset: Preset) -> None:
    """Choose the permissions of a preset, and the resources of its lines that need no choice."""
    lines = usable_lines(preset)
    data.setlist("privilege", [str(line.privilege_id) for line in lines])
    roots = {
        root.resource_type.portal_id: root
        for root in active_roots().filter(subscription__customer=company)
    }
    whole = [
        Target(roots[line.privilege.portal_id], line.privilege.resource_type)
        for line in lines
        if not needs_resource_choice(line) and line.privilege.portal_id in roots
    ]
    chosen = [*data.getlist("resource"), *(target.key for target in whole)]
    data.setlist("resource", list(dict.fromkeys(chosen)))
