"""The reason that the support desk must give before it acts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField, StrictForm
from accounts.services.support import TICKET_LENGTH


class DeskForm(StrictForm):
    """Ticket and reason of an act; the person reads both in their receipt."""

    ticket = LineField(
        label=_("Ticket"),
        max_length=TICKET_LENGTH,
        help_text=_("The reference of the call or ticket, such as T-1042."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = LineField(
        label=_("Reason"),
        max_length=500,
        help_text=_("One sentence. The person and their main Super User read it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
