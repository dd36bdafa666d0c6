"""Lists of keys that a page sends under one name."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.addresses import number_in

MAX_KEYS = 1000


class ListField(forms.Field):
    """A list of values under one name, each read by `parse`."""

    widget = forms.SelectMultiple

    def __init__(self, parse: Callable[[str], Any], most: int = MAX_KEYS, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.parse, self.most = parse, most

    def clean(self, value: Any) -> list[Any]:
        """Return the parsed values. Raises: ValidationError for one the page does not offer."""
        values = value or []
        try:
            if len(values) > self.most:
                raise ValueError("too many")
            return [self.parse(text) for text in values]
        except (ValueError, OverflowError) as error:
            raise ValidationError(_("Choose from the options on this page.")) from error


def parse_key(text: str) -> int:
    """Return a primary key. Raises: ValueError."""
    number = number_in(text)
    if number is None:
        raise ValueError(text)
    return number
