"""Creating and editing a topic."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import EditForm, LineField, StrictForm
from portals.models import Portal
from preferences.choices import TopicBasis


class PortalField(forms.ModelChoiceField):
    """One portal, or none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Portal.objects.all(), required=False, **kwargs)


class TopicForm(StrictForm):
    """The settings of a topic, without its short name."""

    name_en = LineField(label=_("Name in English"), max_length=100)
    name_fr = LineField(label=_("Name in French"), max_length=100)
    purpose_en = LineField(
        label=_("What it is about, in English"),
        max_length=200,
        help_text=_("One sentence. People agree to these words, so they are kept as evidence."),
    )
    purpose_fr = LineField(label=_("What it is about, in French"), max_length=200)
    cadence_en = LineField(
        label=_("How often, in English"),
        max_length=100,
        help_text=_("Honestly, such as: at most once a month."),
    )
    cadence_fr = LineField(label=_("How often, in French"), max_length=100)
    portal = PortalField(
        label=_("Portal"),
        empty_label=_("None: for everyone"),
        help_text=_("With a portal, only people of customers who use it can have this topic."),
    )
    resellers_only = forms.BooleanField(
        label=_("For resellers only"),
        required=False,
        help_text=_("Only people of customers marked as resellers can have it."),
    )
    basis = forms.ChoiceField(
        label=_("Whose silence counts"),
        choices=TopicBasis.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "Implied consent comes from being a customer, and runs out two years after that ended."
        ),
    )
    default_on = forms.BooleanField(
        label=_("On by default"),
        required=False,
        help_text=_("Customers' people get it until they say no. This needs implied consent."),
    )
    double_opt_in = forms.BooleanField(
        label=_("Confirm by mail"),
        required=False,
        help_text=_(
            "Who subscribes without an account first confirms by a mail to the address. Without"
            " it their yes counts at once, and you could not show later whose yes it was. Who is"
            " signed in never needs it."
        ),
    )
    position = forms.IntegerField(
        label=_("Place in the list"),
        min_value=0,
        max_value=1000,
        initial=0,
        help_text=_("Lower numbers stand first on people's preference page."),
    )


class EditTopicForm(EditForm, TopicForm):
    """A topic that exists."""


class NewTopicForm(TopicForm):
    """A new topic, with its short name."""

    slug = LineField(
        label=_("Short name"),
        max_length=40,
        help_text=_("Stands in addresses and stays for good: small letters, digits, hyphens."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ["slug"]
