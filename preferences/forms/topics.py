"""Creating and editing a topic."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import EditForm, LineField, StrictForm
from accounts.forms.rows import RowField
from portals.models import Portal
from preferences.choices import STAFF_BASES


class PortalField(RowField):
    """One portal, or none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Portal.objects.all(), required=False, **kwargs)


class TopicForm(StrictForm):
    """The settings of a topic, without its short name."""

    name_en = LineField(label=_("Name in English"), max_length=100)
    name_fr = LineField(label=_("Name in French"), max_length=100)
    purpose_en = LineField(
        label=_("Description in English"),
        max_length=200,
        help_text=_("A single sentence. People agree to this text, so it is kept as evidence."),
    )
    purpose_fr = LineField(label=_("Description in French"), max_length=200)
    cadence_en = LineField(
        label=_("How often, in English"),
        max_length=100,
        help_text=_("For example: at most once a month."),
    )
    cadence_fr = LineField(label=_("How often, in French"), max_length=100)
    portal = PortalField(
        label=_("Portal"),
        empty_label=_("None: for everyone"),
        help_text=_("With a portal, only people of companies that use it can subscribe."),
    )
    resellers_only = forms.BooleanField(
        label=_("For resellers only"),
        required=False,
        help_text=_("Only people of companies marked as resellers can subscribe."),
    )
    basis = forms.ChoiceField(
        label=_("Who can receive it"),
        choices=[(basis.value, basis.label) for basis in STAFF_BASES],
        widget=forms.RadioSelect,
        help_text=_(
            "Implied consent comes from doing business with you. It expires two years after that"
            " ends."
        ),
    )
    default_on = forms.BooleanField(
        label=_("On by default"),
        required=False,
        help_text=_(
            "People of companies get it until they unsubscribe. This needs implied consent."
        ),
    )
    double_opt_in = forms.BooleanField(
        label=_("Confirm by email"),
        required=False,
        help_text=_(
            "People without an account first confirm their subscription by email. Without this,"
            " you can't prove later who subscribed. People who are signed in don't need it."
        ),
    )
    position = forms.IntegerField(
        label=_("Place in the list"),
        min_value=0,
        max_value=1000,
        initial=0,
        help_text=_("Lower numbers come first on the preference page."),
    )


class EditTopicForm(EditForm, TopicForm):
    """A topic that exists."""


class NewTopicForm(TopicForm):
    """A new topic, with its short name."""

    slug = LineField(
        label=_("Short name"),
        max_length=40,
        help_text=_(
            "Used in web addresses and can't change later: lowercase letters, digits, hyphens."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ["slug"]
