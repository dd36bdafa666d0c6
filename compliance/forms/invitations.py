"""The policies on the page where somebody accepts an invitation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.emails.markdown import as_html
from compliance.choices import Verb
from compliance.selectors import ToAnswer


@dataclass(frozen=True)
class Shown:
    """A text on the page of an invitation, and the language in which it is shown."""

    item: ToAnswer
    language: str

    @property
    def token(self) -> str:
        """The value of the box of this text: the text shown, its reader and its language."""
        version, customer = self.item.version, self.item.customer
        company = customer.slug if customer else ""
        return f"{version.policy.slug}/{version.number}/{company}/{self.language}/{version.sha256}"

    @property
    def title(self) -> str:
        """Its title, in the language in which it is shown."""
        return self.item.version.in_language("title", self.language)

    @property
    def label(self) -> str:
        """The words beside its box."""
        title = self.title
        if self.item.agreement == Verb.ACKNOWLEDGED:
            return _("I have read “%(policy)s”") % {"policy": title}
        if self.item.customer is None:
            return _("I accept “%(policy)s”") % {"policy": title}
        return _("I accept “%(policy)s” for %(company)s") % {
            "policy": title,
            "company": self.item.customer,
        }

    @property
    def body(self) -> str:
        """The text itself, as a page shows it."""
        return as_html(self.item.version.in_language("body", self.language))


class PoliciesInput(forms.CheckboxSelectMultiple):
    """A box below each text; none is ticked beforehand."""

    template_name = "compliance/policies_input.html"

    def __init__(self, shown: Sequence[Shown], attrs: Any = None) -> None:
        super().__init__(attrs)
        self.shown = shown

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Return the context of the template: each box with its text."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        options = [
            option for _group, group, _index in context["widget"]["optgroups"] for option in group
        ]
        context["widget"]["texts"] = list(zip(self.shown, options, strict=True))
        return context


class PoliciesField(forms.TypedMultipleChoiceField):
    """The texts that an invited person agrees to, as `Shown`; another text is refused (L8)."""

    default_error_messages = {
        "invalid_choice": gettext_lazy(
            "The text changed after you opened the page. Read the new text, then answer."
        ),
    }

    def __init__(self, shown: Sequence[Shown]) -> None:
        found = {each.token: each for each in shown}
        super().__init__(
            label=gettext_lazy("Policies"),
            choices=[(token, each.label) for token, each in found.items()],
            coerce=found.__getitem__,
            empty_value=[],
            required=False,
            widget=PoliciesInput(shown),
            help_text=gettext_lazy(
                "You can also answer after you joined. Some pages wait for your answer."
            ),
        )
