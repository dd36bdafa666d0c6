"""The style sheet of every page: the files of static/css and the provider's accent, in one answer.

One answer instead of nine makes the first page quicker; the content policy forbids inline style.
"""

import re
from functools import cache
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from hub.brand import is_colour

# Later ones win where two of the same layer say different things.
PARTS = [
    "tokens",
    "base",
    "layout",
    "components",
    "lists",
    "forms",
    "campaigns",
    "pages",
    "access",
    "viewing",
    "policies",
]
IMAGE = re.compile(r'url\("\.\./([^"]+)"\)')  # as a file in static/css names it
A_YEAR = 365 * 24 * 60 * 60  # seconds


@cache
def read_style(accent: str) -> tuple[str, str]:
    """Return the CSS of every page with this accent colour, and a digest of it."""
    folder = settings.STATICFILES_DIRS[0] / "css"
    css = "\n".join((folder / f"{part}.css").read_text() for part in PARTS)
    css = IMAGE.sub(lambda match: f'url("{staticfiles_storage.url(match[1])}")', css)
    if is_colour(accent):
        css += f"\n:root {{ --brand: {accent}; }}\n"
    return css, sha256(css.encode()).hexdigest()[:16]


def style_url() -> str:
    """Return the address of the style sheet; it changes with its content."""
    return f"{reverse('style')}?v={read_style(settings.HUB_BRAND_ACCENT)[1]}"


@login_not_required
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Return the style sheet. Browsers keep it for a year under the address that pages name."""
    css, digest = read_style(settings.HUB_BRAND_ACCENT)
    answer = HttpResponse(css, content_type="text/css; charset=utf-8")
    if request.GET.get("v") == digest:
        patch_cache_control(answer, public=True, max_age=A_YEAR, immutable=True)
    else:
        patch_cache_control(answer, public=True, no_cache=True)
    return answer
