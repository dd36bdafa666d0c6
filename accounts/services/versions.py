"""Versions: a save can't silently undo what somebody else saved since the form was opened.

A page shows values with their version. The service that saves takes the present values under its
lock, and refuses where one of them is neither what the person saw nor what they want.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from accounts.models import AuditEvent

Values = Mapping[str, Any]

_DIGEST_BYTES = 9


class ChangedMeanwhile(ValidationError):
    """Somebody saved other values since the form was opened, so nothing was saved.

    `saved` has the present values; `event` says who saved them and when, where that is known.
    """

    def __init__(self, saved: Values, event: AuditEvent | None) -> None:
        if event is None:
            message = _(
                "This was changed after you opened the page, so your changes weren't saved or sent."
            )
        else:
            message = _(
                "%(person)s changed this after you opened the page, so your changes "
                "weren't saved or sent."
            ) % {"person": event.actor_name}
        super().__init__(message, code="changed")
        self.saved, self.event = saved, event


def version_of(values: Values) -> str:
    """Return the version of some values: a short hash of each, in the order of their names."""
    return ".".join(_digest(values[name]) for name in sorted(values))


def changed_names(version: str, values: Values) -> frozenset[str]:
    """Return the names of the values that differ from this version; all for no version of them."""
    digests = version.split(".")
    if len(digests) != len(values):
        return frozenset(values)
    pairs = zip(sorted(values), digests, strict=True)
    return frozenset(name for name, digest in pairs if _digest(values[name]) != digest)


def differing_names(left: Values, right: Values) -> frozenset[str]:
    """Return the names under which two sets of values differ; a missing one differs."""
    return frozenset(
        name for name in left if name not in right or _digest(left[name]) != _digest(right[name])
    )


def refuse_overwriting(
    version: str | None, *, saved: Values, wanted: Values, edits: QuerySet[AuditEvent]
) -> None:
    """Raise ChangedMeanwhile if `wanted` would undo what was saved since `version` was shown.

    The caller holds the lock under which it read `saved`. Without a version no form was shown: a
    request is granted, or a program calls. `edits` are the events of such saves, the latest of
    which tells who it was.
    """
    if version is None:
        return
    if changed_names(version, saved) & differing_names(saved, wanted):
        raise ChangedMeanwhile(saved, edits.order_by("-pk").first())


def _digest(value: Any) -> str:
    if isinstance(value, str):  # browsers send other line ends, and fields strip
        value = value.replace("\r\n", "\n").strip()
    canonical = json.dumps(value, default=_plain, sort_keys=True)
    return hashlib.blake2b(canonical.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _plain(value: Any) -> Any:
    """Return what is compared: the key of a row, the sorted members of a set, else the text."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, frozenset | set):
        return sorted(json.dumps(member, default=_plain) for member in value)
    return str(value)
