"""Template variables of every page: the brand and the navigation."""

from functools import cache, partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.unsent_forms import unsent_form_on_page
from hub.demo.people import example_people
from hub.navigation import sections_for
from hub.stylesheet import style_url
from hub.waiting import waiting_for


def brand(request: HttpRequest) -> dict[str, Any]:
    """Return the provider's name and logo, the style sheet, and whether this is the demo."""
    return {
        "brand_name": settings.HUB_BRAND_NAME,
        "brand_logo": settings.HUB_BRAND_LOGO,
        "style_url": style_url(),
        "demo": settings.DEMO,
        "demo_people": example_people if settings.DEMO else (),
    }


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the navigation of this person; it is queried only when a page shows it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": []}
    # The middleware may have asked already (hub/policy_answers.py).
    waiting = cache(lambda: getattr(request, "waiting", None) or waiting_for(user))
    return {
        "navigation": SimpleLazyObject(lambda: sections_for(user, request.path, waiting())),
        "is_bouncing": SimpleLazyObject(lambda: waiting().is_bouncing),
        "unanswered_policies": SimpleLazyObject(lambda: waiting().policies),
        "unsent_form": partial(unsent_form_on_page, request),
    }
