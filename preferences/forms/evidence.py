"""Choosing the recipient of an evidence export."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm
from accounts.validators import ADDRESS_LENGTH


class EvidenceForm(StrictForm):
    """The address whose evidence is exported."""

    address = LineField(
        label=_("Email address"),
        max_length=ADDRESS_LENGTH,
        help_text=_("The full address of a person or subscriber."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
