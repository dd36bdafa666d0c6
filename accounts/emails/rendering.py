"""Rendering of text templates: the one place where the words of an email are made."""

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string


def render_text(template: str, context: Mapping[str, Any]) -> str:
    """Return a `.txt` template as a plain string, which every HTML page still escapes.

    Django marks whatever a template renders as safe HTML. Text that holds people's words is not.
    """
    return plain(render_to_string(template, dict(context)))


def plain(text: str) -> str:
    """Return text without the mark of safe HTML."""
    return str.__str__(text)
