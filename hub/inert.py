"""Markup that nobody can act with: the text and look of a page, without links, forms and names."""

import nh3
from django.utils.safestring import SafeString, mark_safe

_ICONS = {"svg", "path", "circle", "ellipse", "line", "polyline", "polygon", "rect", "g"}
_TEXT = {
    "div", "section", "p", "br", "h2", "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "small",
    "strong", "em", "span", "time", "table", "thead", "tbody", "tr", "th", "td", "fieldset",
    "legend", "progress",
}  # fmt: skip
# A link without an address, a button and a field that are disabled and have no name.
_CONTROLS = {"a", "button", "input", "label"}
_DRAWING = {
    "viewBox", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "width",
    "height", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "points",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"class", "lang", "role", "aria-hidden"},
    "input": {"checked"},
    "progress": {"value", "max"},
    "td": {"data-label"},
    "th": {"scope"},
    "time": {"datetime"},
    **dict.fromkeys(_ICONS, _DRAWING),
}
_FORCED = {
    "a": {"aria-disabled": "true"},
    "button": {"type": "button", "disabled": ""},
    "input": {"disabled": ""},
}


def inert(html: str) -> SafeString:
    """Return the markup of a page without whatever could act, or say more than the page shows.

    Everything that is not listed above is left out: addresses, forms, hidden fields' values, names,
    identities, scripts, what htmx reads. So a later change of the page can't bring any of it back.
    """
    clean = nh3.clean(
        html,
        tags=_TEXT | _CONTROLS | _ICONS,
        clean_content_tags={"script", "style", "noscript", "template", "dialog"},
        attributes=_ATTRIBUTES,
        tag_attribute_values={"input": {"type": {"checkbox", "radio", "hidden"}}},
        set_tag_attribute_values=_FORCED,
        link_rel=None,
    )
    return mark_safe(clean)  # noqa: S308 -- nh3 left only what is listed
