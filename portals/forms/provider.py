"""What the provider's staff type about customers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.forms import LineField, StrictForm
from accounts.models import Customer
from accounts.validators import ADDRESS_LENGTH, NAME_LENGTH, validate_short_name
from portals.choices import SubscriptionStatus
from portals.models import Portal


class CustomerForm(StrictForm):
    """A new customer, its first portals and the person who will run it."""

    name = LineField(label=_("Company name"), max_length=NAME_LENGTH)
    slug = LineField(
        label=_("Short name"),
        max_length=50,
        validators=[validate_short_name],
        help_text=_("Stands in addresses and stays for good: small letters, digits, hyphens."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    portals = forms.MultipleChoiceField(
        label=_("Portals"),
        choices=lambda: [(portal.slug, portal) for portal in Portal.objects.all()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("More can be added later."),
    )
    address = LineField(
        label=_("Address of the main Super User"),
        max_length=ADDRESS_LENGTH,
        required=False,
        help_text=_("They get an invitation. Leave it empty to invite them later."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    person = LineField(
        label=_("Name of the main Super User"), max_length=NAME_LENGTH, required=False
    )

    def clean_portals(self) -> list[Portal]:
        """The portals behind the short names that were ticked."""
        return list(Portal.objects.filter(slug__in=self.cleaned_data["portals"]))


class MainSuperUserForm(StrictForm):
    """Who is invited to run a pending customer."""

    address = LineField(
        label=_("Address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    name = LineField(label=_("Name"), max_length=NAME_LENGTH, required=False)


class SubscribeForm(StrictForm):
    """A portal the customer does not use yet."""

    portal = forms.ModelChoiceField(
        label=_("Portal"), queryset=Portal.objects.none(), empty_label=None
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = Portal.objects.exclude(subscriptions__customer=customer)
        self.fields["portal"].queryset = free  # type: ignore[attr-defined]


class SubscriptionStatusForm(StrictForm):
    """What becomes of a subscription."""

    status = forms.ChoiceField(label=_("Status"), choices=SubscriptionStatus.choices)


class SuspendForm(StrictForm):
    """Why a customer is suspended."""

    reason = LineField(
        label=_("Reason"),
        max_length=500,
        help_text=_("The customer's Super Users read it in their activity."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
