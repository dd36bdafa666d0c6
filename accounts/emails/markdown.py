"""Markdown that staff write, as safe HTML: no markup of their own, no images, no other schemes."""

import re
from typing import Any, cast

import nh3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

SCHEMES = {"http", "https", "mailto"}
TAGS = {
    "p", "br", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "hr",
    "h2", "h3", "h4", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
# Line breaks count: people who write plain text break their lines on purpose.
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    .enable(["table", "strikethrough", "linkify"])
    .disable(["image", "lheading"])  # a line of dashes below a paragraph makes no heading of it
)
# Only what begins with a scheme: a company's name may look like a host.
cast(Any, _MARKDOWN.linkify).set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})


def as_html(source: str) -> SafeString:
    """Return Markdown as HTML. What is no Markdown shows as it was written.

    Headings begin at the second level, below the subject.
    """
    tokens = _MARKDOWN.parse(source)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 1, 4)}"
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        attribute_filter=_kept,
        url_schemes=SCHEMES,
        link_rel=None,
    )
    return mark_safe(clean)  # noqa: S308 -- nh3 has just cleaned it


def _kept(tag: str, name: str, value: str) -> str | None:
    """Drop links to pages of the hub, which an email has none of, and titles that hide a text."""
    if tag == "a":
        is_absolute = value.partition(":")[0].lower() in SCHEMES
        return value if name == "href" and is_absolute else None
    return value if (tag, name) == ("ol", "start") else None


def link_urls(text: str) -> SafeString:
    """Return plain text as HTML, with its URLs as links and its line breaks."""
    parts, end = [], 0
    for found in _URL.finditer(text):
        link = format_html('<a href="{0}">{0}</a>', found[0])
        parts += [escape(text[end : found.start()]), link]
        end = found.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts).replace("\n", "<br>\n"))  # noqa: S308 -- escaped above
