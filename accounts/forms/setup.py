"""The form of a set-up guide's buttons."""

from django import forms

from accounts.choices import SetupStep
from accounts.forms.strict import StrictForm


class SetupForm(StrictForm):
    """The step that somebody skips."""

    step = forms.ChoiceField(choices=SetupStep.choices)
