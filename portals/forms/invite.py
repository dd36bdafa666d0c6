"""Inviting: who, as what, with which rights; one form for every step of the page."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.choices import Role
from accounts.forms import StrictForm, TeamField
from accounts.models import Customer, Invitation
from accounts.selectors import teams_of
from accounts.services.invitations import MAX_AT_ONCE, Invitee
from accounts.spreadsheets import MAX_COLUMNS, Line
from portals.forms.grants import TermsForm

MOST_TEXT = 100_000
_LONGEST_CELL = 1000
# column of a file → what a page calls it
COLUMN_LABELS = {
    "address": _("E-mail address"),
    "name": _("Name"),
    "role": _("Role"),
    "work_phone": _("Phone at work"),
    "team": _("Team"),
}


def _strings(value: Any, most: int) -> list[str]:
    """A list of texts no longer than a cell. Raises ValueError for anything else."""
    if not isinstance(value, list) or len(value) > most:
        raise ValueError
    if not all(isinstance(one, str) and len(one) <= _LONGEST_CELL for one in value):
        raise ValueError
    "".join(value).encode()  # half a character, which JSON can hold, is a ValueError
    return value


class CarriedField(forms.CharField):
    """What an earlier step of the page read, carried to the next as JSON."""

    widget = forms.HiddenInput
    most = MAX_AT_ONCE + 1
    default_error_messages = {"damaged": _("Please begin again: this page was changed on the way.")}

    def clean(self, value: Any) -> list[Any]:
        """A list of rows. Raises ValidationError for anything else."""
        try:
            rows = json.loads(super().clean(value) or "[]")
            if not isinstance(rows, list) or len(rows) > self.most:
                raise ValueError
            return [self.read(row) for row in rows]
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ValidationError(self.error_messages["damaged"], code="damaged") from error

    def read(self, row: Any) -> Any:
        """One row. Raises ValueError or TypeError."""
        raise NotImplementedError


class InviteesField(CarriedField):
    """People to invite, as written."""

    def read(self, row: Any) -> Invitee:
        """Raises ValueError or TypeError for what is no person."""
        return Invitee(*_strings(row, 5))

    @staticmethod
    def carried(invitees: list[Invitee]) -> str:
        """The people as a hidden field has them."""
        return json.dumps([[i.address, i.name, i.role, i.work_phone, i.team] for i in invitees])


class TableField(CarriedField):
    """The lines of a file whose columns nobody has named yet."""

    def read(self, row: Any) -> Line:
        """Raises ValueError or TypeError for what is no line."""
        number, cells = row
        return Line(int(number), _strings(cells, MAX_COLUMNS))

    @staticmethod
    def carried(lines: list[Line]) -> str:
        """The lines as a hidden field has them."""
        return json.dumps(
            [[x.number, [c[:_LONGEST_CELL] for c in x.cells[:MAX_COLUMNS]]] for x in lines],
            ensure_ascii=False,
        )


class InviteForm(TermsForm):
    """Who is invited, as what; the things on the page, and the rights ticked on them."""

    people = forms.CharField(
        label=_("E-mail addresses"),
        max_length=MOST_TEXT,
        required=False,
        help_text=_("One on each line. With a name: Gina Roy &lt;gina@company.example&gt;."),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "A CSV file with the columns address and, if you like, name, role, phone and team."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.USER,
        widget=forms.RadioSelect,
        help_text=_("A Super User manages people, rights and the company data."),
    )

    act = forms.CharField(required=False)
    resource = forms.Field(required=False, widget=forms.SelectMultiple)
    rights = forms.Field(required=False, widget=forms.SelectMultiple)
    new_resource = forms.Field(required=False)
    find = forms.Field(required=False)
    rows = InviteesField(required=False)
    table = TableField(required=False)
    column = forms.Field(required=False, widget=forms.SelectMultiple)

    field_order = ["people", "file", "role", "team", "starts_at", "expires_at", "reason"]

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"] = TeamField(
            label=_("Team"),
            teams=teams_of(customer),
            nothing=_("No team"),
            required=False,
            help_text=_("They hold its rights as long as they are in it."),
        )
        self.order_fields(self.field_order)


class _InvitationsField(forms.ModelMultipleChoiceField):
    """Invitations by their uuid."""

    def clean(self, value: Any) -> Any:
        """Raises ValidationError in the field's own words, not those of columns and uuids."""
        try:
            return super().clean(value)
        except ValidationError as error:
            if error.code in self.error_messages:
                raise
            said = self.error_messages["invalid_choice"]
            raise ValidationError(said, code="invalid_choice") from error


class ChooseInvitationsForm(StrictForm):
    """Some of a company's invitations."""

    invitation = _InvitationsField(
        queryset=Invitation.objects.none(),
        to_field_name="uuid",
        error_messages={
            "required": _("Choose at least one invitation."),
            "invalid_choice": _("An invitation on this page is no longer there."),
        },
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = customer.invitations.filter(as_main_super_user=False)
        self.fields["invitation"].queryset = own  # type: ignore[attr-defined]
