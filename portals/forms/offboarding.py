"""Offboarding: who takes over what, and when."""

import re
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import LastDayField, StrictForm, TypeaheadField
from accounts.models import Membership, Team
from accounts.selectors.options import PeopleOptions
from accounts.timezones import last_day
from accounts.validators import validate_plain_lines
from portals.models import PersonGrant
from portals.selectors.offboarding import OffboardingItem

MAX_ROWS = 50  # items with a choice of their own; the others follow `everything_to`
NOW, LATER = "now", "later"


class ReceiverField(TypeaheadField):
    """A colleague who takes over."""

    def __init__(self, leaver: Membership, label: Any, help_text: Any = "") -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            required=False,
            options=PeopleOptions(leaver.customer, but=str(leaver.user.sub)),
            placeholder=_("Name or address"),
        )


class OffboardingForm(StrictForm):
    """The offboarding of a person: each item with its receiver or dropped, and the moment.

    Fields about items that no longer exist are refused with a message, not as unknown fields.
    """

    demanded_at_times = ("last_day", "reason")

    moment = forms.ChoiceField(
        label=_("When"),
        choices=[(NOW, _("Now")), (LATER, _("At the end of a day"))],
        initial=NOW,
        widget=forms.RadioSelect,
    )
    last_day = LastDayField(label=_("Last day"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        validators=[validate_plain_lines],
        help_text=_("Required to hand over a sensitive permission. Shown in the activity log."),
    )
    step = forms.ChoiceField(choices=[(step, step) for step in ("review", "confirm", "edit")])

    def __init__(
        self, *args: Any, membership: Membership, resources: list[OffboardingItem], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.membership, self.resources = membership, resources
        self.fields["everything_to"] = ReceiverField(
            membership,
            _("Hand over all access to"),
            _("If you leave this empty, access with no name below ends."),
        )
        for resource in resources[:MAX_ROWS]:
            name = {"resource": str(resource)}
            self.fields[f"to_{resource.key}"] = ReceiverField(
                membership, _("New person for %(resource)s") % name
            )
            self.fields[f"drop_{resource.key}"] = forms.BooleanField(
                label=_("End %(resource)s") % name, required=False
            )
        sent = {field for field in self.data if re.fullmatch(r"(to|drop)_[gt]\d{1,19}", field)}
        self.outdated = sorted(sent - self.fields.keys())
        for field in self.outdated:
            self.fields[field] = forms.Field(required=False)

    @property
    def rows(self) -> list[tuple[OffboardingItem, forms.BoundField, forms.BoundField]]:
        """Return each item with its two fields, for the page."""
        return [
            (resource, self[f"to_{resource.key}"], self[f"drop_{resource.key}"])
            for resource in self.resources[:MAX_ROWS]
        ]

    @property
    def more(self) -> int:
        """Return how many items have no row of their own."""
        return max(0, len(self.resources) - MAX_ROWS)

    def clean(self) -> dict[str, Any]:
        """Refuse what has changed meanwhile, and a later moment without its day."""
        cleaned = super().clean()
        if self.outdated:
            self.add_error(None, _("Their access changed in the meantime. Check it again."))
        has_last_day = cleaned.get("last_day") or "last_day" in self.errors
        if cleaned.get("moment") == LATER and not has_last_day:
            self.add_error("last_day", _("Choose the last day."))
        return cleaned

    def decisions(self) -> list[tuple[OffboardingItem, Membership | None]]:
        """Return each item with its receiver; None where it is dropped."""
        default = self.cleaned_data["everything_to"]
        decisions = []
        for resource in self.resources:
            receiver = self.cleaned_data.get(f"to_{resource.key}") or default
            if self.cleaned_data.get(f"drop_{resource.key}"):
                receiver = None
            decisions.append((resource, receiver))
        return decisions

    def plan(self) -> dict[str, Any]:
        """Return the arguments for the service."""
        grants: list[tuple[PersonGrant, Membership]] = []
        teams: list[tuple[Team, Membership]] = []
        for resource, receiver in self.decisions():
            if receiver is not None and resource.grant is not None:
                grants.append((resource.grant, receiver))
            elif receiver is not None and resource.team is not None:
                teams.append((resource.team, receiver))
        return {
            "grants": grants,
            "teams": teams,
            "leaves_at": self.leaves_at,
            "reason": self.cleaned_data["reason"],
        }

    @property
    def day(self) -> date | None:
        """Return the chosen last day; None for now."""
        moment = self.leaves_at
        return moment and last_day(moment)

    @property
    def leaves_at(self) -> datetime | None:
        """Return the chosen moment; None for now."""
        later = self.cleaned_data["moment"] == LATER
        return self.cleaned_data["last_day"] if later else None
