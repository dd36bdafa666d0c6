"""Create, change and delete the presets of a customer. Applying one is an ordinary review."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, User
from accounts.permissions import lock_managed_customer
from accounts.services.audit import record_event
from accounts.services.versions import refuse_overwriting
from portals.models import Preset, PresetLine, Privilege
from portals.selectors.resources import subscriptions_of

Line = tuple[Privilege, bool]  # the privilege, and whether it applies to every resource of its type
MAX_PRESETS = 50


class PresetRefused(ValidationError):
    """A preset that cannot be saved as asked; the message says why."""


def _check(preset: Preset, lines: list[Line]) -> None:
    preset.name = preset.name.strip()
    preset.clean_fields(exclude=["customer"])
    others = Preset.objects.filter(customer=preset.customer_id).exclude(pk=preset.pk)
    folded = preset.name.casefold()
    if any(name.casefold() == folded for name in others.values_list("name", flat=True)):
        raise PresetRefused(
            {"name": _("Another preset has this name. Choose another name.")}, code="taken"
        )
    if not lines:
        raise PresetRefused({"privilege": _("Choose at least one permission.")}, code="empty")
    if len({privilege.pk for privilege, _everywhere in lines}) < len(lines):
        raise PresetRefused(
            {"privilege": _("This permission is in the preset twice.")}, code="twice"
        )
    portals = set(subscriptions_of(preset.customer).values_list("portal", flat=True))
    if any(privilege.portal_id not in portals for privilege, _everywhere in lines):
        raise PresetRefused(
            {"privilege": _("This permission doesn't belong to your portals.")}, code="foreign"
        )


def _save(preset: Preset, lines: list[Line]) -> None:
    _check(preset, lines)
    try:
        with transaction.atomic():
            preset.save()
    except IntegrityError as error:
        raise PresetRefused(
            {"name": _("Another preset has this name. Choose another name.")}, code="taken"
        ) from error
    preset.lines.all().delete()
    PresetLine.objects.bulk_create(
        PresetLine(preset=preset, privilege=privilege, everywhere=everywhere)
        for privilege, everywhere in lines
    )


def _event_data(preset: Preset, lines: Iterable[Line]) -> dict[str, Any]:
    privileges = [
        {
            language: f"{privilege.portal.labels[language]}: {label} ({privilege.codename})"
            for language, label in privilege.labels.items()
        }
        for privilege, _everywhere in lines
    ]
    return {"preset": preset.name, "privileges": privileges}


@transaction.atomic
def create_preset(*, actor: User, customer: Customer, name: str, lines: Iterable[Line]) -> Preset:
    """Create a preset.

    Raises PermissionDenied, or PresetRefused or ValidationError naming the field.
    """
    customer = lock_managed_customer(actor, customer)
    if customer.presets.count() >= MAX_PRESETS:
        raise PresetRefused(
            _("You have reached the limit of presets. Delete a preset first."), code="many"
        )
    preset, new_lines = Preset(customer=customer, name=name), list(lines)
    _save(preset, new_lines)
    record_event(
        kind="preset.created", actor=actor, customer=customer, **_event_data(preset, new_lines)
    )
    return preset


def preset_values(preset: Preset) -> dict[str, Any]:
    """Return name and lines of a preset, whose version its form carries."""
    lines = preset.lines.select_related("privilege__portal", "privilege__resource_type")
    return {
        "name": preset.name,
        "lines": frozenset((line.privilege, line.everywhere) for line in lines),
    }


@transaction.atomic
def change_preset(
    *,
    actor: User,
    preset: Preset,
    name: str,
    lines: Iterable[Line],
    version: str | None = None,
) -> Preset:
    """Change the name or the lines of a preset; grants that were made with it stay.

    Record nothing where nothing differs. Raises like create_preset; ChangedMeanwhile where somebody
    saved since `version`.
    """
    preset = _locked(actor, preset)
    new_lines = list(lines)
    before = _event_data(preset, [(line.privilege, line.everywhere) for line in _lines(preset)])
    saved = preset_values(preset)
    refuse_overwriting(
        version,
        saved=saved,
        wanted={"name": name, "lines": frozenset(new_lines)},
        edits=AuditEvent.objects.filter(
            customer=preset.customer, kind="preset.changed", public__preset=preset.name
        ),
    )
    if saved["lines"] == frozenset(new_lines) and preset.name == name.strip():
        return preset
    preset.name = name
    _save(preset, new_lines)
    record_event(
        kind="preset.changed",
        actor=actor,
        customer=preset.customer,
        previous=before["preset"],
        privileges_before=before["privileges"],
        **_event_data(preset, new_lines),
    )
    return preset


@transaction.atomic
def delete_preset(*, actor: User, preset: Preset) -> None:
    """Delete a preset; its grants stay. Raises PermissionDenied or PresetRefused."""
    preset = _locked(actor, preset)
    data = _event_data(preset, [(line.privilege, line.everywhere) for line in _lines(preset)])
    preset.delete()
    record_event(kind="preset.deleted", actor=actor, customer=preset.customer, **data)


def _lines(preset: Preset) -> Any:
    return preset.lines.select_related("privilege__portal").order_by("pk")


def _locked(actor: User, preset: Preset) -> Preset:
    lock_managed_customer(actor, preset.customer)
    current = Preset.objects.select_related("customer").filter(pk=preset.pk).first()
    if current is None:
        raise PresetRefused(_("This preset no longer exists."), code="gone")
    return current
