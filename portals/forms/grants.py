"""Giving access: the privilege, the resource, the dates, the reason."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import StrictForm
from accounts.timezones import in_current_zone
from accounts.validators import validate_plain_lines
from portals.choices import RenewalLength
from portals.models import Privilege, Resource
from portals.selectors.privileges import privileges_grantable_on
from portals.services.grants import GrantTerms


class MomentInput(forms.DateTimeInput):
    """The browser's own date and time field."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class TermsForm(StrictForm):
    """The terms of a grant: start, end, reason."""

    demanded_at_times = ("reason",)

    starts_at = forms.DateTimeField(
        label=_("From"),
        required=False,
        widget=MomentInput,
        help_text=in_current_zone(_("Leave empty to start now.")),
    )
    expires_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=MomentInput,
        help_text=in_current_zone(_("Leave empty for no end date.")),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        validators=[validate_plain_lines],
        help_text=_("Shown in the activity log. Required for a sensitive permission."),
    )

    def terms(self) -> GrantTerms:
        """Return the cleaned terms, for the service."""
        return GrantTerms(
            starts_at=self.cleaned_data["starts_at"],
            expires_at=self.cleaned_data["expires_at"],
            reason=self.cleaned_data["reason"],
        )


class RenewForm(StrictForm):
    """For how long a grant is renewed; empty for as long as before."""

    length = forms.ChoiceField(choices=RenewalLength.choices, required=False)


def parse_privileges(
    values: list[str], resources: dict[int, Resource]
) -> list[tuple[Resource, Privilege]]:
    """Return the checkbox values `resource:privilege` as pairs.

    Raises: ValidationError for a value that the page does not offer.
    """
    pairs = []
    for value in values:
        resource_pk, _colon, privilege_pk = value.partition(":")
        try:
            resource = resources[int(resource_pk)]
            privilege = privileges_grantable_on(resource).get(pk=int(privilege_pk))
        except (ValueError, OverflowError, KeyError, Privilege.DoesNotExist) as error:
            raise forms.ValidationError(_("Choose from the permissions on this page.")) from error
        pairs.append((resource, privilege))
    return pairs
