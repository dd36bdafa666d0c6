"""The closed lists of this app, and the words for its events."""

from compliance.choices.policies import (
    ANSWERS,
    POSITIVE,
    AskedOf,
    PolicyKind,
    Verb,
    VersionState,
)

__all__ = ["ANSWERS", "POSITIVE", "AskedOf", "PolicyKind", "Verb", "VersionState"]
