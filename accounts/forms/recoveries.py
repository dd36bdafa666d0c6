"""The proposal of a new main Super User by staff."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField, StrictForm
from accounts.models.recoveries import EVIDENCE_LENGTH, PROOF_LENGTH, TICKET_LENGTH
from accounts.validators import ADDRESS_LENGTH, NAME_LENGTH, validate_name

_UNKEPT = {"autocomplete": "off"}


class RecoveryForm(StrictForm):
    """The person who takes over a company, and the evidence for it."""

    address = LineField(
        label=_("Email address of the new main Super User"),
        max_length=ADDRESS_LENGTH,
        help_text=_("A member is offered the role. Somebody new gets an invitation."),
        widget=forms.EmailInput(attrs=_UNKEPT),
    )
    name = LineField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        required=False,
        validators=[validate_name],
        help_text=_("Of somebody new."),
        widget=forms.TextInput(attrs=_UNKEPT),
    )
    ticket = LineField(
        label=_("Ticket"),
        max_length=TICKET_LENGTH,
        help_text=_("The reference of the call or ticket, such as T-1042."),
        widget=forms.TextInput(attrs=_UNKEPT),
    )
    evidence = LineField(
        label=_("Evidence"),
        max_length=EVIDENCE_LENGTH,
        help_text=_("How you know who may act for the company. Its Super Users can read it."),
        widget=forms.TextInput(attrs=_UNKEPT),
    )
    proof = LineField(
        label=_("Reference of the proof"),
        max_length=PROOF_LENGTH,
        help_text=_("Where it is kept, such as a register number or a file. Never a copy."),
        widget=forms.TextInput(attrs=_UNKEPT),
    )
