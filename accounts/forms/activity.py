"""What an activity page is narrowed to; all of it stands in the address."""

from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import EventGroup
from accounts.forms.offboarding import LAST_YEAR, DayInput
from accounts.forms.strict import LineField


class DayField(forms.DateField):
    """A day that has a place in every time zone."""

    widget = DayInput

    def validate(self, value: object) -> None:
        """Raises ValidationError for a day too far away."""
        super().validate(value)
        year = getattr(value, "year", 2000)
        if not 1970 < year < LAST_YEAR:
            raise forms.ValidationError(_("Choose a date between 1970 and 3000."))


class ActivityForm(forms.Form):
    """Whom, what kind, when; a thing comes from its own page."""

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
        """The days as moments of the reader's time zone: the first, and the first too late."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return {
            "since": since and timezone.make_aware(datetime.combine(since, time.min)),
            "before": until
            and timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min)),
        }
