"""Rendering of emails: the one place where their words become text and HTML."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import css_inline
from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils.html import escape

from accounts.emails.colours import Palette, palette
from accounts.emails.content import Block, Content, IncompleteEmail, Kind, grouped
from accounts.emails.markdown import as_html, link_urls

BLOCKS, SUBJECT = "email_blocks", "email_subject"  # where the tags leave what they make
# Nothing of another host is ever loaded, whatever somebody writes into an email.
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)


def render_blocks(template: str, context: Mapping[str, Any]) -> tuple[str, list[Block]]:
    """Return the subject, if it has one, and the blocks of a `.txt` template of an email.

    Its words are plain: both parts escape or keep them as they need. Raises IncompleteEmail.
    """
    blocks: list[Block] = []
    subjects: list[str] = []
    collecting = {**context, BLOCKS: blocks, SUBJECT: subjects}
    engine = Engine.get_default()
    left = engine.get_template(template).render(Context(collecting, autoescape=False))
    if left.strip():
        raise IncompleteEmail(f"{template}: {left.strip()[:60]!r} is in no block")
    return " ".join(subjects), [
        Block(block.kind, plain(block.text), block.url, block.label) for block in blocks
    ]


def render_email(template: str, context: Mapping[str, Any], *, greeting: str = "") -> Content:
    """Return the content of an email. Raises IncompleteEmail."""
    subject, blocks = render_blocks(template, context)
    opening = [Block(Kind.GREETING, plain(greeting))] if greeting else []
    return Content(plain(subject), (*opening, *blocks))


def plain(text: str) -> str:
    """Return text without the mark of safe HTML, which Django gives to all that it renders."""
    return str.__str__(text)


def render_html(
    subject: str, blocks: Iterable[Block], footer: Sequence[Block], language: str
) -> str:
    """Return the HTML part of an email: one column, no remote resource, its CSS inlined.

    The footer differs for each recipient; what is above it is made once for all of a message that
    staff wrote. Of other emails nothing is kept: there may be a secret in them.
    """
    blocks = tuple(blocks)
    make = _kept_page if any(block.kind == Kind.MARKDOWN for block in blocks) else _page
    links = tuple(bool(block.url) for block in footer)
    page = make(
        subject, blocks, links, language, settings.HUB_BRAND_NAME, settings.HUB_BRAND_ACCENT
    )
    above, tag, below = page.rpartition("<footer")
    for number, block in enumerate(footer):
        below = below.replace(_WORDS.format(number), escape(block.text))
        below = below.replace(_URL.format(number), escape(block.url))
    return above + tag + below


# In the place of the words and the link of each line of a footer.
_WORDS, _URL = "[[words {}]]", "[[url {}]]"


def _page(
    subject: str,
    blocks: tuple[Block, ...],
    links: tuple[bool, ...],
    language: str,
    brand: str,
    accent: str,
) -> str:
    """Return the page with marks instead of the words of its footer."""
    html = render_to_string(
        "accounts/emails/layout.html",
        {
            "subject": subject,
            "groups": [
                {"kind": group[0].kind, "blocks": [_with_html(block) for block in group]}
                for group in grouped(blocks)
            ],
            "footer": [
                {"text": _WORDS.format(number), "url": _URL.format(number) if is_link else ""}
                for number, is_link in enumerate(links)
            ],
            "language": language,
            "brand": brand,
            "colours": _palette(accent),
        },
    )
    return plain(_INLINER.inline(html))


_kept_page = lru_cache(maxsize=32)(_page)


def _with_html(block: Block) -> dict[str, Any]:
    html = {Kind.MARKDOWN: as_html, Kind.PLAIN: link_urls}.get(block.kind)
    return {"words": block, "html": html(block.text) if html else ""}


@cache
def _palette(accent: str) -> Palette:
    return palette(accent)
