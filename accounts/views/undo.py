"""Undo: offered beside the words that say what was done."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.models import AuditEvent
from accounts.selectors import activity_of
from accounts.services.undo import undo_event
from accounts.views.rings import came_from, managed_customer


def offer_undo(request: PersonRequest, said: str, event: AuditEvent | None) -> None:
    """Say what was done, with a button that undoes it where there is an event to undo.

    The button's address travels as the message's extra tag (templates/components/messages.html);
    it names the event, and the service decides about it.
    """
    address = ""
    if event is not None and event.customer is not None:
        address = reverse("accounts:undo", args=[event.customer.slug, event.sequence])
    messages.success(request, said, extra_tags=address)


@require_POST
def undo(request: PersonRequest, customer: str, sequence: int) -> HttpResponse:
    """Bring back what this entry of the company's trail says was removed."""
    company = managed_customer(request, customer)
    event = get_object_or_404(activity_of(company), sequence=sequence)
    form = ActForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError(first_error(form))
        done = undo_event(actor=request.user, event=event)
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
    else:
        messages.success(request, _("Undone: everything is as it was."))
        if left_out := done.data.get("left_out"):
            said = _("Except for what cannot be given again: %(things)s.")
            messages.warning(request, said % {"things": ", ".join(left_out)})
    return redirect(came_from(request, reverse("portals:people", args=[customer])))
