"""Undo: offered beside the message that says what was done."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import AuditEvent, Customer
from accounts.selectors import activity_of, removals_of, sentence_of
from accounts.services.undo import UNDO_WITHIN, removal_kinds, undo_events, undoable_kinds
from accounts.views.access import managed_customer
from accounts.views.actions import previous_page, run_action

MAX_EVENTS = 1000  # of one action
MAX_SHOWN = 5  # actions, and events of each, that a page offers to undo


def offer_undo(request: PersonRequest, message: str, *events: AuditEvent | None) -> None:
    """Show a message, with a button that undoes these events where there are any.

    The button's URL travels as the message's extra tag (templates/components/messages.html).
    It names the event, or the first and the last of one action: an action locks its audit chain
    until it ends, so its events follow each other. The service decides whether they can be undone.
    """
    undoable = [event for event in events if event is not None]
    messages.success(request, message, extra_tags=_undo_url(undoable))


def _undo_url(events: list[AuditEvent]) -> str:
    """Return the URL that undoes these events of one action; empty where there are none."""
    if not events or (company := events[0].customer) is None:
        return ""
    first, last = events[0].sequence, events[-1].sequence
    if first == last:
        return reverse("accounts:undo", args=[company.slug, first])
    return reverse("accounts:undo-all", args=[company.slug, first, last])


def undoable_actions(request: PersonRequest, company: Customer) -> list[dict[str, Any]]:
    """Return this Super User's removals that can still be undone, action by action."""
    if company.status != CustomerStatus.ACTIVE:
        return []
    since = timezone.now() - UNDO_WITHIN
    actions = removals_of(request.user, company, kinds=removal_kinds(), since=since)
    return [
        {
            "url": _undo_url(events),
            "sentences": [sentence_of(event) for event in events[:MAX_SHOWN]],
            "more": len(events[MAX_SHOWN:]),
            "until": events[0].at + UNDO_WITHIN,
        }
        for events in actions[:MAX_SHOWN]
    ]


@require_POST
def undo(
    request: PersonRequest, customer: str, sequence: int, last: int | None = None
) -> HttpResponse:
    """Restore what the event with this number removed, or all events up to `last`."""
    company = managed_customer(request, customer)
    event = get_object_or_404(activity_of(company), sequence=sequence)

    def restore() -> list[str]:
        events = [event] if last is None else _events_of_action(company, event, last)
        return undo_events(actor=request.user, events=events)

    done = _("The change is undone.")
    run_action(request, restore, done, _show_undone)
    return redirect(previous_page(request, reverse("portals:people", args=[customer])))


def _show_undone(request: PersonRequest, message: str, left_out: list[str]) -> None:
    messages.success(request, message)
    if left_out:
        warning = _("This access couldn't be restored: %(resources)s.")
        messages.warning(request, warning % {"resources": ", ".join(left_out)})


def _events_of_action(company: Customer, first: AuditEvent, last: int) -> list[AuditEvent]:
    """Return the first event, and the removals by the same person from there to the last one."""
    get_object_or_404(activity_of(company), sequence=last)
    rest = activity_of(company).filter(
        sequence__gt=first.sequence,
        sequence__lte=min(last, first.sequence + MAX_EVENTS),
        actor=first.actor_id,
        kind__in=undoable_kinds(),
    )
    return [first, *rest.order_by("sequence")]
