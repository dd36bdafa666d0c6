"""An answer to a version: which text was shown, in which language, and the answer."""

from typing import Any

from django import forms

from accounts.choices import Language
from accounts.forms import StrictForm
from compliance.choices import Verb


class AnswerForm(StrictForm):
    """The hidden facts of the text that was shown, and the button that was pressed."""

    policy = forms.SlugField(max_length=40, widget=forms.HiddenInput)
    number = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    customer = forms.SlugField(required=False, widget=forms.HiddenInput)
    sha256 = forms.RegexField("^[0-9a-f]{64}$", widget=forms.HiddenInput)
    language = forms.ChoiceField(choices=Language.choices, widget=forms.HiddenInput)
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    verb = forms.ChoiceField(choices=Verb.choices, widget=forms.HiddenInput)

    def facts(self) -> dict[str, Any]:
        """Return what the service takes of a valid form."""
        return {name: self.cleaned_data[name] for name in ("sha256", "language", "verb")}
