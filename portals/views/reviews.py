"""Access reviews of a company, and one review, part by part."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.addresses import numbers_in
from accounts.choices import CustomerStatus
from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.selectors import page_of
from accounts.views.access import managed_customer
from accounts.views.actions import previous_page, submit, submit_button
from accounts.views.undo import offer_undo
from portals.choices import ReviewDecision
from portals.forms.reviews import LineRow, PartForm
from portals.models import AccessReview
from portals.selectors.review_words import last_use
from portals.selectors.reviews import (
    MAX_LINES,
    ReviewSection,
    find_review,
    items_page,
    items_with_state,
    review_sections_of,
    reviews_of,
    unused_among,
    unused_items,
)
from portals.services.reviews import (
    begin_review,
    remind_reviewers,
    remove_unused,
    save_decisions,
)
from portals.services.reviews.unused import MAX_AT_ONCE


@require_safe
def reviews(request: PersonRequest, customer: str) -> HttpResponse:
    """List the open review and the past ones, with a button that begins one."""
    company = managed_customer(request, customer)
    company_reviews = reviews_of(company)
    context = {
        "customer": company,
        "open": company_reviews.open().first(),
        "past": page_of(
            company_reviews.exclude(state="open"),
            among=company_reviews,
            order=("-pk",),
            after=request.GET.get("after", ""),
            size=20,
        ),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/reviews.html", context)


@require_POST
def review_begin(request: PersonRequest, customer: str) -> HttpResponse:
    """Begin a review now."""
    company = managed_customer(request, customer)
    success = submit_button(
        request,
        ActForm(request.POST),
        lambda: begin_review(actor=request.user, customer=company),
    )
    if success:
        return redirect("portals:review", customer, success.result.uuid)
    return redirect("portals:reviews", customer)


@require_POST
def review_remind(request: PersonRequest, customer: str, review: UUID) -> HttpResponse:
    """Remind the other Super Users of a review that is due; the button is on Home."""
    found = _managed_review(request, customer, review)
    success = submit_button(
        request,
        ActForm(request.POST),
        lambda: remind_reviewers(actor=request.user, review=found),
    )
    if success:
        names = get_text_list(success.result, _("and"))
        messages.success(
            request, _("We sent %(names)s a reminder of the access review.") % {"names": names}
        )
    return redirect(previous_page(request, reverse("portals:review", args=[customer, review])))


@require_safe
def review(request: PersonRequest, customer: str, review: UUID) -> HttpResponse:
    """Show the undecided items by person and team; with `show=all` the decided ones too."""
    return _page(request, _managed_review(request, customer, review))


def _managed_review(request: PersonRequest, slug: str, key: UUID) -> AccessReview:
    """Return a review of a customer that this person manages; else 404 or 403."""
    company = managed_customer(request, slug)
    found = find_review(company, request.user, key)
    if found is None:
        raise Http404
    return found


def _page(
    request: PersonRequest, review: AccessReview, refused: PartForm | None = None
) -> HttpResponse:
    company = review.customer
    show_all = request.GET.get("show") == "all" or not review.is_open
    page = items_page(review, undecided=not show_all, after=request.GET.get("after", ""))
    alone: bool = review.is_for_one  # type: ignore[attr-defined]
    may_act = company.status == CustomerStatus.ACTIVE and review.is_open
    parts = review_sections_of(page.rows, review)
    waiting = [part for part in parts if part.undecided] if may_act else []
    mine = [part for part in waiting if alone or not part.first.concerns(request.user)]
    chosen = refused.part if refused else _chosen(request, parts, mine)
    shown = []
    for part in parts:
        is_chosen = chosen is not None and part.first.section == chosen.first.section
        form = (refused or PartForm(part=part)) if is_chosen and part in mine else None
        shown.append(_part_context(request, part, form, folded=part in waiting and not is_chosen))
    but = None if alone else request.user
    if show_all or page.next_cursor or not page.is_first:
        unused = unused_items(review, MAX_AT_ONCE, but=but)
    else:
        unused = unused_among(page, but=but)
    context = {
        "customer": company,
        "review": review,
        "unused": [(item, last_use(item)) for item in unused] if may_act else [],
        "page": page,
        "parts": shown,
        "page_address": reverse("portals:review", args=[company.slug, review.uuid]),
        "show_all": show_all,
        "keep": "show=all" if request.GET.get("show") == "all" else "",
        "alone": alone,
        "may_act": may_act,
        "main": company.main_super_user_id,
    }
    return render(request, "portals/review.html", context)


def _chosen(
    request: PersonRequest, parts: list[ReviewSection], mine: list[ReviewSection]
) -> ReviewSection | None:
    """Return the part to unfold: the one asked for, or the first that this person can review."""
    wanted = request.GET.get("part", "")
    asked = (part for part in parts if str(part.first.pk) == wanted)
    return next(asked, None) or next(iter(mine), None)


def _part_context(
    request: PersonRequest, part: ReviewSection, form: PartForm | None, *, folded: bool
) -> dict[str, Any]:
    first, undecided = part.first, part.undecided
    return {
        "form": form,
        "rows": list(form.rows()) if form else [LineRow(line) for line in part.lines],
        "first": first,
        "own": first.concerns(request.user),
        "undecided": undecided,
        "unused": sum(line.item.is_long_unused for line in undecided),
        "folded": folded,
        "has_open_lines": any(line.is_unchanged for line in undecided),
    }


@require_POST
def review_save(request: PersonRequest, customer: str, review: UUID) -> HttpResponse:
    """Save the decisions about one person or team, for the lines that were on the page."""
    managed = _managed_review(request, customer, review)
    part = _part_of_lines(managed, request.POST.getlist("line"))
    if part is None:
        messages.error(request, _("Choose from the lines on this page."))
        return redirect("portals:review", customer, review)
    if part.decided_by:
        message = _("%(person)s has already reviewed this part.") % {"person": part.decided_by}
        messages.error(request, message)
        return redirect("portals:review", customer, review)
    form = PartForm(request.POST, part=part)
    success = submit(
        form,
        lambda: save_decisions(
            actor=request.user,
            review=managed,
            decisions=form.decisions(),
            signed_in_at=signed_in_at(request),
        ),
    )
    if success is None:
        if form.has_error(NON_FIELD_ERRORS, "decided") or form.has_error(NON_FIELD_ERRORS, "over"):
            messages.error(request, first_error(form))
            return redirect("portals:review", customer, review)
        return _page(request, managed, form)
    saved = success.result
    counted = saved.counts
    offer_undo(
        request,
        _("%(who)s: %(kept)s kept, %(reduced)s reduced, %(removed)s removed.")
        % {
            "who": part.first.grantee_name,
            "kept": counted[ReviewDecision.KEEP],
            "reduced": counted[ReviewDecision.REDUCE],
            "removed": counted[ReviewDecision.REMOVE],
        },
        *saved.removals,
    )
    if counted[ReviewDecision.OVERTAKEN]:
        messages.warning(
            request,
            _("Changed by others in the meantime, so not touched: %(count)s.")
            % {"count": counted[ReviewDecision.OVERTAKEN]},
        )
    url = reverse("portals:review", args=[customer, review])
    return redirect(f"{url}?{request.GET.urlencode()}" if request.GET else url)


@require_POST
def review_remove_unused(request: PersonRequest, customer: str, review: UUID) -> HttpResponse:
    """Remove all access that the page showed as unused for 90 days."""
    managed = _managed_review(request, customer, review)
    success = submit_button(
        request,
        ActForm(request.POST),
        lambda: remove_unused(actor=request.user, review=managed),
    )
    if success:
        count = success.result.counts[ReviewDecision.REMOVE]
        message = ngettext(
            "%(count)s unused permission is removed. We told those concerned by email.",
            ("%(count)s unused permissions are removed. We told those concerned by email."),
            count,
        )
        offer_undo(request, message % {"count": count}, *success.result.removals)
    return redirect("portals:review", customer, review)


def _part_of_lines(review: AccessReview, values: list[str]) -> ReviewSection | None:
    """Return the lines that a form names; None unless they belong to one part of this review."""
    keys = numbers_in(values[:MAX_LINES])
    items = items_with_state(review, undecided=False, now=timezone.now()).filter(pk__in=keys)
    parts = review_sections_of(list(items), review)
    return parts[0] if len(parts) == 1 and len(values) <= MAX_LINES else None
