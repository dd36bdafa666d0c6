"""Draw icons: {% lucide "users" size=16 %}."""

from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1024)
def lucide(name: str, *, size: int | None = 24, **attributes: Any) -> SafeString:
    """Return an icon of lucide as SVG.

    A page has dozens, and the library draws each from its XML: a twentieth of the page's time.
    """
    return SafeString(draw(name, size=size, **attributes))
