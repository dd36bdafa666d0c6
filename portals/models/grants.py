"""Grants: which privilege a person or a team has on which resource, and until when.

They are guardian's direct-foreign-key rows with our own columns.
"""

from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from guardian.models.models import GroupObjectPermissionManager, UserObjectPermissionManager

from accounts.models import AccessRequest, Invitation, Membership, Offboarding
from accounts.models.offboarding import reassigned_to_a_colleague
from accounts.triggers import Trigger, refuse, refuse_set
from accounts.validators import validate_plain_lines
from portals.models.manifest import Privilege
from portals.models.resources import Resource

_Row = TypeVar("_Row", bound=models.Model, covariant=True)


def begun(now: datetime | Combinable | None = None) -> Q:
    """Return the condition that a row's start has come, or that it has none."""
    return Q(starts_at=None) | Q(starts_at__lte=now or timezone.now())


def unexpired(now: datetime | Combinable | None = None, *, prefix: str = "") -> Q:
    """Return the condition that a row's end has not come, or that it has none.

    `prefix` is the path from the model that is filtered, such as `person_grants__`.
    """
    return Q(**{f"{prefix}expires_at": None}) | Q(
        **{f"{prefix}expires_at__gt": now or timezone.now()}
    )


class ValidityQuerySet(models.QuerySet[_Row]):
    """Rows with a start and an end."""

    def in_force(self) -> "ValidityQuerySet[_Row]":
        """Return the rows that count at this moment."""
        now = timezone.now()
        return self.filter(begun(now), unexpired(now))

    def unexpired(self, now: datetime | Combinable | None = None) -> "ValidityQuerySet[_Row]":
        """Return the rows that count now or will later."""
        return self.filter(unexpired(now))


_PersonGrants = UserObjectPermissionManager.from_queryset(ValidityQuerySet)
_Rows = models.Manager.from_queryset(ValidityQuerySet)
_TeamGrants = GroupObjectPermissionManager.from_queryset(ValidityQuerySet)


class ValidityFields(models.Model):
    """Start, end and reason. A row counts while `starts_at` ≤ now < `expires_at`, where set."""

    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(
        _("reason"), max_length=500, blank=True, validators=[validate_plain_lines]
    )

    class Meta:
        abstract = True

    @property
    def begins_later(self) -> bool:
        """Whether its start is still to come."""
        return self.starts_at is not None and self.starts_at > timezone.now()

    @property
    def is_expired(self) -> bool:
        """Whether its end has come."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_in_force(self) -> bool:
        """Whether it counts at this moment."""
        return not self.begins_later and not self.is_expired


class GrantFields(ValidityFields):
    """Start, end and reason of a grant, with who gave it and when."""

    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(default=timezone.now)
    reminded_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("Time of the last notice about the end date."),
    )

    class Meta:
        abstract = True

    @property
    def place(self) -> str:
        """The object of the access: “alder.example”, “Domains portal”, “every domain”."""
        grant: Any = self
        name: str = grant.permission.privilege.resource_type.name_of(grant.content_object)
        return name


def _starts_before_it_ends(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(starts_at=None) | Q(expires_at=None) | Q(starts_at__lt=F("expires_at")),
        name=name,
    )


def _by_end(name: str) -> models.Index:
    """Index the few grants that have an end, for the job that announces it."""
    return models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name=name)


_ON_REMOVED = """EXISTS (
    SELECT 1 FROM portals_resource r WHERE r.id = NEW.content_object_id
      AND r.removed_at IS NOT NULL)"""


def _not_on_a_removed_resource(table: str) -> list[Trigger]:
    message = "no grant on a resource that its portal removed"
    moved = f"NEW.content_object_id <> OLD.content_object_id AND {_ON_REMOVED}"
    return [
        refuse_set(f"{table}_not_on_removed", table=table, when=_ON_REMOVED, message=message),
        *refuse(f"{table}_not_to_removed", table=table, when={"UPDATE": moved}, message=message),
    ]


class OnPresentResources(models.Manager[_Row]):
    """A manager of grants that leaves out those on resources that their portal removed."""

    resource_path = "content_object"

    def get_queryset(self) -> models.QuerySet[_Row]:
        """Leave out the rows on removed resources."""
        return super().get_queryset().filter(**{f"{self.resource_path}__removed_at": None})


class PersonGrantManager(OnPresentResources["PersonGrant"], _PersonGrants):
    """People's grants on the resources that exist."""


class TeamGrantManager(OnPresentResources["TeamGrant"], _TeamGrants):
    """Teams' grants on the resources that exist."""


class OfferedGrantManager(OnPresentResources["OfferedGrant"], _Rows):
    """The offered grants on resources that exist."""

    resource_path = "resource"


class RequestedGrantManager(OnPresentResources["RequestedGrant"]):
    """The requested grants on resources that exist."""

    resource_path = "resource"


class PersonGrant(UserObjectPermissionBase, GrantFields):
    """A privilege of one person on one resource; changing it replaces the row."""

    content_object = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="person_grants", db_index=False
    )

    objects = PersonGrantManager()  # type: ignore[misc]
    with_removed = _PersonGrants()

    class Meta(UserObjectPermissionBase.Meta):
        default_permissions = ()
        constraints = [
            _starts_before_it_ends("person_grant_starts_before_it_ends"),
            *_not_on_a_removed_resource("portals_persongrant"),
        ]
        # A check (portals/decision) looks these up, however many grants the person has.
        indexes = [
            models.Index(fields=["content_object", "user"], name="grant_of_person_on"),
            models.Index(
                fields=["content_object", "permission", "user"], name="grant_of_person_by_privilege"
            ),
            _by_end("grant_of_person_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.permission.codename} on {self.content_object}"


class TeamGrant(GroupObjectPermissionBase, GrantFields):
    """A privilege of one team (through its carrier group) on one resource."""

    content_object = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="team_grants", db_index=False
    )

    objects = TeamGrantManager()  # type: ignore[misc]
    with_removed = _TeamGrants()

    class Meta(GroupObjectPermissionBase.Meta):
        default_permissions = ()
        constraints = [
            _starts_before_it_ends("team_grant_starts_before_it_ends"),
            *_not_on_a_removed_resource("portals_teamgrant"),
        ]
        indexes = [
            models.Index(fields=["content_object", "group"], name="grant_of_team_on"),
            _by_end("grant_of_team_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.permission.codename} on {self.content_object}"


class OfferedGrant(ValidityFields):
    """A grant offered with an invitation; it is given when the invitation is accepted."""

    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, related_name="offered_grants"
    )
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    privilege = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="+")

    objects = OfferedGrantManager()
    with_removed = models.Manager()  # noqa: DJ012 -- ruff takes it for a field

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invitation", "resource", "privilege"], name="offered_once"
            ),
            _starts_before_it_ends("offered_grant_starts_before_it_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.privilege} on {self.resource}"


class RequestedGrant(models.Model):
    """A privilege that somebody asks for; the answer to the request gives it or not."""

    request = models.ForeignKey(
        AccessRequest, on_delete=models.CASCADE, related_name="requested_grants"
    )
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    privilege = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(
        _("until"), null=True, blank=True, help_text=_("Requested end date, or the end date given.")
    )
    given = models.BooleanField(default=False)

    objects = RequestedGrantManager()
    with_removed = models.Manager()  # noqa: DJ012 -- ruff takes it for a field

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "resource", "privilege"], name="requested_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.privilege} on {self.resource}"


class ReassignedGrant(models.Model):
    """A privilege that a colleague takes over from a leaver, on the day of the offboarding."""

    offboarding = models.ForeignKey(
        Offboarding, on_delete=models.CASCADE, related_name="reassigned_grants"
    )
    resource = models.ForeignKey(Resource, null=True, on_delete=models.SET_NULL, related_name="+")
    privilege = models.ForeignKey(Privilege, null=True, on_delete=models.SET_NULL, related_name="+")
    receiver = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=600, help_text=_("Name, kept if the resource is removed."))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offboarding", "resource", "privilege"], name="grant_reassigned_once"
            ),
            *reassigned_to_a_colleague("portals_reassignedgrant"),
        ]

    def __str__(self) -> str:
        return f"{self.words} to {self.receiver}"
