"""Copying a colleague's access."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm


class CopyAccessForm(StrictForm):
    """The colleague whose access is copied, and what of it.

    It is always bound: to the address of the page that shows the changes, or to what is sent.
    """

    colleague = forms.UUIDField(error_messages={"required": _("Choose a person.")})
    how = forms.ChoiceField(choices=[("add", "add"), ("equal", "equal")], required=False)
    teams = forms.BooleanField(required=False)
    reason = LineField(label=_("Reason"), required=False, max_length=500)
    shown = forms.CharField(required=False, max_length=64)
    q = forms.CharField(required=False, max_length=254)
