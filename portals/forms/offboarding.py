"""Offboarding: who takes over what, and when."""

import re
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import LastDayField, StrictForm
from accounts.models import Membership, Team
from accounts.selectors import people_of
from accounts.timezones import last_day
from accounts.validators import ADDRESS_LENGTH, validate_plain_lines
from portals.models import PersonGrant
from portals.selectors.offboarding import OffboardingItem

MAX_ROWS = 200  # items with a choice of their own; the others follow `everything_to`
NOW, LATER = "now", "later"


class ReceiverField(forms.CharField):
    """The receiver's address; the browser completes it from the page's list of people."""

    def __init__(self, label: Any, help_text: Any = "") -> None:
        attrs = {
            "list": "receivers",
            "autocomplete": "off",
            "inputmode": "email",
            "placeholder": _("E-mail address"),
        }
        super().__init__(
            label=label,
            help_text=help_text,
            required=False,
            max_length=ADDRESS_LENGTH,
            widget=forms.TextInput(attrs=attrs),
        )


class OffboardingForm(StrictForm):
    """The offboarding of a person: each item with its receiver or dropped, and the moment.

    Fields about items that no longer exist are refused with a message, not as unknown fields.
    """

    everything_to = ReceiverField(
        _("Hand everything to"),
        _(
            "Begin to type an address and pick the person. Empty: what is not handed to somebody"
            " below is dropped."
        ),
    )
    moment = forms.ChoiceField(
        label=_("When"),
        choices=[(NOW, _("Now, at once")), (LATER, _("At the end of a day"))],
        initial=NOW,
        widget=forms.RadioSelect,
    )
    last_day = LastDayField(label=_("Last day"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        validators=[validate_plain_lines],
        help_text=_("Needed when a sensitive right is handed on; kept in the activity."),
    )
    step = forms.ChoiceField(choices=[(step, step) for step in ("review", "confirm", "edit")])

    def __init__(
        self, *args: Any, membership: Membership, resources: list[OffboardingItem], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.membership, self.resources = membership, resources
        for resource in resources[:MAX_ROWS]:
            name = {"resource": str(resource)}
            self.fields[f"to_{resource.key}"] = ReceiverField(
                _("Who takes over %(resource)s") % name
            )
            self.fields[f"drop_{resource.key}"] = forms.BooleanField(
                label=_("Drop %(resource)s") % name, required=False
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
        """Turn addresses into memberships, with errors on the fields that name nobody here."""
        cleaned = super().clean()
        if self.outdated:
            self.add_error(None, _("Something they held has changed meanwhile. Look once more."))
        has_last_day = cleaned.get("last_day") or "last_day" in self.errors
        if cleaned.get("moment") == LATER and not has_last_day:
            self.add_error("last_day", _("Choose the last day."))
        addresses = {
            name: value.strip().lower()
            for name, value in cleaned.items()
            if isinstance(self.fields.get(name), ReceiverField) and value.strip()
        }
        people = people_of(self.membership.customer).exclude(pk=self.membership.pk)
        receivers = {
            receiver.user.email: receiver
            for receiver in people.filter(user__email__in=addresses.values())
        }
        for name, address in addresses.items():
            if address in receivers:
                cleaned[name] = receivers[address]
            else:
                self.add_error(name, _("Nobody else in the company has this address."))
        return cleaned

    def decisions(self) -> list[tuple[OffboardingItem, Membership | None]]:
        """Return each item with its receiver; None where it is dropped."""
        default = self.cleaned_data["everything_to"] or None
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
