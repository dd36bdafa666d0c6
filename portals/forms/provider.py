"""The provider's forms about a customer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.forms import LineField, StrictForm
from accounts.forms.rows import RowField
from accounts.models import Customer
from accounts.validators import ADDRESS_LENGTH, NAME_LENGTH, validate_short_name
from portals.choices import SubscriptionStatus
from portals.models import Portal


class CustomerForm(StrictForm):
    """A new customer, its first portals and its main Super User."""

    name = LineField(label=_("Company name"), max_length=NAME_LENGTH)
    slug = LineField(
        label=_("Short name"),
        max_length=50,
        validators=[validate_short_name],
        help_text=_(
            "Used in web addresses. You can't change it later. Lowercase letters, "
            "digits and hyphens."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    portals = forms.MultipleChoiceField(
        label=_("Portals"),
        choices=lambda: [(portal.slug, portal) for portal in Portal.objects.all()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("You can add more later."),
    )
    address = LineField(
        label=_("Main Super User's email address"),
        max_length=ADDRESS_LENGTH,
        required=False,
        help_text=_("We send them an invitation. Leave empty to invite them later."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    person = LineField(label=_("Main Super User's name"), max_length=NAME_LENGTH, required=False)

    def clean_portals(self) -> list[Portal]:
        """Return the portals with the ticked short names."""
        return list(Portal.objects.filter(slug__in=self.cleaned_data["portals"]))


class MainSuperUserForm(StrictForm):
    """The person invited as main Super User of a pending customer."""

    address = LineField(
        label=_("Address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    name = LineField(label=_("Name"), max_length=NAME_LENGTH, required=False)


class SubscribeForm(StrictForm):
    """A portal that the customer does not use yet."""

    portal = RowField(label=_("Portal"), queryset=Portal.objects.none(), empty_label=None)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unused = Portal.objects.exclude(subscriptions__customer=customer)
        self.fields["portal"].queryset = unused  # type: ignore[attr-defined]


class SubscriptionStatusForm(StrictForm):
    """The new status of a subscription."""

    status = forms.ChoiceField(label=_("Status"), choices=SubscriptionStatus.choices)


class SuspendForm(StrictForm):
    """The reason for suspending a customer."""

    reason = LineField(
        label=_("Reason"),
        max_length=500,
        help_text=_("The company's Super Users see this in their activity log."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
