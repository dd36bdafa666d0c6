"""Editing presets."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import EditForm, LineField, StrictForm
from portals.choices import ROOT_TYPE
from portals.forms.keys import ListField, parse_key
from portals.models import Privilege
from portals.services.presets import Line


def _parse_optional_key(text: str) -> int | None:
    """Return a primary key; None where nothing is chosen."""
    return parse_key(text) if text else None


class PresetForm(StrictForm):
    """The name of a preset and, for each resource type, a privilege or none."""

    name = LineField(
        label=_("Name"),
        max_length=100,
        help_text=_("For example “Bookkeeper” or “Webmaster”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["privilege"] = ListField(_parse_optional_key)
        self.fields["everywhere"] = ListField(parse_key)

    def chosen(self, name: str) -> set[str]:
        """Return what is chosen under a name, as the page writes it."""
        return {str(value) for value in self[name].value() or [] if value}

    def values(self) -> dict[str, Any]:
        """Return name and lines, for the service. Raises: as lines."""
        return {"name": self.cleaned_data["name"], "lines": frozenset(self.lines())}

    def lines(self) -> list[Line]:
        """Return the lines, for the service. Raises: ValidationError for an unknown privilege."""
        chosen = [pk for pk in self.cleaned_data["privilege"] if pk is not None]
        privileges = Privilege.objects.select_related("portal", "resource_type").in_bulk(chosen)
        if len(privileges) < len(chosen):
            raise ValidationError({"privilege": _("Choose from the options on this page.")})
        types_everywhere = set(self.cleaned_data["everywhere"])
        lines = []
        for privilege in (privileges[pk] for pk in chosen):
            is_root = privilege.resource_type.code == ROOT_TYPE
            lines.append((privilege, is_root or privilege.resource_type_id in types_everywhere))
        return lines


class EditPresetForm(EditForm, PresetForm):
    """A preset that exists. Its lines are two lists: privileges, and types given everywhere."""

    field_names = {"lines": "privilege"}

    @classmethod
    def initial_of(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the initial values of the fields for a stored preset."""
        lines = values["lines"]
        return {
            "name": values["name"],
            "privilege": [privilege.pk for privilege, _everywhere in lines],
            "everywhere": [
                privilege.resource_type_id for privilege, everywhere in lines if everywhere
            ],
            "lines": lines,
        }

    def values(self) -> dict[str, Any]:
        """Return name and lines, for the service. Raises: as lines."""
        return PresetForm.values(self)

    def label_of(self, name: str) -> str:
        """Return how the page calls a field."""
        return (
            gettext("Permissions in this preset") if name == "privilege" else super().label_of(name)
        )

    def text_of(self, name: str, initial: Mapping[str, Any]) -> str:
        """Return the value of a field in words."""
        if name != "privilege":
            return super().text_of(name, initial)
        return "\n".join(
            sorted(
                gettext("%(privilege)s, on all resources") % {"privilege": privilege}
                if everywhere
                else str(privilege)
                for privilege, everywhere in initial["lines"]
            )
        )

    def put(self, name: str, initial: Mapping[str, Any]) -> None:
        """Write the value of a field into the data."""
        if name != "privilege":
            super().put(name, initial)
            return
        for field in ("privilege", "everywhere"):
            self.data.setlist(field, [str(value) for value in initial[field]])
