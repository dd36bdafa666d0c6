"""What a portal may report, and what is wrong with it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.validators import validate_plain_text
from portals.choices import ROOT_TYPE
from portals.models import ResourceType

LIMIT = 10_000  # resources in one call
TEXT_LENGTH = 255
SHOWN_FAULTS = 100  # of a call with more, the first ones are told


class ResourcesRefused(ValidationError):
    """What a portal reported makes no sense; each message is under the field's name."""


@dataclass(frozen=True, slots=True)
class Report:
    """One thing as its portal reports it; `parent` is (type, id), None below the subscription."""

    external_id: str
    name: str
    parent: tuple[str, str] | None = None


class Outcome(NamedTuple):
    """What a report came to."""

    added: int
    changed: int
    removed: int
    unchanged: int


class Faults:
    """Errors collected by field, so that a portal hears of all its bad rows at once."""

    def __init__(self, place: str) -> None:
        self.place = place  # with {} for the index
        self.by_field: dict[str, list[str]] = {}

    def add(self, index: int, field: str, reason: str) -> None:
        """Remember what is wrong with one field of one row."""
        self.by_field.setdefault(self.place.format(index) + field, []).append(reason)

    def refuse(self) -> None:
        """Raise ResourcesRefused if there is any."""
        if self.by_field:
            raise ResourcesRefused(dict(list(self.by_field.items())[:SHOWN_FAULTS]))


def check_reports(reports: Sequence[Report], resource_type: ResourceType, faults: Faults) -> None:
    """Add what is wrong with each report by itself; whether its parent exists comes later."""
    above = ROOT_TYPE if resource_type.parent is None else resource_type.parent.code
    at_top = above == ROOT_TYPE
    repeated = Counter(report.external_id for report in reports)
    for index, report in enumerate(reports):
        for field, text in (("id", report.external_id), ("name", report.name)):
            if reason := _fault_in(text):
                faults.add(index, field, reason)
        if repeated[report.external_id] > 1:
            faults.add(index, "id", _("This id is there twice."))
        if at_top and report.parent is not None:
            faults.add(index, "parent", _("This type has no parent; leave it null."))
        elif not at_top and (report.parent is None or report.parent[0] != above):
            faults.add(
                index,
                "parent",
                _("This type stands below a %(type)s; name one.") % {"type": above},
            )


def _fault_in(text: str) -> str:
    """What is wrong with an id or a name; "" when nothing is."""
    if not 0 < len(text) <= TEXT_LENGTH:
        return _("Give 1 to %(limit)s characters.") % {"limit": TEXT_LENGTH}
    if text != text.strip():
        return _("Remove the space at the beginning or the end.")
    if not text.isprintable():
        try:
            validate_plain_text(text)
        except ValidationError as error:
            return str(error.messages[0])
    return ""
