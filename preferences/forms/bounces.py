"""Settling the escalation of a bounced notice."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField, StrictForm
from preferences.choices.delivery_events import ReachedHow


class SettleForm(StrictForm):
    """How the person was reached, if at all, and what was done."""

    how = forms.ChoiceField(
        label=_("Result"),
        choices=[
            (how.value, how.label)
            for how in (ReachedHow.PHONE, ReachedHow.POST, ReachedHow.GAVE_UP)
        ],
    )
    reason = LineField(label=_("What did you do, and when?"), max_length=500)
