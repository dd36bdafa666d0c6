"""Presets edited and applied; a colleague copied."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm
from accounts.validators import validate_plain_lines
from portals.choices import ROOT_TYPE
from portals.forms.grant_changes import ManyField, number
from portals.models import Privilege
from portals.services.presets import Line


def _maybe(text: str) -> int | None:
    """A key, or nothing chosen."""
    return number(text) if text else None


def _pair(text: str) -> tuple[int, int]:
    """`7=12`: a privilege on a thing."""
    privilege, _equals, resource = text.partition("=")
    return number(privilege), number(resource)


class PresetForm(StrictForm):
    """Its name, at most one right for each type of thing, and on which of them."""

    name = LineField(
        label=_("Name"),
        max_length=100,
        help_text=_("Such as: Bookkeeper, Webmaster."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["right"] = ManyField(_maybe)
        self.fields["everywhere"] = ManyField(number)

    def lines(self) -> list[Line]:
        """The lines, for the service. Raises ValidationError for a right that does not exist."""
        chosen = [pk for pk in self.cleaned_data["right"] if pk is not None]
        found = Privilege.objects.select_related("portal", "resource_type").in_bulk(chosen)
        if len(found) < len(chosen):
            raise ValidationError({"right": _("Choose from what is on this page.")})
        everywhere = set(self.cleaned_data["everywhere"])
        return [
            (one, one.resource_type.code == ROOT_TYPE or one.resource_type_id in everywhere)
            for one in (found[pk] for pk in chosen)
        ]


class ApplyForm(StrictForm):
    """The things a preset is applied to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["resource"] = ManyField(_pair)
        self.fields["more"] = forms.Field(required=False)


class CopyAccessForm(StrictForm):
    """Whose rights to copy, and how far."""

    colleague = forms.UUIDField(error_messages={"required": _("Choose a person.")})
    how = forms.ChoiceField(choices=[("add", "add"), ("equal", "equal")])
    teams = forms.BooleanField(required=False)
    reason = forms.CharField(
        required=False, max_length=500, strip=True, validators=[validate_plain_lines]
    )
