"""The provider's accent colour, served as CSS because the content policy forbids inline style."""

import re

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

COLOUR = re.compile(
    r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})"
    r"|(?:rgb|hsl|hwb|lab|lch|oklab|oklch)\([0-9a-z.%,/ +-]{1,60}\)"
    r"|[a-z]{3,30}",
    re.IGNORECASE,
)


def is_colour(text: str) -> bool:
    """Return whether the text is one CSS colour and nothing else."""
    return COLOUR.fullmatch(text) is not None


def colour(value: str) -> str:
    """Return the value if it is a CSS colour or empty. Raises ValueError."""
    if value and not is_colour(value):
        raise ValueError(f"“{value}” is not one CSS colour, such as #1c6a70")
    return value


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def brand_css(request: HttpRequest) -> HttpResponse:
    """Return the CSS that sets `--brand`; empty when the provider has no colour of its own."""
    accent = settings.HUB_BRAND_ACCENT
    rule = f":root {{ --brand: {accent}; }}\n" if is_colour(accent) else ""
    return HttpResponse(rule, content_type="text/css; charset=utf-8")
