"""Giving and changing access: who, on which resources, what, until when, and why."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm, TypeaheadField
from accounts.forms.offboarding import DayInput
from accounts.models import Customer
from accounts.timezones import end_of_day, last_day, start_of_day
from accounts.validators import validate_plain_lines
from portals.choices import AccessEnd
from portals.forms.keys import ListField, parse_key
from portals.models import Privilege, ResourceType
from portals.selectors.effective_access import Grantee
from portals.selectors.grant_changes import Grant, GrantChange, grantee_of, target_of
from portals.selectors.grant_options import GranteeOptions, TargetOptions
from portals.selectors.levels import LevelScale, level_scales_of
from portals.selectors.manifest import Manifest, manifest_of
from portals.selectors.targets import Target
from portals.services.grants import EARLIEST, LATEST


class DayField(forms.DateField):
    """A day that every database and time zone can hold the end of."""

    widget = DayInput

    def clean(self, value: Any) -> date | None:
        """Return the day. Raises: ValidationError for one that is too early or too late."""
        day: date | None = super().clean(value)
        if day is not None and not EARLIEST.year <= day.year < LATEST.year:
            raise ValidationError(_("Choose a date between 1970 and 3000."))
        return day


class GiveAccessForm(StrictForm):
    """The people, permissions and resources of a change of grants, and its terms.

    It is always bound: to the address that opens it, to a preview, or to what is sent. With
    `replaces`, the grants of one row of this grantee, it changes that row.
    """

    ends = forms.ChoiceField(label=_("Access ends"), choices=AccessEnd.choices, required=False)
    ends_on = DayField(label=_("Last day"), required=False)
    starts_on = DayField(label=_("First day"), required=False)
    reason = LineField(
        label=_("Reason"), required=False, max_length=500, validators=[validate_plain_lines]
    )
    portal_access = forms.BooleanField(required=False)
    shown = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)
    preset = forms.UUIDField(required=False, widget=forms.HiddenInput)
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    look = forms.Field(required=False)  # the button that only shows what would happen

    field_names = {"expires_at": "ends_on", "starts_at": "starts_on"}  # of GrantTerms

    def __init__(
        self,
        data: Any,
        *,
        customer: Customer,
        replaces: tuple[Grant, ...] = (),
        grantee: Grantee | None = None,
        types: Iterable[ResourceType] = (),
    ) -> None:
        super().__init__(data, auto_id="give-%s")
        self.customer, self.replaces, self.types = customer, replaces, list(types)
        self.grantees: tuple[Grantee, ...] = ()
        self.targets: tuple[Target, ...] = ()
        self.fields["privilege"] = ListField(parse_key)
        if not replaces:
            self.fields["to"] = TypeaheadField(
                label=_("Who"),
                options=GranteeOptions(customer),
                multiple=True,
                placeholder=_("Name of a person or team"),
                error_messages={"required": _("Choose a person or a team.")},
            )
            self.fields["resource"] = TypeaheadField(
                label=_("Resources"),
                options=TargetOptions(customer),
                multiple=True,
                placeholder=_("Name of a resource, or “all”"),
                error_messages={"required": _("Choose a resource.")},
            )
        else:
            self.grantees = (grantee or grantee_of(replaces[0]),)
            self.targets = (target_of(replaces[0]),)

    def clean(self) -> dict[str, Any]:
        """Refuse contradicting days, and permissions that no chosen resource has."""
        cleaned = super().clean()
        self.grantees = tuple(cleaned.get("to", self.grantees))
        self.targets = tuple(cleaned.get("resource", self.targets))
        offered = {step.privilege.pk for scale in self.scales for step in scale.steps}
        if not offered.issuperset(cleaned.get("privilege", ())):
            self.add_error("privilege", _("Choose from the options on this page."))
        chosen = {target.resource_type.pk for target in self.targets}
        for privilege in self.privileges:
            if privilege.resource_type_id not in chosen:
                text = gettext("Choose a resource for “%(privilege)s”, or untick it.")
                self.add_error("resource", text % {"privilege": privilege})
        if cleaned.get("ends") == AccessEnd.DATE and not cleaned.get("ends_on"):
            if "ends_on" not in self.errors:
                self.add_error("ends_on", _("Choose the last day."))
        elif cleaned.get("ends") != AccessEnd.DATE and cleaned.get("ends_on"):
            self.add_error("ends_on", _("Choose “Another day”, or leave the last day empty."))
        return cleaned

    @cached_property
    def scales(self) -> list[LevelScale]:
        """The permissions to choose from: those of the types of the chosen resources."""
        types = {target.resource_type.pk: target.resource_type for target in self.targets}
        types |= {resource_type.pk: resource_type for resource_type in self.types}
        return list(level_scales_of(types.values(), self.manifest).values())

    @cached_property
    def manifest(self) -> Manifest:
        """The declarations of the portals of the chosen resources."""
        types = [*(target.resource_type for target in self.targets), *self.types]
        return manifest_of(resource_type.portal_id for resource_type in types)

    @property
    def is_sensitive(self) -> bool:
        """Whether any chosen permission is sensitive or includes a sensitive one."""
        return any(self.manifest.is_sensitive(privilege.pk) for privilege in self.privileges)

    @cached_property
    def privileges(self) -> tuple[Privilege, ...]:
        """The chosen permissions, in the order of the page."""
        ticked = set(self.cleaned_data.get("privilege", ()))
        steps = [step for scale in self.scales for step in scale.steps]
        return tuple(step.privilege for step in steps if step.privilege.pk in ticked)

    def change(self) -> GrantChange:
        """Return what is chosen, for the sentence and the service."""
        cleaned = self.cleaned_data
        return GrantChange(
            grantees=self.grantees,
            targets=self.targets,
            privileges=self.privileges,
            starts_at=self._start(cleaned.get("starts_on")),
            expires_at=self._end(cleaned.get("ends"), cleaned.get("ends_on")),
            reason=cleaned.get("reason", ""),
            portal_access=cleaned.get("portal_access", False),
            replaces=self.replaces,
            shown=cleaned.get("shown", ""),
            manifest=self.manifest,
        )

    def _start(self, day: date | None) -> datetime | None:
        former = self.replaces[0].starts_at if self.replaces else None
        if former is not None and day == timezone.localdate(former):
            return former
        return start_of_day(day) if day else None

    def _end(self, ends: str | None, day: date | None) -> datetime | None:
        today = timezone.localdate()
        if ends == AccessEnd.DAYS:
            return end_of_day(today + timedelta(days=30))
        if ends == AccessEnd.MONTHS:
            return end_of_day(in_three_months(today))
        if ends == AccessEnd.YEAR:
            return end_of_day(end_of_year(today))
        former = self.replaces[0].expires_at if self.replaces else None
        if ends != AccessEnd.DATE or day is None:
            return None
        if former is not None and day == last_day(former):
            return former  # to the hour, where it was given so
        return end_of_day(day)

    def forgive_empty(self) -> None:
        """Read what is chosen so far: a field that is still empty is no error yet."""
        for name, errors in list(self.errors.items()):
            if all(error.code == "required" for error in errors.as_data()):
                del self.errors[name]

    def refuse(self, refusal: ValidationError) -> None:
        """Show a refusal of the service beside the field that it is about."""
        if hasattr(refusal, "error_dict"):
            errors = refusal.error_dict
            refusal.error_dict = {self.field_names.get(name, name): errors[name] for name in errors}
        super().refuse(refusal)


def end_of_year(today: date) -> date:
    """Return the last day of this year."""
    return today.replace(month=12, day=31)


def in_three_months(today: date) -> date:
    """Return the same day three months later, or the last day of that month."""
    month = today.month + 3
    year, month = today.year + (month > 12), (month - 1) % 12 + 1
    return today.replace(year=year, month=month, day=min(today.day, monthrange(year, month)[1]))


def opening_data(grants: tuple[Grant, ...], shown: str) -> QueryDict:
    """Return the data of a form that changes the row of these grants."""
    data = QueryDict(mutable=True)
    first = grants[0]
    data.setlist("privilege", [str(grant.permission_id) for grant in grants])
    data["reason"], data["shown"] = first.reason, shown
    data["ends"] = AccessEnd.NEVER
    if first.expires_at is not None:
        data["ends"], data["ends_on"] = AccessEnd.DATE, last_day(first.expires_at).isoformat()
    if first.begins_later and first.starts_at is not None:
        data["starts_on"] = timezone.localdate(first.starts_at).isoformat()
    return data
