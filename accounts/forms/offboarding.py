"""The last day of someone in a company."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms.edit import EditForm
from accounts.timezones import end_of_day, in_current_zone, last_day

LAST_YEAR = 3000


class DayInput(forms.DateInput):
    """The browser's own date field."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class LastDayField(forms.DateField):
    """A day, cleaned to the moment at its end, when the membership is over."""

    widget = DayInput

    def clean(self, value: Any) -> datetime | None:
        """Return the end of the day. Raises: ValidationError for no day, or one too far away."""
        day: date | None = super().clean(value)
        if day is None:
            return None
        if day.year >= LAST_YEAR:
            raise ValidationError(_("Choose a day from today to ten years from now."))
        return end_of_day(day)


class LastDayForm(EditForm):
    """The last day of a membership; empty for no end."""

    last_day = LastDayField(
        label=_("Last day"),
        required=False,
        help_text=in_current_zone(
            _("Access ends at the end of this day. Leave empty for no end date.")
        ),
    )
    field_names = {"ends_at": "last_day"}

    @classmethod
    def initial_of(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the day at whose end the membership is over."""
        return {"last_day": values["ends_at"] and last_day(values["ends_at"])}

    def values(self) -> dict[str, Any]:
        """Return the moment at which the membership is over."""
        return {"ends_at": self.cleaned_data["last_day"]}
