"""The metadata of the policy decision point (AuthZEN 1.0)."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from portals.api.evaluation import BATCH_PATH, PATH
from portals.api.search import ACTION, RESOURCE, SUBJECT


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def authzen_configuration(request: HttpRequest) -> JsonResponse:
    """Return the metadata: who decides, and the addresses of checks and searches."""
    paths = {
        "access_evaluation_endpoint": PATH,
        "access_evaluations_endpoint": BATCH_PATH,
        "search_subject_endpoint": SUBJECT.path,
        "search_resource_endpoint": RESOURCE.path,
        "search_action_endpoint": ACTION.path,
    }
    return JsonResponse(
        {
            "policy_decision_point": settings.HUB_BASE_URL,
            **{name: f"{settings.HUB_BASE_URL}{path}" for name, path in paths.items()},
        }
    )
