"""Beginning and ending a look at a person's pages; hub.viewing shows them."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.adapters import signed_in_at
from accounts.forms import ActForm
from accounts.http import PersonRequest
from accounts.models import SupportCase, Viewing
from accounts.permissions import require_desk
from accounts.services.support.viewings import begin_viewing, end_viewing
from accounts.views.actions import run_action, submit_button


@require_POST
def desk_viewing_begin(request: PersonRequest, case: UUID) -> HttpResponse:
    """Begin to look at the pages of a case's person."""
    require_desk(request.user, signed_in_at(request))
    row = get_object_or_404(SupportCase.objects.select_related("person"), uuid=case)
    begun = submit_button(
        request,
        ActForm(request.POST),
        lambda: begin_viewing(actor=request.user, case=row, signed_in_at=signed_in_at(request)),
    )
    if begun is None:
        return redirect("accounts:desk-person", row.person.sub)
    return redirect("viewing", begun.result.uuid, "home")


@require_POST
def desk_viewing_end(request: PersonRequest, viewing: UUID) -> HttpResponse:
    """End it before its time."""
    require_desk(request.user, signed_in_at(request))
    row = get_object_or_404(Viewing.objects.select_related("case__person"), uuid=viewing)
    run_action(
        request,
        lambda: end_viewing(actor=request.user, viewing=row),
        _("You no longer see the pages of %(person)s.") % {"person": row.case.person},
    )
    return redirect("accounts:desk-person", row.case.person.sub)
