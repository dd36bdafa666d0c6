"""Referring a contact, the contact's answer, and the answer of staff to a reseller request."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.forms import StrictForm
from accounts.forms.strict import LineField
from accounts.validators import ADDRESS_LENGTH, NAME_LENGTH, normalise_address
from compliance.choices.programmes import Relation, ResellerRequestState
from compliance.models.reseller_requests import REASON_LENGTH


class ReferForm(StrictForm):
    """A contact, and the confirmation that the referrer knows them."""

    name = LineField(label=_("Name of your contact"), max_length=NAME_LENGTH)
    address = forms.CharField(
        label=_("Email address of your contact"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    language = forms.ChoiceField(label=_("Language of the email"), choices=Language.choices)
    relation = forms.ChoiceField(
        label=_("How you know each other"), choices=Relation.choices, widget=forms.RadioSelect
    )
    confirmed = forms.BooleanField(
        label=_("I know this person, and the email may name me and my company.")
    )

    def clean_address(self) -> str:
        """Return the address as the hub stores it. Raises: ValidationError for no address."""
        return normalise_address(self.cleaned_data["address"])


class ReferralAnswerForm(StrictForm):
    """A contact's yes or no, and whether the referrer may learn that they joined."""

    interested = forms.TypedChoiceField(
        label=_("Your answer"),
        choices=[("yes", _("Yes, contact me")), ("no", _("No, don’t write to me"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    may_tell = forms.BooleanField(
        label=_("If I sign up, you may tell the person who referred me."), required=False
    )


class AlertsForm(StrictForm):
    """The yes or no to reseller alerts; nothing is ticked beforehand."""

    wants = forms.BooleanField(label=_("Email me reseller alerts"), required=False)


class DecideForm(StrictForm):
    """The answer to a company that asks to resell."""

    demanded_at_times = ("reason",)
    outcome = forms.ChoiceField(
        label=_("Answer"),
        choices=[
            (ResellerRequestState.APPROVED.value, _("Approve")),
            (ResellerRequestState.DECLINED.value, _("Decline")),
        ],
        widget=forms.RadioSelect,
    )
    reason = LineField(
        label=_("Reason"),
        required=False,
        max_length=REASON_LENGTH,
        help_text=_("The company reads it in an email. To decline, you need a reason."),
    )
