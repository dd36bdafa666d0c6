"""The filter of an activity page, read from the query string."""

from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import EventGroup
from accounts.forms.offboarding import LAST_YEAR, DayInput
from accounts.forms.strict import LineField


class DayField(forms.DateField):
    """A day that exists in every time zone."""

    widget = DayInput

    def validate(self, value: object) -> None:
        """Refuse a day before 1971 or after 2999. Raises: ValidationError."""
        super().validate(value)
        year = getattr(value, "year", 2000)
        if not 1970 < year < LAST_YEAR:
            raise forms.ValidationError(_("Choose a date between 1970 and 3000."))


class ActivityForm(forms.Form):
    """Person, group of events, days; the resource comes from a link on its own page."""

    who = LineField(label=_("Person"), required=False, max_length=254)
    person = forms.UUIDField(required=False, widget=forms.HiddenInput)
    resource = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )
    group = forms.ChoiceField(
        label=_("About"), choices=[("", _("Everything")), *EventGroup.choices], required=False
    )
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)

    def moments(self) -> dict[str, datetime | None]:
        """Return both days as moments in the reader's time zone; `before` is exclusive."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return {
            "since": since and timezone.make_aware(datetime.combine(since, time.min)),
            "before": until
            and timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min)),
        }
