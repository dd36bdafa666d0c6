"""Legal holds, and the confirmation of a retention rule."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import StrictForm
from accounts.forms.strict import LineField
from accounts.validators import ADDRESS_LENGTH
from compliance.choices.erasures import HoldScope
from compliance.models.holds import GROUND_LENGTH
from compliance.registry import item_choices
from compliance.registry.retention import RULES


def _items() -> list[tuple[str, object]]:
    return [("", _("All data")), *item_choices()]


class HoldForm(StrictForm):
    """The scope of a legal hold, its reason and its last day."""

    demanded_at_times = ("address", "customer", "item")
    scope = forms.ChoiceField(
        label=_("Keep data of"), choices=HoldScope.choices, widget=forms.RadioSelect
    )
    address = forms.CharField(
        label=_("Email address of the person"),
        required=False,
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    customer = LineField(
        label=_("Short name of the company"),
        required=False,
        max_length=50,
        help_text=_("As in the address of its pages."),
    )
    item = forms.ChoiceField(label=_("Data"), required=False, choices=_items)
    ground = LineField(label=_("Reason"), max_length=GROUND_LENGTH)
    until = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The hold ends by itself after this day."),
    )


class EndHoldForm(StrictForm):
    """Why a hold ends before its day."""

    reason = LineField(label=_("Reason"), max_length=GROUND_LENGTH)


class ApproveForm(StrictForm):
    """The rule, and how many records staff saw that it would delete."""

    rule = forms.ChoiceField(choices=[(rule.code, rule.code) for rule in RULES])
    found = forms.IntegerField(min_value=0)
