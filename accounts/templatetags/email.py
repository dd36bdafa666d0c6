"""Tags that make the blocks of an email; only its template knows them: `{% load email %}`.

Nothing else of such a template reaches anybody, and words outside of every block are refused.
"""

import re

from django import template
from django.template.context import Context

from accounts.emails.content import Block, Kind
from accounts.emails.rendering import BLOCKS, SUBJECT
from accounts.languages import with_one_stop

register = template.Library()


def _one_line(words: str) -> str:
    """Return words with single spaces. No-break spaces stay."""
    return with_one_stop(re.sub(r"[ \t\r\n]+", " ", words).strip(" "))


def _add(context: Context, kind: Kind, words: str, url: str = "", label: str = "") -> str:
    """Add a block unless it came out empty. A quotation alone keeps its lines."""
    lines = words.strip() if kind == Kind.QUOTE else _one_line(words)
    if lines:
        context[BLOCKS].append(Block(kind, lines, str(url), str(label)))
    return ""


@register.simple_block_tag(takes_context=True)
def subject(context: Context, content: str) -> str:
    """Say the fact, in one line with ordinary spaces: it is also the heading."""
    context[SUBJECT].append(with_one_stop(" ".join(content.split())))
    return ""


@register.simple_block_tag(takes_context=True)
def text(context: Context, content: str) -> str:
    """Add a paragraph."""
    return _add(context, Kind.TEXT, content)


@register.simple_block_tag(takes_context=True)
def heading(context: Context, content: str) -> str:
    """Begin one of several messages in an email."""
    return _add(context, Kind.HEADING, content)


@register.simple_block_tag(takes_context=True)
def quote(context: Context, content: str) -> str:
    """Quote what somebody wrote."""
    return _add(context, Kind.QUOTE, content)


@register.simple_block_tag(takes_context=True)
def item(context: Context, content: str, url: str = "", label: str = "") -> str:
    """Add an item of a list, with a link where there is one: `{% item url _("Keep it") %}`."""
    return _add(context, Kind.ITEM, content, url, label)


@register.simple_block_tag(takes_context=True)
def fact(context: Context, content: str, label: str) -> str:
    """Add a value with its name: `{% fact _("Reason") %}…{% endfact %}`."""
    return _add(context, Kind.FACT, content, label=label)


@register.simple_block_tag(takes_context=True)
def code(context: Context, content: str) -> str:
    """Show a code to be typed."""
    return _add(context, Kind.CODE, content)


@register.simple_block_tag(takes_context=True)
def button(context: Context, content: str, url: str) -> str:
    """Offer the one act of the email: `{% button link %}Answer the request{% endbutton %}`."""
    return _add(context, Kind.BUTTON, content, url)


@register.simple_block_tag(takes_context=True)
def link(context: Context, content: str, url: str) -> str:
    """Link to a page."""
    return _add(context, Kind.LINK, content, url)


@register.simple_tag(takes_context=True)
def markdown(context: Context, source: str) -> str:
    """Add a text that staff wrote in Markdown."""
    context[BLOCKS].append(Block(Kind.MARKDOWN, source.strip()))
    return ""


@register.simple_tag(takes_context=True)
def embed(context: Context, blocks: list[Block]) -> str:
    """Add the blocks of another email."""
    context[BLOCKS].extend(blocks)
    return ""
