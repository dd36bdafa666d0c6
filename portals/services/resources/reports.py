"""A portal's report of its resources, and the checks of its rows."""

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
KEEP = ""  # as an owner: whoever it is already
MAX_SHOWN_FAULTS = 100


class ResourcesRefused(ValidationError):
    """A report that cannot be accepted; each message is under its field's name."""


@dataclass(frozen=True, slots=True)
class Report:
    """One reported resource; `parent` is (type, id), or None directly below the subscription.

    `owner` is a sub or a verified address, None for a shared resource, or KEEP.
    """

    external_id: str
    name: str
    parent: tuple[str, str] | None = None
    owner: str | None = KEEP


class Outcome(NamedTuple):
    """The numbers of resources that a report added, changed, removed and left alone.

    `returned` were removed before and are back with their access. `moved` belonged to another
    customer, with everything below them. `grants_ended` ended with what was removed or moved.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    returned: int = 0
    moved: int = 0
    grants_ended: int = 0


class Faults:
    """Errors by field, so that one answer names all bad rows."""

    def __init__(self, place: str) -> None:
        self.place = place  # the path of a row, with {} for its index
        self.by_field: dict[str, list[str]] = {}

    def add(self, index: int, field: str, reason: str) -> None:
        """Add an error of one field of one row."""
        self.by_field.setdefault(self.place.format(index) + field, []).append(reason)

    def refuse(self) -> None:
        """Raise ResourcesRefused where there is an error."""
        if self.by_field:
            raise ResourcesRefused(dict(list(self.by_field.items())[:MAX_SHOWN_FAULTS]))


def check_reports(reports: Sequence[Report], resource_type: ResourceType, faults: Faults) -> None:
    """Add the errors of each row by itself; whether its parent exists is checked later."""
    parent_type = ROOT_TYPE if resource_type.parent is None else resource_type.parent.code
    is_top_level = parent_type == ROOT_TYPE
    occurrences = Counter(report.external_id for report in reports)
    for index, report in enumerate(reports):
        for field, text in (("id", report.external_id), ("name", report.name)):
            if reason := fault_in(text):
                faults.add(index, field, reason)
        if occurrences[report.external_id] > 1:
            faults.add(index, "id", _("This ID was sent twice."))
        if is_top_level and report.parent is not None:
            faults.add(index, "parent", _("This type has no parent. Send null."))
        elif not is_top_level and (report.parent is None or report.parent[0] != parent_type):
            faults.add(
                index,
                "parent",
                _("This type needs a parent of type %(type)s.") % {"type": parent_type},
            )


def fault_in(text: str) -> str:
    """Return the error of an id or a name, or "" where there is none."""
    if not 0 < len(text) <= TEXT_LENGTH:
        return _("Send 1 to %(limit)s characters.") % {"limit": TEXT_LENGTH}
    if text != text.strip():
        return _("Remove the space at the beginning or the end.")
    if not text.isprintable():
        try:
            validate_plain_text(text)
        except ValidationError as error:
            return str(error.messages[0])
    return ""
