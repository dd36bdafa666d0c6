"""Editing and applying presets; copying a colleague's access."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm
from accounts.validators import validate_plain_lines
from portals.choices import ROOT_TYPE
from portals.forms.grant_changes import ListField, parse_key
from portals.models import Privilege
from portals.services.presets import Line


def _parse_optional_key(text: str) -> int | None:
    """Return a primary key; None where nothing is chosen."""
    return parse_key(text) if text else None


def _parse_privilege_on_resource(text: str) -> tuple[int, int]:
    """Return the keys of privilege and resource in `7=12`."""
    privilege, _equals, resource = text.partition("=")
    return parse_key(privilege), parse_key(resource)


class PresetForm(StrictForm):
    """The name of a preset and, for each resource type, a privilege or none."""

    name = LineField(
        label=_("Name"),
        max_length=100,
        help_text=_("Such as: Bookkeeper, Webmaster."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["right"] = ListField(_parse_optional_key)
        self.fields["everywhere"] = ListField(parse_key)

    def lines(self) -> list[Line]:
        """Return the lines, for the service. Raises: ValidationError for an unknown privilege."""
        chosen = [pk for pk in self.cleaned_data["right"] if pk is not None]
        privileges = Privilege.objects.select_related("portal", "resource_type").in_bulk(chosen)
        if len(privileges) < len(chosen):
            raise ValidationError({"right": _("Choose from what is on this page.")})
        types_everywhere = set(self.cleaned_data["everywhere"])
        lines = []
        for privilege in (privileges[pk] for pk in chosen):
            is_root = privilege.resource_type.code == ROOT_TYPE
            lines.append((privilege, is_root or privilege.resource_type_id in types_everywhere))
        return lines


class ApplyForm(StrictForm):
    """The resources a preset is applied to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["resource"] = ListField(_parse_privilege_on_resource)
        self.fields["more"] = forms.Field(required=False)


class CopyAccessForm(StrictForm):
    """The colleague whose access is copied, and what of it."""

    colleague = forms.UUIDField(error_messages={"required": _("Choose a person.")})
    how = forms.ChoiceField(choices=[("add", "add"), ("equal", "equal")])
    teams = forms.BooleanField(required=False)
    reason = forms.CharField(
        required=False, max_length=500, strip=True, validators=[validate_plain_lines]
    )
