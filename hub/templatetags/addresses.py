"""Django's `url` tag, with the addresses of accounts.addresses."""

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse_url
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape

from accounts.addresses import address_of

register = template.Library()


class AddressNode(URLNode):
    """The address of a view, without names for its arguments."""

    def render(self, context: Context) -> Any:
        """Return the address, as Django does."""
        if self.kwargs:
            return super().render(context)
        arguments = [argument.resolve(context) for argument in self.args]
        try:
            address = address_of(self.view_name.resolve(context), *arguments)
        except NoReverseMatch:
            if self.asvar is None:
                raise
            address = ""
        if self.asvar:
            context[self.asvar] = address
            return ""
        return conditional_escape(address) if context.autoescape else address


@register.tag
def url(parser: Parser, token: Token) -> URLNode:
    """Parse the tag as Django does."""
    return AddressNode(**vars(parse_url(parser, token)))
