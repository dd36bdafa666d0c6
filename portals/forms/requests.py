"""Requests for access and services, and the answers to them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms import AnswerForm, AskForm, LineField, LinesField, StrictForm, UuidsField
from accounts.models import AccessRequest, Customer
from accounts.models.requests import TEXT_LENGTH
from accounts.timezones import in_current_zone
from portals.forms.grants import MomentInput
from portals.models import Privilege, RequestedGrant, Resource
from portals.selectors.requests import RequestableAccess
from portals.services.requests import Approval
from portals.services.service_requests import ServiceApproval


def privilege_value(resource: Resource, privilege: Privilege) -> str:
    """Return the checkbox value of a privilege on a resource."""
    return f"{resource.pk}:{privilege.pk}"


class PrivilegesField(forms.Field):
    """Ticked checkboxes of those the page offers, cleaned to the objects behind them."""

    widget = forms.SelectMultiple

    def __init__(self, offered: Mapping[str, Any]) -> None:
        super().__init__(label=_("Permissions"), required=False)
        self.offered = offered

    def clean(self, value: Any) -> list[Any]:
        """Return the ticked objects. Raises: ValidationError for one the page does not offer."""
        try:
            return [self.offered[text] for text in value or []]
        except KeyError as error:
            raise ValidationError(_("Choose from the permissions on this page.")) from error


class AccessForm(AskForm):
    """The requested privileges, their end date, and the reason."""

    demanded_at_times = ("privileges", "text")

    expires_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=MomentInput,
        help_text=in_current_zone(_("Leave empty for no end date.")),
    )
    field_order = ["privileges", "expires_at", "text"]

    def __init__(self, *args: Any, askable: Iterable[RequestableAccess], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["privileges"] = PrivilegesField(
            {
                privilege_value(offer.resource, privilege): (offer.resource, privilege)
                for offer in askable
                for privilege in offer.privileges
            }
        )
        self.order_fields(self.field_order)


class ApproveForm(AnswerForm):
    """The approved privileges of a request, their end date, and a note."""

    expires_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=MomentInput,
        help_text=in_current_zone(_("Leave empty for no end date.")),
    )
    let_in = forms.BooleanField(
        label=_("Give access to the portal too"), required=False, initial=True
    )
    field_order = ["privileges", "let_in", "expires_at", "answer"]

    def __init__(self, *args: Any, rows: Iterable[RequestedGrant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {str(row.pk): row.pk for row in rows}
        if offered:
            self.fields["privileges"] = PrivilegesField(offered)
        else:
            del self.fields["expires_at"], self.fields["let_in"]
        self.order_fields(self.field_order)

    def approval(self, signed_in_at: datetime | None) -> Approval:
        """Return the approval, for the service."""
        if "privileges" not in self.fields:
            return Approval(signed_in_at=signed_in_at)
        return Approval(
            privileges=frozenset(self.cleaned_data["privileges"]),
            until_as_asked=False,
            expires_at=self.cleaned_data["expires_at"],
            let_in=self.cleaned_data["let_in"],
            signed_in_at=signed_in_at,
        )


class ChooseRequestsForm(StrictForm):
    """Requests of a company, ticked in the list, and the reason where they are refused."""

    request = UuidsField(
        queryset=AccessRequest.objects.none(),
        to_field_name="uuid",
        error_messages={
            "required": _("Select at least one request first."),
            "invalid_choice": _("A request that you selected is no longer open. Select again."),
        },
    )
    reason = LinesField(required=False, max_length=TEXT_LENGTH)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        requests = customer.requests.select_related("customer", "membership__user")
        self.fields["request"].queryset = requests  # type: ignore[attr-defined]


class AddServiceForm(AskForm):
    """The reason for adding a portal."""

    text = LinesField(
        label=_("Reason"),
        required=False,
        max_length=TEXT_LENGTH,
        help_text=_("One or two sentences for the provider."),
    )


class EndServiceForm(AddServiceForm):
    """The end of a portal: its name, typed, and the reason."""

    confirmation_name = LineField(
        label=_("Portal name to confirm"),
        max_length=100,
        help_text=_("To confirm, type the name of the portal."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["confirmation_name", "text"]


class ApproveEndForm(AnswerForm):
    """The approval of a service's end, with the portal's name typed."""

    confirmation_name = LineField(
        label=_("Portal name to confirm"),
        max_length=100,
        help_text=_("To confirm, type the name of the portal."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["confirmation_name", "answer"]

    def approval(self, signed_in_at: datetime | None) -> ServiceApproval:
        """Return the approval, for the service."""
        return ServiceApproval(
            confirmation_name=self.cleaned_data["confirmation_name"], signed_in_at=signed_in_at
        )


class SendBackForm(StrictForm):
    """A note to the Super Users who are to answer the request."""

    word = LinesField(
        label=_("Message to the Super Users"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
