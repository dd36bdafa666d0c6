"""Inviting people: one form for every step of the page."""

import json
from dataclasses import astuple, fields
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.choices import Role
from accounts.forms import StrictForm, TypeaheadField, UuidsField
from accounts.models import Customer, Invitation
from accounts.selectors.options import TeamOptions
from accounts.services.invitations import MAX_AT_ONCE, Invitee
from accounts.spreadsheets import SIGNED_ROWS_MAX_AGE, Line
from accounts.validators import ADDRESS_LENGTH
from portals.forms.grants import TermsForm
from portals.selectors.options import ResourceOptions

MAX_TEXT_LENGTH = 100_000
_MAX_CELL_LENGTH = MAX_TEXT_LENGTH
# Column of a file → its label on the page.
COLUMN_LABELS = {
    "address": _("Email address"),
    "other_address": _("Second email address, used if the first is empty"),
    "domain": _("Domain, added to addresses without @"),
    "name": _("Name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "role": _("Role"),
    "work_phone": _("Work phone"),
    "team": _("Team"),
    "status": _("Status of the account"),
    "blocked": _("Blocked or suspended (yes means blocked)"),
    "enabled": _("Active (no means blocked)"),
}


def _cells(value: Any, most: int) -> list[str]:
    """Return the texts of one row. Raises: ValueError for anything else."""
    if not isinstance(value, list) or len(value) > most:
        raise ValueError
    if not all(isinstance(cell, str) and len(cell) <= _MAX_CELL_LENGTH for cell in value):
        raise ValueError
    "".join(value).encode()  # JSON can hold a lone surrogate: encoding it raises ValueError
    return value


class CarriedField(forms.CharField):
    """Rows that an earlier step of the page read, carried to the next step as JSON."""

    widget = forms.HiddenInput
    most = MAX_AT_ONCE + 1
    default_error_messages = {"damaged": _("This page was changed while it was sent. Start again.")}

    def clean(self, value: Any) -> list[Any]:
        """Return the rows. Raises: ValidationError for anything else."""
        try:
            text = super().clean(value)
            rows = self.load(text) if text else []
            if not isinstance(rows, list) or len(rows) > self.most:
                raise ValueError
            return [self.parse_row(row) for row in rows]
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ValidationError(self.error_messages["damaged"], code="damaged") from error

    def load(self, text: str) -> Any:
        """Return the rows, not parsed yet. Raises: ValueError."""
        return json.loads(text)

    def parse_row(self, row: Any) -> Any:
        """Return one row. Raises: ValueError or TypeError."""
        raise NotImplementedError


class InviteesField(CarriedField):
    """People to invite, as they were typed."""

    def parse_row(self, row: Any) -> Invitee:
        """Return the invitee of a row. Raises: ValueError or TypeError."""
        cells = _cells(row, len(fields(Invitee)))
        values: dict[str, Any] = {
            field.name: cell for field, cell in zip(fields(Invitee), cells, strict=False)
        }
        line = values.get("line")
        return Invitee(**values | {"line": int(line) if line else None})

    @staticmethod
    def serialize(invitees: list[Invitee]) -> str:
        """Return the people as the value of the hidden field."""
        return json.dumps(
            [
                ["" if value is None else str(value) for value in astuple(invitee)]
                for invitee in invitees
            ]
        )


class TableField(CarriedField):
    """The lines of a file as they were read from it: signed, and none of it cut off."""

    _SALT = "portals.forms.table"

    def load(self, text: str) -> Any:
        """Return the rows. Raises: ValueError if they are not as `serialize` wrote them."""
        try:
            return signing.loads(text, salt=self._SALT, max_age=SIGNED_ROWS_MAX_AGE)
        except signing.BadSignature as error:
            raise ValueError from error

    def parse_row(self, row: Any) -> Line:
        """Return the line of a row. Raises: ValueError or TypeError."""
        number, cells, is_broken = row
        return Line(number, cells, is_broken)

    @classmethod
    def serialize(cls, lines: list[Line]) -> str:
        """Return the lines as the value of the hidden field."""
        rows = [[line.number, line.cells, line.is_broken] for line in lines]
        return signing.dumps(rows, salt=cls._SALT, compress=True)


class InviteForm(TermsForm):
    """The people to invite, their role and team, and the grants they are offered."""

    people = forms.CharField(
        label=_("Email addresses"),
        max_length=MAX_TEXT_LENGTH,
        required=False,
        help_text=_("One per line. With a name: Gina Roy <gina@company.example>."),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "A CSV file from Google, Microsoft, Slack or another tool. Or use the "
            "columns address, name, role, phone and team."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.USER,
        widget=forms.RadioSelect,
        help_text=_("A Super User manages people, access and company details."),
    )

    act = forms.CharField(required=False)
    resource = forms.Field(required=False, widget=forms.SelectMultiple)
    privileges = forms.Field(required=False, widget=forms.SelectMultiple)
    rows = InviteesField(required=False)
    table = TableField(required=False)
    column = forms.Field(required=False, widget=forms.SelectMultiple)
    ticked = forms.Field(required=False, widget=forms.SelectMultiple)

    refusal = ""  # of new resources, while the form is not checked yet
    field_order = ["people", "file", "role", "team", "starts_at", "expires_at", "reason"]

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_resource"] = TypeaheadField(
            label=_("Resources"),
            options=ResourceOptions(customer),
            multiple=True,
            required=False,
            placeholder=_("Name of a resource"),
        )
        self.fields["team"] = TypeaheadField(
            label=_("Team"),
            options=TeamOptions(customer),
            placeholder=_("No team"),
            required=False,
            help_text=_("They have the team's access while they are in it."),
        )
        self.order_fields(self.field_order)


class RightAddressForm(StrictForm):
    """The address that an invitation was meant for."""

    address = forms.CharField(
        label=_("Right address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class ChooseInvitationsForm(StrictForm):
    """Invitations of a company, ticked in the list."""

    invitation = UuidsField(
        queryset=Invitation.objects.none(),
        to_field_name="uuid",
        error_messages={
            "required": _("Choose at least one invitation."),
            "invalid_choice": _("An invitation on this page is no longer pending. Choose again."),
        },
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        invitations = customer.invitations.filter(as_main_super_user=False)
        self.fields["invitation"].queryset = invitations  # type: ignore[attr-defined]
