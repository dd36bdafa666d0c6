"""Grant changes: collected on a page, reviewed, then made all at once."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import first_error
from accounts.http import PersonRequest
from accounts.models import AuditEvent, Customer
from accounts.views.access import managed_customer
from accounts.views.actions import submit
from accounts.views.undo import offer_undo
from portals.forms.grant_changes import DraftForm, ReviewForm
from portals.selectors.grant_changes import Draft, GrantChange, changes_in, privileges_given_in
from portals.selectors.portal_access import missing_portal_grants
from portals.services.grant_changes import MAX_CHANGES, apply_changes
from portals.views.drafts import (
    Subject,
    draft_key,
    load_draft,
    redirect_to_subject,
    save_draft,
    subject_of,
    subject_url,
)


def pending_context(company: Customer, subject: Subject, draft: Draft) -> dict[str, Any]:
    """Return the context of the bar of pending changes: how many, and of which draft."""
    plan = [] if draft.is_empty else changes_in(company, draft)
    return {
        "customer": company,
        "draft": draft_key(subject),
        "changes": len(plan),
        "given": sum(change.act in ("give", "again", "join") for change in plan),
        "taken": sum(change.act in ("take", "leave") for change in plan),
    }


@require_POST
def changes(request: PersonRequest, customer: str, draft: str) -> HttpResponse:
    """Add what was chosen on a page to its draft; nothing is given or removed yet."""
    company = managed_customer(request, customer)
    subject = subject_of(company, draft)
    form = DraftForm(request.POST)
    pending = load_draft(request, company, subject)
    if form.is_valid():
        form.add_to(pending, privileges_given_in(company, form.custom_cells()))
        if pending.size <= 2 * MAX_CHANGES:
            save_draft(request, company, subject, pending)
        else:
            pending = load_draft(request, company, subject)
            messages.error(request, _("That is too much for one review. Make these changes first."))
    else:
        messages.error(request, first_error(form))
    if request.htmx:
        context = pending_context(company, subject, pending) | {
            "marks": [(cell, cell in pending.wants) for cell in form.level_cells()]
        }
        return render(request, "portals/_pending.html", context)
    if "review" in request.POST and form.is_valid():
        return redirect("portals:changes-review", customer, draft)
    return redirect_to_subject(request, company, subject)


@require_POST
def changes_discard(request: PersonRequest, customer: str, draft: str) -> HttpResponse:
    """Discard the draft of a page."""
    company = managed_customer(request, customer)
    subject = subject_of(company, draft)
    save_draft(request, company, subject, Draft())
    return redirect_to_subject(request, company, subject)


@require_http_methods(["GET", "HEAD", "POST"])
def changes_review(request: PersonRequest, customer: str, draft: str) -> HttpResponse:
    """Show the changes in sentences; posted, make all of them or none."""
    company = managed_customer(request, customer)
    subject = subject_of(company, draft)
    pending = load_draft(request, company, subject)
    if request.method != "POST":
        form = ReviewForm(initial={"reason": pending.reason})
        return _review(request, company, subject, pending, form)
    form = ReviewForm(request.POST)

    def apply() -> tuple[int, list[AuditEvent]]:
        changes = form.changes(company)
        removals = apply_changes(
            actor=request.user,
            customer=company,
            changes=changes,
            signed_in_at=signed_in_at(request),
        )
        return len(changes), removals

    success = submit(form, apply)
    if success:
        save_draft(request, company, subject, Draft())
        _show_applied(request, *success.result)
        return redirect(subject_url(company, subject))
    return _review(request, company, subject, pending, form)


def _show_applied(request: PersonRequest, count: int, removals: list[AuditEvent]) -> None:
    """Say what was done, and offer to undo the removals; grants that were given stay."""
    message = ngettext("%(count)s change is made.", "%(count)s changes are made.", count)
    if len(removals) == count:
        offer_undo(request, message % {"count": count}, *removals)
        return
    messages.success(request, message % {"count": count})
    if removals:
        message = ngettext(
            "%(count)s removal among them can be undone.",
            "%(count)s removals among them can be undone.",
            len(removals),
        )
        offer_undo(request, message % {"count": len(removals)}, *removals)


def _review(
    request: PersonRequest, company: Customer, subject: Subject, draft: Draft, form: ReviewForm
) -> HttpResponse:
    plan = changes_in(company, draft)
    context = pending_context(company, subject, draft) | {
        "subject": subject,
        "back": subject_url(company, subject),
        "plan": plan,
        "form": form,
        "customer_portals": missing_portal_grants(company, plan),
        "ticked": request.POST.getlist("change"),
        "sensitive": any(_needs_reason(change) for change in plan),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/changes_review.html", context)


def _needs_reason(change: GrantChange) -> bool:
    return change.sensitive and change.act in ("give", "again", "join")
