"""The closed lists of this app, and the words for its events."""

from compliance.choices.policies import (
    ANSWERS,
    POSITIVE,
    RECORDED_WAYS,
    AskedOf,
    PolicyKind,
    Verb,
    VersionState,
    Way,
)

__all__ = [
    "ANSWERS",
    "POSITIVE",
    "RECORDED_WAYS",
    "AskedOf",
    "PolicyKind",
    "Verb",
    "VersionState",
    "Way",
]
