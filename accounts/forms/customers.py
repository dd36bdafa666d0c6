"""The company data, and handing over the role of main Super User."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.forms.edit import EditForm
from accounts.forms.strict import ConfirmationNameForm, LineField, TimeZoneField
from accounts.models import Customer, Membership
from accounts.selectors import super_users_of
from accounts.validators import NAME_LENGTH


class CompanyForm(EditForm):
    """The company data that a Super User may change (services: COMPANY_FIELDS)."""

    name = LineField(label=_("Company name"), max_length=NAME_LENGTH)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=Language.choices,
        help_text=_("For mail to people who have not chosen their own."),
    )
    phone = LineField(label=_("Phone"), max_length=40, required=False)
    street = LineField(label=_("Street address"), max_length=200, required=False)
    city = LineField(label=_("City"), max_length=100, required=False)
    region = LineField(label=_("Province or state"), max_length=100, required=False)
    postal_code = LineField(label=_("Postal code"), max_length=20, required=False)
    country = LineField(label=_("Country"), max_length=100, required=False)
    time_zone = TimeZoneField(help_text=_("Access that ends on a day ends with that day here."))


class HandOverForm(ConfirmationNameForm):
    """The next main Super User, and the company's name typed against a slip of the hand."""

    to = forms.ModelChoiceField(
        label=_("New main Super User"),
        queryset=Membership.objects.none(),
        empty_label=_("Choose a person"),
    )
    field_order = ["to", "confirmation_name"]

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = super_users_of(customer).exclude(pk=customer.main_super_user_id or 0)
        self.fields["to"].queryset = others  # type: ignore[attr-defined]
