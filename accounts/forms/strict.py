"""Forms that accept only their own fields, and plain text."""

from typing import Any

from allauth.core import context
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.timezones import zone_called, zone_label, zone_names
from accounts.unsent_forms import unsent_form_on_page
from accounts.validators import NAME_LENGTH, validate_plain_text

_ALWAYS_ALLOWED = {"csrfmiddlewaretoken"}


class LineField(forms.CharField):
    """One line of text without control characters or invisible characters."""

    default_validators = [validate_plain_text]


class StrictForm(forms.Form):
    """A form that refuses an unknown or repeated field instead of ignoring it.

    Where it was sent after the session had ended, its page shows it as it was typed.
    """

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        """Return what was typed into this field before the person signed in again, if it was."""
        unsent = self._unsent_fields
        if unsent is None or isinstance(field, forms.FileField):
            return super().get_initial_for_field(field, field_name)
        name = self.add_prefix(field_name)
        if getattr(field.widget, "allow_multiple_selected", False):
            return unsent.getlist(name)
        return name in unsent if isinstance(field, forms.BooleanField) else unsent.get(name)

    @cached_property
    def _unsent_fields(self) -> QueryDict | None:
        """The text typed into this form, which has all its fields; None for another form."""
        request = context.request
        unsent = None if self.is_bound or request is None else unsent_form_on_page(request)
        known = {self.add_prefix(name) for name in self.fields}
        return unsent.fields if unsent and unsent.fields.keys() <= known else None

    def clean(self) -> dict[str, Any]:
        """Refuse unknown and repeated fields. Raises: ValidationError that names the field."""
        cleaned: dict[str, Any] = super().clean() or {}
        known = {self.add_prefix(name) for name in self.fields}
        repeatable = {
            self.add_prefix(name)
            for name, field in self.fields.items()
            if getattr(field.widget, "allow_multiple_selected", False)
        }
        for name in sorted(self.data):
            if name not in known | _ALWAYS_ALLOWED:
                raise ValidationError(
                    _("Unknown field: %(name)s"), code="unknown", params={"name": name[:60]}
                )
            values = self.data.getlist(name) if isinstance(self.data, MultiValueDict) else []
            if name not in repeatable and len(values) > 1:
                raise ValidationError(
                    _("This field came twice: %(name)s"), code="twice", params={"name": name}
                )
        return cleaned

    def refuse(self, refusal: ValidationError) -> None:
        """Show a service's refusal beside the field it names, or above the form."""
        if not hasattr(refusal, "error_dict"):
            self.add_error(None, refusal)
            return
        for name, errors in refusal.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class ActForm(StrictForm):
    """A button without fields."""


class ConfirmationNameForm(StrictForm):
    """The company's name, typed before something that cannot be undone; inherit to add fields."""

    confirmation_name = LineField(
        label=_("Name of the company"),
        max_length=NAME_LENGTH,
        help_text=_("Type it as it stands at the top, to show that you mean it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


_CONTINENTS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic Ocean"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


def _time_zones() -> list[Any]:
    """Return the choices, by continent; none is the provider's own."""
    by_continent: dict[str, list[tuple[str, str]]] = {}
    for name in zone_names():
        continent, _slash, place = name.partition("/")
        by_continent.setdefault(continent, []).append((name, place.replace("_", " ") or name))
    default = _("As %(provider)s (%(zone)s)") % {
        "provider": settings.HUB_BRAND_NAME,
        "zone": zone_label(zone_called("")),
    }
    groups = [(_CONTINENTS.get(name, name), zones) for name, zones in by_continent.items()]
    return [("", default), *groups]


class TimeZoneField(forms.ChoiceField):
    """A time zone by its name; empty for the provider's own."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"label": _("Time zone"), "choices": _time_zones, "required": False, **kwargs}
        super().__init__(**kwargs)


class SearchForm(forms.Form):
    """A search by the beginnings of words, in any order."""

    q = LineField(label=_("Search"), required=False, max_length=254)

    @property
    def text(self) -> str:
        """The text to search for; empty where it is invalid."""
        return self.cleaned_data["q"] if self.is_valid() else ""


def first_error(refusal: forms.Form | ValidationError) -> str:
    """Return the first sentence of a refusal, for a page that has no form to show it in."""
    if isinstance(refusal, ValidationError):
        return str(refusal.messages[0])
    return str(next(iter(refusal.errors.values()))[0])
