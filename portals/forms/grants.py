"""Giving access: the privilege, the resource, the dates, the reason."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import StrictForm
from accounts.timezones import in_current_zone
from accounts.validators import validate_plain_lines
from portals.choices import RenewalLength
from portals.models import Privilege, Resource
from portals.selectors.privileges import privileges_grantable_on, sensitive_among
from portals.services.grants import GrantTerms


class MomentInput(forms.DateTimeInput):
    """The browser's own date and time field."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class TermsForm(StrictForm):
    """The terms of a grant: start, end, reason."""

    starts_at = forms.DateTimeField(
        label=_("From"),
        required=False,
        widget=MomentInput,
        help_text=in_current_zone(_("Empty: at once.")),
    )
    expires_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=MomentInput,
        help_text=in_current_zone(_("Empty: no end date.")),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        validators=[validate_plain_lines],
        help_text=_("Everyone who may read the activity sees it. A sensitive right needs one."),
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


class PrivilegeField(forms.ModelChoiceField):
    """A privilege by its primary key."""

    def to_python(self, value: Any) -> Any:
        """Return the privilege; a number too large for the database is an invalid choice too."""
        try:
            return super().to_python(value)
        except OverflowError as error:
            raise forms.ValidationError(
                self.error_messages["invalid_choice"], code="invalid_choice", params={"value": "…"}
            ) from error


class GrantForm(TermsForm):
    """One privilege on one resource."""

    field_order = ["privilege", "starts_at", "expires_at", "reason"]

    resource = forms.Field(widget=forms.HiddenInput)  # the view has looked it up

    def __init__(self, *args: Any, resource: Resource, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        privilege = PrivilegeField(
            label=_("Right"),
            queryset=privileges_grantable_on(resource),
            widget=forms.RadioSelect,
            empty_label=None,
        )
        privilege.choices = _privilege_choices(resource)
        self.fields["privilege"] = privilege
        self.order_fields(self.field_order)


def _privilege_choices(resource: Resource) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the privileges by type: those on the resource itself, then on what is inside it."""
    privileges = list(privileges_grantable_on(resource))
    sensitive = sensitive_among(privileges)
    groups: dict[int, tuple[str, list[tuple[int, str]]]] = {}
    for privilege in privileges:
        own = privilege.resource_type_id == resource.resource_type_id
        heading = (
            str(_("On %(resource)s itself") % {"resource": resource})
            if own
            else str(
                _("On every %(type)s in it, future ones too")
                % {"type": privilege.resource_type.label.lower()}
            )
        )
        label = privilege.label
        if privilege.pk in sensitive:
            label = str(_("%(right)s (sensitive)") % {"right": label})
        group = groups.setdefault(privilege.resource_type_id, (heading, []))
        group[1].append((privilege.pk, label))
    own_first = sorted(groups, key=lambda pk: pk != resource.resource_type_id)
    return [groups[pk] for pk in own_first]


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
            raise forms.ValidationError(_("Choose from the rights on this page.")) from error
        pairs.append((resource, privilege))
    return pairs
