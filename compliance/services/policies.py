"""Policies: staff write drafts and publish them; a published version stays as it is (L1)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.services.versions import refuse_overwriting
from compliance.choices import PolicyKind
from compliance.models import Policy, PolicyVersion
from compliance.models.policies import TEXTS
from compliance.permissions import PolicyRefused
from compliance.registry.snapshot import registry_snapshot
from compliance.selectors import history_of_policy

VERSION_FIELDS = (*TEXTS, "material", "effective_at")
RESERVED = ("feed", "new")  # parts of other addresses


@transaction.atomic
def create_policy(*, actor: User, slug: str, kind: str, asked_of: str, **values: Any) -> Policy:
    """Create a policy with the draft of its first version (VERSION_FIELDS).

    Raises PermissionDenied without `compliance.add_policy`, ValidationError naming the field.
    """
    require_staff(actor, "compliance.add_policy")
    if slug in RESERVED:
        raise PolicyRefused({"slug": _("Choose another short name: this one is taken.")})
    policy = Policy(slug=slug, kind=kind, asked_of=asked_of)
    policy.full_clean()
    policy.save(force_insert=True)
    _write_draft(PolicyVersion(policy=policy, number=1), actor, values)
    return policy


@transaction.atomic
def begin_version(*, actor: User, policy: Policy) -> PolicyVersion:
    """Return the draft of a policy's next version, begun with the text of the newest one.

    A draft that exists stays as it is. Raises PermissionDenied without
    `compliance.change_policyversion`.
    """
    require_staff(actor, "compliance.change_policyversion")
    policy = _lock(policy)
    history = history_of_policy(policy)
    if history.draft is not None:
        return history.draft
    newest = next(iter(history.published), None)
    kept = ("title_en", "title_fr", "body_en", "body_fr")
    values = {name: getattr(newest, name) for name in kept} if newest else {}
    last = policy.versions.aggregate(last=Max("number"))["last"] or 0
    return _write_draft(PolicyVersion(policy=policy, number=last + 1), actor, values)


def _write_draft(version: PolicyVersion, actor: User, values: dict[str, Any]) -> PolicyVersion:
    _set(version, values)
    version.written_by = actor
    version.full_clean()
    version.save(force_insert=True)
    _record("policy.drafted", actor, version)
    return version


def draft_values(version: PolicyVersion) -> dict[str, Any]:
    """Return what is written in a draft, whose version the forms that show it carry."""
    return {name: getattr(version, name) for name in VERSION_FIELDS}


@transaction.atomic
def update_version(
    *, actor: User, draft: PolicyVersion, version: str | None = None, **values: Any
) -> PolicyVersion:
    """Change a draft. Raises PolicyRefused for a published version, else as create_policy does.

    Raises ChangedMeanwhile where somebody saved since `version` was shown.
    """
    require_staff(actor, "compliance.change_policyversion")
    draft = lock_version(draft)
    _refuse_published(draft)
    refuse_overwriting(version, saved=draft_values(draft), wanted=values, edits=_edits(draft))
    changed = sorted(name for name, value in values.items() if getattr(draft, name) != value)
    _set(draft, values)
    draft.written_by = actor
    draft.full_clean()
    if changed:
        draft.save()
        _record("policy.updated", actor, draft, fields=", ".join(changed))
    return draft


@transaction.atomic
def publish_version(
    *, actor: User, draft: PolicyVersion, version: str | None = None
) -> PolicyVersion:
    """Publish a draft for good: everybody can read it, and nobody is asked or mailed yet.

    What is published is what the publisher saw: ChangedMeanwhile where somebody saved since
    `version`. Raises PermissionDenied without `compliance.publish_policyversion`; PolicyRefused
    naming the field for what is missing in either language (L2), a material change that nobody
    decided on (L3), a day that is over, and an earlier version that is not in force yet.

    A notice keeps what the registry of personal data says now, so that later uses show (L17).
    """
    require_staff(actor, "compliance.publish_policyversion")
    draft = lock_version(draft)
    _refuse_published(draft)
    refuse_overwriting(version, saved=draft_values(draft), wanted={}, edits=_edits(draft))
    _refuse_incomplete(draft)
    history = history_of_policy(draft.policy)
    upcoming, now = history.upcoming, timezone.now()
    if upcoming is not None:
        raise PolicyRefused(
            _("Version %(number)s isn't in force yet. Wait for its day, or withdraw it first.")
            % {"number": upcoming.number},
            code="pending",
        )
    if draft.effective_at is None or draft.effective_at < now:
        raise PolicyRefused({"effective_at": _("Choose a later day. This one is over.")})
    draft.published_at, draft.published_by = now, actor
    draft.sha256 = draft.computed_sha256(draft.policy.slug)
    if draft.policy.kind == PolicyKind.NOTICE:
        draft.data_snapshot = registry_snapshot()
    draft.save()
    _record("policy.published", actor, draft)
    return draft


def missing_fields(draft: PolicyVersion) -> dict[str, str]:
    """Return what a draft needs before it can be published, by field."""
    missing = {
        name: _("Write it in English and in French.")
        for name in TEXTS
        if not getattr(draft, name).strip()
    }
    if draft.material is None:
        missing["material"] = _("Say whether this is a material change.")
    if draft.effective_at is None:
        missing["effective_at"] = _("Choose the day on which it takes effect.")
    return missing


def _refuse_incomplete(draft: PolicyVersion) -> None:
    missing = missing_fields(draft)
    if missing:
        raise PolicyRefused(
            {name: ValidationError(text, code="missing") for name, text in missing.items()}
        )


def _refuse_published(draft: PolicyVersion) -> None:
    if not draft.is_draft:
        raise PolicyRefused(
            _("This version is published and stays as it is. Begin a new version instead."),
            code="published",
        )


def _set(version: PolicyVersion, values: dict[str, Any]) -> None:
    unknown = values.keys() - set(VERSION_FIELDS)
    if unknown:
        raise TypeError(f"no such fields: {sorted(unknown)}")
    for name, value in values.items():
        setattr(version, name, value)


def _edits(draft: PolicyVersion) -> Any:
    return AuditEvent.objects.filter(
        kind="policy.updated", public__policy=draft.policy.slug, public__number=draft.number
    )


def _lock(policy: Policy) -> Policy:
    return Policy.objects.select_for_update().get(pk=policy.pk)


def lock_version(version: PolicyVersion) -> PolicyVersion:
    """Lock a version's policy, then the version."""
    _lock(version.policy)
    return (
        PolicyVersion.objects.select_for_update(of=("self",))
        .select_related("policy")
        .get(pk=version.pk)
    )


def _record(kind: str, actor: User, version: PolicyVersion, **event_data: Any) -> None:
    record_event(kind=kind, actor=actor, **version_facts(version), **event_data)


def version_facts(version: PolicyVersion) -> dict[str, Any]:
    """Return how events name a version."""
    return {
        "policy": version.policy.slug,
        "title": version.titles,
        "number": version.number,
    }
