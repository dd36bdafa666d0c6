"""Drift: uses of personal data that the notices in force do not name (L17)."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error

from compliance.choices import PolicyKind
from compliance.models import Policy
from compliance.registry.snapshot import drift_between
from compliance.selectors.policies import PolicyHistory, histories


def drift_of(history: PolicyHistory) -> list[str]:
    """Return in sentences what the version of a notice in force does not say; [] for agreements."""
    if history.policy.kind != PolicyKind.NOTICE or history.in_force is None:
        return []
    return drift_between(history.in_force.data_snapshot)


def check_notices(
    *, app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **_: Any
) -> list[CheckMessage]:
    """Return an error for each new use of data: for `check --deploy --database default`."""
    if not databases:
        return []
    return [
        Error(sentence, hint="Publish and announce a new version first.", id="compliance.E001")
        for history in histories(Policy.objects.filter(kind=PolicyKind.NOTICE))
        for sentence in drift_of(history)
    ]
