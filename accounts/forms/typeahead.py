"""A field that chooses one or several of many options while somebody types.

Its values are keys of options, and text, which is matched when the form is sent: so it works
without JavaScript too.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from accounts.search import found_by
from accounts.selectors.options import MAX_SUGGESTIONS, Option, Options
from accounts.validators import validate_plain_text

MAX_CHOSEN = 200
MAX_TEXTS = 10  # each is a search
MAX_TEXT = 254


class TypeaheadInput(forms.Widget):
    """A text field with suggestions, after ticked boxes for what is chosen already."""

    template_name = "django/forms/widgets/typeahead.html"
    allow_multiple_selected = True  # a name for each of what is chosen, and for the text

    def __init__(
        self, options: Options, fixed: Sequence[Option], multiple: bool, attrs: Any = None
    ) -> None:
        super().__init__(attrs)
        self.options, self.fixed, self.multiple = options, fixed, multiple

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """Return the keys and the text."""
        values = data.getlist(name) if isinstance(data, MultiValueDict) else data.get(name, [])
        return [values] if isinstance(values, str) else list(values)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Return whether nothing was sent."""
        return name not in data

    def use_required_attribute(self, initial: Any) -> bool:
        """Return False: the text field may be empty where something is chosen already."""
        return False

    def format_value(self, value: Any) -> list[str]:
        """Return keys and texts of what a form has."""
        if value in (None, ""):
            return []
        return [value] if isinstance(value, str) else [str(item) for item in value]

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Return the context of the template.

        A text that only one option matches is shown as chosen; otherwise its matches can be ticked.
        """
        context: dict[str, Any] = super().get_context(name, value, attrs)
        keys, texts = self.split(context["widget"]["value"] or [])
        found = self.by_keys(keys)
        chosen = [found[key] for key in keys if key in found]
        candidates: list[Option] = []
        left: list[str] = []
        for text in texts[:MAX_TEXTS]:
            matches = self.matches(text)
            one = single_match(text, matches)
            chosen += [one] if one and one.key not in {option.key for option in chosen} else []
            if one is None:
                left.append(text)
                candidates += matches
        chosen_keys = {option.key for option in chosen}
        context["widget"].update(
            chosen=chosen,
            candidates=[option for option in candidates if option.key not in chosen_keys],
            fixed=self.fixed,
            unchosen=[option for option in self.fixed if option.key not in chosen_keys],
            text=" ".join(left),
            url=self.options.url,
            multiple=self.multiple,
        )
        return context

    def split(self, values: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the keys and the texts among the values, each once."""
        fixed = {option.key for option in self.fixed}
        keys: dict[str, None] = {}
        texts: dict[str, None] = {}
        for value in values:
            text = value.strip()
            if text in fixed or self.options.is_key(text):
                keys[text] = None
            elif text:
                texts[text] = None
        return list(keys), list(texts)

    def by_keys(self, keys: list[str]) -> dict[str, Option]:
        """Return key → option, of the fixed ones and of the others."""
        fixed = {option.key: option for option in self.fixed}
        others = [key for key in keys if key not in fixed]
        return {**fixed, **(self.options.by_keys(others) if others else {})}

    def matches(self, text: str) -> list[Option]:
        """Return the options that a text can mean, at most one more than are suggested."""
        if len(text) > MAX_TEXT or not text.isprintable():
            return []
        fixed = [option for option in self.fixed if found_by(text, option.label)]
        return [*fixed, *self.options.search(text, MAX_SUGGESTIONS + 1)]


def single_match(text: str, matches: list[Option]) -> Option | None:
    """Return the only match of a text, or the only one that it names in full, if any."""
    named = [option for option in matches if option.is_named(text)]
    return named[0] if len(named) == 1 else matches[0] if len(matches) == 1 else None


class TypeaheadField(forms.Field):
    """One of many options, or several: the cleaned value is the option's value, or a list of them.

    `fixed` has options that are offered before all others, such as "All domains".
    """

    widget: TypeaheadInput
    default_error_messages = {
        "gone": _("Your choice is no longer in the list. Choose again."),
        "unknown": _("No match for “%(text)s”. Check the spelling, or type fewer letters."),
        "several": _("Several matches for “%(text)s”: %(names)s. Choose from the list."),
        "one": _("Choose only one."),
        "too_many": _("Choose at most %(count)s."),
    }

    def __init__(
        self,
        *,
        options: Options,
        fixed: Sequence[Option] = (),
        multiple: bool = False,
        placeholder: Any = "",
        **kwargs: Any,
    ) -> None:
        attrs = {"placeholder": placeholder} if placeholder else None
        super().__init__(widget=TypeaheadInput(options, fixed, multiple, attrs), **kwargs)
        self.options, self.multiple = options, multiple

    def prepare_value(self, value: Any) -> Any:
        """Return the keys of objects, so that they can be initial values."""
        values = value if isinstance(value, list | tuple) else [] if value is None else [value]
        fixed = {id(option.value): option.key for option in self.widget.fixed}
        return [
            fixed.get(id(item)) or (item if isinstance(item, str) else self.options.key_of(item))
            for item in values
        ]

    def clean(self, value: Any) -> Any:
        """Return what was chosen. Raises: ValidationError that lists the options of a text."""
        keys, texts = self.widget.split(value or [])
        if len(keys) > MAX_CHOSEN or len(texts) > MAX_TEXTS:
            most = MAX_CHOSEN if len(keys) > MAX_CHOSEN else MAX_TEXTS
            raise self._refusal("too_many", count=most)
        found = self.widget.by_keys(keys)
        if any(key not in found for key in keys):
            raise self._refusal("gone")
        chosen = {key: found[key] for key in keys}
        for text in texts:
            option = self._matched(text)
            chosen[option.key] = option
        values = [option.value for option in chosen.values()]
        if self.required and not values:
            raise self._refusal("required")
        if self.multiple:
            return values
        if len(values) > 1:
            raise self._refusal("one")
        return values[0] if values else None

    def _matched(self, text: str) -> Option:
        validate_plain_text(text)
        matches = self.widget.matches(text)
        if not matches:
            raise self._refusal("unknown", text=text[:60])
        if option := single_match(text, matches):
            return option
        names = [
            f"{option.label} ({option.detail})" if option.detail else option.label
            for option in matches[:MAX_SUGGESTIONS]
        ]
        names += ["…"] * (len(matches) > MAX_SUGGESTIONS)
        raise self._refusal("several", text=text[:60], names=", ".join(names))

    def _refusal(self, code: str, **params: Any) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code, params=params)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether other options are chosen than at first."""
        return set(filter(None, self.prepare_value(initial))) != set(filter(None, data or []))
