"""Forms that accept only their own fields, and plain text."""

from typing import Any

from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.unsent_forms import unsent_form_on_page
from accounts.validators import NAME_LENGTH, validate_plain_text

_ALWAYS_ALLOWED = {"csrfmiddlewaretoken"}


class LineField(forms.CharField):
    """One line of text without control characters or invisible characters."""

    default_validators = [validate_plain_text]


class UuidsField(forms.ModelMultipleChoiceField):
    """Rows by their uuid, as ticked in a list."""

    def clean(self, value: Any) -> Any:
        """Return the rows. Raises: ValidationError without words about UUIDs."""
        try:
            return super().clean(value)
        except ValidationError as error:
            if error.code in self.error_messages:
                raise
            message = self.error_messages["invalid_choice"]
            raise ValidationError(message, code="invalid_choice") from error


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
                    _("This field was sent twice: %(name)s"), code="twice", params={"name": name}
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
        label=_("Company name to confirm"),
        max_length=NAME_LENGTH,
        help_text=_("To confirm, type the name as shown at the top of this page."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


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
