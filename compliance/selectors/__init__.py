"""Reads of this app."""

from compliance.selectors.policies import (
    PolicyHistory,
    histories,
    history_of_policy,
    is_announced,
    is_told,
    public_policies,
    public_versions,
    takes_effect,
    versions,
)
from compliance.selectors.unanswered import (
    ToAnswer,
    Unanswered,
    people_to_answer,
    policies_of_invited,
    policies_to_answer,
    unanswered_of,
)

__all__ = [
    "PolicyHistory",
    "ToAnswer",
    "Unanswered",
    "histories",
    "history_of_policy",
    "is_announced",
    "is_told",
    "people_to_answer",
    "policies_of_invited",
    "policies_to_answer",
    "public_policies",
    "public_versions",
    "takes_effect",
    "unanswered_of",
    "versions",
]
