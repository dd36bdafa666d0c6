"""Forms that edit what is stored: they carry a version, and show what was saved meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.forms.strict import StrictForm
from accounts.models import AuditEvent
from accounts.services.versions import (
    ChangedMeanwhile,
    changed_names,
    differing_names,
    version_of,
)


@dataclass(frozen=True)
class Difference:
    """A field that somebody else changed: its value as saved, and as typed where that differs."""

    label: str
    saved: str
    typed: str | None


@dataclass(frozen=True)
class Conflict:
    """The values that somebody else saved while this form was open."""

    event: AuditEvent | None
    differences: list[Difference]


class VersionedForm(StrictForm):
    """A form about stored values that are shown with it, whose version it sends back."""

    data: Any  # a QueryDict, or a changed copy of it after a conflict
    version = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, shown: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = version_of(shown)
        self.conflict: Conflict | None = None

    def clean(self) -> dict[str, Any]:
        """Refuse a form without its version. Raises: ValidationError."""
        cleaned = super().clean()
        if not cleaned.get("version"):
            raise ValidationError(
                _("This form is incomplete. Load the page again, then make your change."),
                code="version",
            )
        return cleaned

    @property
    def version_shown(self) -> str:
        """The version that this valid form was shown with, for the service."""
        version: str = self.cleaned_data["version"]
        return version

    def refuse(self, refusal: ValidationError) -> None:
        """Show a service's refusal; after a conflict, this form is about what is saved now."""
        if isinstance(refusal, ChangedMeanwhile):
            self.data = self._copied()
            self.conflict = self.conflict_with(refusal)
            self.data["version"] = version_of(refusal.saved)
        super().refuse(refusal)

    def conflict_with(self, refusal: ChangedMeanwhile) -> Conflict:
        """Return what to show of a conflict."""
        return Conflict(refusal.event, [])

    def _copied(self) -> QueryDict:
        """Return the data as it can be changed."""
        copy = QueryDict(mutable=True)
        for name, values in self.data.lists():
            copy.setlist(name, values)
        return copy


class EditForm(VersionedForm):
    """A form that edits stored values.

    After a conflict it keeps what the person typed, takes over what only the other one changed, and
    shows both values where they differ. Saving again saves what the form then shows.
    """

    # Name of a value → name of its field, where they differ.
    field_names: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, shown: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, shown=shown, initial=self.initial_of(shown), **kwargs)

    @classmethod
    def initial_of(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the initial values of the fields for stored values."""
        return dict(values)

    def values(self) -> dict[str, Any]:
        """Return the values to store, from a valid form, for the service."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def conflict_with(self, refusal: ChangedMeanwhile) -> Conflict:
        """Keep what was typed, take over the rest, and return the fields that somebody changed."""
        typed = self.values()
        touched = self._fields_of(changed_names(self.version_shown, typed))
        typed_initial, saved_initial = self.initial_of(typed), self.initial_of(refusal.saved)
        changed = changed_names(self.version_shown, refusal.saved)
        differences = []
        for name in self._fields_of(changed & differing_names(refusal.saved, typed)):
            saved = self.text_of(name, saved_initial)
            if name in touched:
                text = self.text_of(name, typed_initial)
                differences.append(Difference(self.label_of(name), saved, text))
            else:
                self.put(name, saved_initial)
                differences.append(Difference(self.label_of(name), saved, None))
        return Conflict(refusal.event, differences)

    def _fields_of(self, names: frozenset[str]) -> list[str]:
        """Return the fields of these values, in the order of the form."""
        fields = {self.field_names.get(name, name) for name in names}
        return [name for name in self.fields if name in fields]

    def label_of(self, name: str) -> str:
        """Return how the page calls a field."""
        return str(self[name].label)

    def text_of(self, name: str, initial: Mapping[str, Any]) -> str:
        """Return the value of a field in words; empty for none."""
        field, value = self.fields[name], initial.get(name)
        if isinstance(field, forms.BooleanField):
            return _("Yes") if value else _("No")
        if isinstance(field, forms.ChoiceField):
            chosen = str(field.prepare_value(value))
            return next((str(text) for key, text in _flat(field.choices) if key == chosen), chosen)
        if isinstance(field, forms.DateField) and value:
            return date_format(value)
        return "" if value is None else str(value)

    def put(self, name: str, initial: Mapping[str, Any]) -> None:
        """Write the value of a field into the data, as its widget sends it."""
        field, value = self.fields[name], initial.get(name)
        if isinstance(field, forms.BooleanField):
            self.data.pop(name, None)
            if value:
                self.data[name] = "on"
            return
        text = field.widget.format_value(field.prepare_value(value))
        if isinstance(text, list):  # a select's
            text = next(iter(text), "")
        self.data[name] = "" if text is None else text


def _flat(choices: Any) -> list[tuple[str, Any]]:
    """Return the choices of a field, those of its groups too."""
    flat: list[tuple[str, Any]] = []
    for key, text in choices:
        if isinstance(text, list | tuple):
            flat += [(str(inner), label) for inner, label in text]
        else:
            flat.append((str(key), text))
    return flat
