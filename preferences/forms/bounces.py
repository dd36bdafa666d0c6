"""How a notice that came back reached somebody after all."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField, StrictForm
from preferences.choices.delivery_events import ReachedHow


class SettleForm(StrictForm):
    """By phone, by post, or not at all; with what was done."""

    how = forms.ChoiceField(
        label=_("What came of it"),
        choices=[
            (how.value, how.label)
            for how in (ReachedHow.PHONE, ReachedHow.POST, ReachedHow.GAVE_UP)
        ],
    )
    reason = LineField(label=_("What was done, and when"), max_length=500)
