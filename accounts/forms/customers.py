"""The company data, and handing over the role of main Super User."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language, Role
from accounts.forms.edit import EditForm
from accounts.forms.offboarding import DayInput
from accounts.forms.strict import ConfirmationNameForm, LineField, StrictForm
from accounts.forms.time_zones import TimeZoneField
from accounts.forms.typeahead import TypeaheadField
from accounts.models import Customer
from accounts.selectors.options import PeopleOptions
from accounts.timezones import in_current_zone, start_of_day
from accounts.validators import NAME_LENGTH


class CompanyForm(EditForm):
    """The company data that a Super User may change (services: COMPANY_FIELDS)."""

    name = LineField(label=_("Company name"), max_length=NAME_LENGTH)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=Language.choices,
        help_text=_("For emails to people who haven't chosen a language."),
    )
    phone = LineField(label=_("Phone"), max_length=40, required=False)
    street = LineField(label=_("Street address"), max_length=200, required=False)
    city = LineField(label=_("City"), max_length=100, required=False)
    region = LineField(label=_("Province or state"), max_length=100, required=False)
    postal_code = LineField(label=_("Postal code"), max_length=20, required=False)
    country = LineField(label=_("Country"), max_length=100, required=False)
    time_zone = TimeZoneField(
        help_text=_("Access that ends on a date ends at the end of that day in this time zone.")
    )


class SecondFactorForm(StrictForm):
    """The first day on which the company's people need a second factor."""

    day = forms.DateField(
        label=_("Required from"),
        widget=DayInput,
        help_text=in_current_zone(_("The day begins at midnight.")),
    )

    def moment(self) -> datetime:
        """Return the moment at which the day begins."""
        return start_of_day(self.cleaned_data["day"])


class HandOverForm(ConfirmationNameForm):
    """The next main Super User, and the company's name typed against a slip of the hand."""

    field_order = ["to", "confirmation_name"]

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        main = customer.main_super_user
        options = PeopleOptions(
            customer, role=Role.SUPER_USER, but=str(main.user.sub) if main else ""
        )
        self.has_others = options.has_any()
        self.fields["to"] = TypeaheadField(
            label=_("New main Super User"), options=options, placeholder=_("Name or address")
        )
        self.order_fields(self.field_order)
