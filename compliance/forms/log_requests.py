"""Forms about representatives, log requests, their charges and the rate card."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm, TypeaheadField
from accounts.forms.offboarding import DayInput, LastDayField
from accounts.models import Customer, User
from accounts.selectors.options import PeopleOptions
from accounts.timezones import in_current_zone, today_of_provider
from compliance.choices.log_requests import BY_HAND, Currency, LogPurpose, PaymentMethod
from compliance.choices.representatives import Capacity
from compliance.models.charges import INVOICE_LENGTH
from compliance.models.rates import MOST_CENTS, PER_CENT, Rate, Tax
from compliance.models.representatives import TEXT_LENGTH
from compliance.selectors.log_requests import (
    askable_resources,
    first_allowed_day,
)
from portals.models import Resource

MOST_SHOWN = 500  # resources to tick; of one request there can be fewer
TAX = re.compile(r"([^/=]{1,40})/([^/=]{1,40})=([0-9]{1,3}(?:[.,][0-9]{1,3})?)\s*%?")


class ProposalForm(StrictForm):
    """The member who is proposed as a representative, in which capacity, and until when."""

    field_order = ["member", "capacity", "evidence", "until"]
    capacity = forms.ChoiceField(label=_("Capacity"), choices=Capacity.choices)
    evidence = LineField(
        label=_("Evidence"),
        max_length=TEXT_LENGTH,
        help_text=_("For example the board's decision with its date. The provider checks it."),
    )
    until = LastDayField(
        label=_("Last day"), help_text=in_current_zone(_("Up to one year from today."))
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["member"] = TypeaheadField(
            label=_("Person"), options=PeopleOptions(customer), placeholder=_("Name or address")
        )
        self.order_fields(self.field_order)


class ReasonForm(StrictForm):
    """A reason, which others will read."""

    reason = LineField(label=_("Reason"), max_length=TEXT_LENGTH)


class _ResourceChoice(forms.ModelMultipleChoiceField):
    """Resources that can be ticked, by their name and kind."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name, and what it is."""
        return f"{obj.name} · {obj.resource_type}"

    def clean(self, value: Any) -> Any:
        """Return the rows. Raises: ValidationError for a key that no database could hold, too."""
        offered = self.queryset.values_list("pk", flat=True)  # type: ignore[union-attr]
        known = {str(key) for key in offered}
        for key in value if isinstance(value, list | tuple) else ():
            if key not in known:
                raise ValidationError(
                    self.error_messages["invalid_choice"],
                    code="invalid_choice",
                    params={"value": key},
                )
        return super().clean(value)


class AskForm(StrictForm):
    """The resources, days and purpose of a log request, with the version of the price shown."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=LogPurpose.choices)
    first_day = forms.DateField(label=_("First day"), widget=DayInput)
    last_day = forms.DateField(label=_("Last day"), widget=DayInput)
    rate = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    field_order = ["resources", "purpose", "first_day", "last_day", "rate"]

    def __init__(
        self, *args: Any, person: User, customer: Customer, shown_rate: Rate | None, **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", {"rate": shown_rate and shown_rate.number})
        super().__init__(*args, **kwargs)
        askable = askable_resources(person, customer)
        keys = list(askable.values_list("pk", flat=True)[:MOST_SHOWN])
        self.has_resources = bool(keys)
        self.fields["resources"] = _ResourceChoice(
            label=_("Resources"),
            queryset=Resource.objects.filter(pk__in=keys)
            .select_related("resource_type")
            .order_by("name", "pk"),
            widget=forms.CheckboxSelectMultiple,
        )
        today = today_of_provider()
        self.fields["first_day"].widget.attrs["min"] = first_allowed_day(today).isoformat()
        self.fields["last_day"].widget.attrs["max"] = today.isoformat()
        self.order_fields(self.field_order)


class DecisionForm(StrictForm):
    """The answer of staff to a log request: the invoice and how to pay it, or why not."""

    APPROVE, DECLINE = "approve", "decline"
    demanded_at_times = ("invoice_number", "instructions_en", "instructions_fr", "reason")
    outcome = forms.ChoiceField(
        label=_("Decision"),
        choices=[(APPROVE, _("Approve")), (DECLINE, _("Decline"))],
        widget=forms.RadioSelect,
    )
    invoice_number = LineField(
        label=_("Invoice number"), max_length=INVOICE_LENGTH, required=False,
        help_text=_("From your books. To approve, fill in this field and the next two."),
    )  # fmt: skip
    instructions_en = LineField(
        label=_("How to pay (English)"), max_length=TEXT_LENGTH, required=False
    )
    instructions_fr = LineField(
        label=_("How to pay (français)"), max_length=TEXT_LENGTH, required=False
    )
    reason = LineField(
        label=_("Reason"), max_length=TEXT_LENGTH, required=False,
        help_text=_("To decline, give the reason. The company reads it, and pays nothing."),
    )  # fmt: skip

    @property
    def is_approval(self) -> bool:
        """Whether the request is approved."""
        return bool(self.cleaned_data["outcome"] == self.APPROVE)

    def charge(self) -> dict[str, str]:
        """Return the fields of an approval."""
        names = ("invoice_number", "instructions_en", "instructions_fr")
        return {name: self.cleaned_data[name] for name in names}


class ReleaseForm(StrictForm):
    """The word of staff that they checked the file."""

    is_checked = forms.BooleanField(
        label=_("I checked the file: it has only the logs that were asked for."), required=False
    )


class AmountField(forms.DecimalField):
    """An amount of money, cleaned to cents."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_value=Decimal("0.01"),
            max_value=Decimal(MOST_CENTS) / 100,
            decimal_places=2,
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        """Return the cents."""
        number = super().clean(value)
        return None if number is None else int(number * 100)


class PaymentForm(StrictForm):
    """Money that came in."""

    amount = AmountField(label=_("Amount"))
    method = forms.ChoiceField(
        label=_("How it was paid"),
        choices=[(method.value, method.label) for method in PaymentMethod if method in BY_HAND],
    )
    reference = LineField(label=_("Reference"), max_length=INVOICE_LENGTH, required=False)
    day = forms.DateField(label=_("Day it came in"), widget=DayInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"day": today_of_provider()})
        super().__init__(*args, **kwargs)

    def payment(self) -> dict[str, Any]:
        """Return the arguments of the service."""
        return {
            "cents": self.cleaned_data["amount"],
            **{name: self.cleaned_data[name] for name in ("method", "reference", "day")},
        }


class ReversalForm(ReasonForm):
    """The payment that went back, and why."""

    payment = forms.UUIDField(widget=forms.HiddenInput)


class RateForm(StrictForm):
    """The next version of the price of a log request."""

    price = AmountField(label=_("Price before taxes"))
    currency = forms.ChoiceField(label=_("Currency"), choices=Currency.choices)
    taxes = LineField(
        label=_("Taxes"),
        required=False,
        max_length=200,
        help_text=_("Each as English/French=percent, with a semicolon between two: GST/TPS=5"),
    )

    def clean_taxes(self) -> list[Tax]:
        """Return the taxes. Raises: ValidationError for another form."""
        return [_tax(text) for text in self.cleaned_data["taxes"].split(";") if text.strip()]


def _tax(text: str) -> Tax:
    match = TAX.fullmatch(text.strip())
    try:
        rate = Decimal(match[3].replace(",", ".")) * PER_CENT if match else Decimal(0)
    except InvalidOperation:
        rate = Decimal(0)
    if match is None or not rate:
        raise ValidationError(_("Write taxes like this: GST/TPS=5; QST/TVQ=9.975"))
    return Tax(match[1].strip(), match[2].strip(), int(rate))
