"""Django's `i18n` tags, with one change: a sentence ends once, also after "Alder Inc."."""

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.templatetags import i18n
from django.utils.safestring import mark_safe

from accounts.languages import with_one_stop

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


class SentenceNode(i18n.BlockTranslateNode):
    """A translated text, in which a name may end with a full stop of its own."""

    def render(self, context: Context, nested: bool = False) -> Any:
        """Return the text, already escaped as Django does it."""
        text = super().render(context, nested)
        if self.asvar:
            context[self.asvar] = mark_safe(with_one_stop(context[self.asvar]))  # noqa: S308
        return with_one_stop(text)


@register.tag("blocktranslate")
@register.tag("blocktrans")
def do_block_translate(parser: Parser, token: Token) -> SentenceNode:
    """Parse the tag as Django does."""
    return SentenceNode(**vars(i18n.do_block_translate(parser, token)))
