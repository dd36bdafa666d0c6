"""The metadata of the policy decision point (AuthZEN 1.0)."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from portals.api.evaluation import PATH


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def authzen_configuration(request: HttpRequest) -> JsonResponse:
    """Return the metadata: who decides, and the address of the check endpoint."""
    return JsonResponse(
        {
            "policy_decision_point": settings.HUB_BASE_URL,
            "access_evaluation_endpoint": f"{settings.HUB_BASE_URL}{PATH}",
        }
    )
