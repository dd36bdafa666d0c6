"""The provider's page of legal deadlines."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from compliance.selectors.due import due_list


@require_safe
def due(request: PersonRequest) -> HttpResponse:
    """List the deadlines that the viewer may see, soonest first."""
    require_staff(request.user, "compliance.view_due_list")
    page = due_list(request.user, after=request.GET.get("after", ""))
    return render(request, "compliance/due.html", {"page": page})
