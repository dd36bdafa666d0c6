"""Policies and their versions: what is published, announced and in force."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from compliance.choices import VersionState
from compliance.models import Policy, PolicyVersion
from preferences.choices import CampaignState


def versions() -> QuerySet[PolicyVersion]:
    """Return all versions with what their state follows from."""
    return PolicyVersion.objects.select_related("policy", "announcement__campaign")


def is_announced(version: PolicyVersion) -> bool:
    """Return whether everybody was told, or is being told, about a version."""
    announcement = getattr(version, "announcement", None)
    return announcement is not None and announcement.campaign.state != CampaignState.CANCELLED


def is_told(version: PolicyVersion) -> bool:
    """Return whether the announcement of a version has been sent to everybody."""
    announcement = getattr(version, "announcement", None)
    return announcement is not None and announcement.campaign.state == CampaignState.DONE


def takes_effect(version: PolicyVersion, now: datetime) -> bool:
    """Return whether a version has come into force by this moment.

    A material one only does after everybody was told.
    """
    return (
        version.effective_at is not None
        and version.published_at is not None
        and version.withdrawn_at is None
        and version.effective_at <= now
        and (not version.material or is_told(version))
    )


@dataclass(frozen=True)
class PolicyHistory:
    """A policy with all its versions, the newest first."""

    policy: Policy
    versions: list[PolicyVersion]
    now: datetime

    @property
    def draft(self) -> PolicyVersion | None:
        """The version that is being written."""
        return next((version for version in self.versions if version.is_draft), None)

    @property
    def published(self) -> list[PolicyVersion]:
        """The published versions that were not withdrawn."""
        return [
            version
            for version in self.versions
            if not version.is_draft and version.withdrawn_at is None
        ]

    @property
    def in_force(self) -> PolicyVersion | None:
        """The text that holds now."""
        return next((v for v in self.published if takes_effect(v, self.now)), None)

    @property
    def upcoming(self) -> PolicyVersion | None:
        """The published version that is not in force yet."""
        newest = next(iter(self.published), None)
        return newest if newest is not None and newest != self.in_force else None

    @property
    def floor(self) -> PolicyVersion | None:
        """The newest material version in force: whoever answered none since must answer."""
        return next((v for v in self.published if v.material and takes_effect(v, self.now)), None)

    @property
    def current(self) -> PolicyVersion:
        """The version whose title names the policy."""
        return self.in_force or self.upcoming or self.versions[0]

    def state_of(self, version: PolicyVersion) -> VersionState:
        """Return the state of one of these versions."""
        if version.is_draft:
            return VersionState.DRAFT
        if version.withdrawn_at is not None:
            return VersionState.WITHDRAWN
        if version == self.in_force:
            return VersionState.IN_FORCE
        if takes_effect(version, self.now):
            return VersionState.SUPERSEDED
        return VersionState.ANNOUNCED if is_announced(version) else VersionState.PUBLISHED


def history_of_policy(policy: Policy) -> PolicyHistory:
    """Return a policy with its versions."""
    found = list(versions().filter(policy=policy).order_by("-number"))
    return PolicyHistory(policy, found, timezone.now())


def histories(policies: QuerySet[Policy]) -> list[PolicyHistory]:
    """Return several policies with their versions, in two queries."""
    now, found = timezone.now(), list(policies)
    rows = versions().filter(policy__in=found).order_by("-number")
    by_policy: dict[int, list[PolicyVersion]] = {policy.pk: [] for policy in found}
    for version in rows:
        by_policy[version.policy_id].append(version)
    return [PolicyHistory(policy, by_policy[policy.pk], now) for policy in found]


def public_policies() -> QuerySet[Policy]:
    """Return the policies that everybody may read: those with a published version."""
    is_published = Q(versions__published_at__isnull=False, versions__withdrawn_at=None)
    return Policy.objects.filter(is_published).distinct()


def public_versions() -> QuerySet[PolicyVersion]:
    """Return the versions that everybody may read; a withdrawn one stays, and says so."""
    return versions().filter(published_at__isnull=False)
