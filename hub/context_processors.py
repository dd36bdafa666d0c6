"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from hub.demo.people import example_people


def brand(request: HttpRequest) -> dict[str, Any]:
    """The provider's name, logo and accent, and whether this is the demo."""
    return {
        "brand_name": settings.HUB_BRAND_NAME,
        "brand_logo": settings.HUB_BRAND_LOGO,
        "brand_accent": settings.HUB_BRAND_ACCENT,
        "demo": settings.DEMO,
        "demo_people": example_people if settings.DEMO else (),
    }
