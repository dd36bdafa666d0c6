"""Who may do what to which thing: guardian's direct-foreign-key rows, with our terms on them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from accounts.models import AccessRequest, Invitation, Membership, Offboarding
from accounts.models.offboarding import reassigned_to_a_colleague
from accounts.validators import validate_plain_lines
from portals.models.manifest import Privilege
from portals.models.resources import Resource


class ValidityFields(models.Model):
    """Since when, until when and why."""

    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(
        _("reason"), max_length=500, blank=True, validators=[validate_plain_lines]
    )

    class Meta:
        abstract = True


class GrantFields(ValidityFields):
    """Terms of a grant, with who gave it and when."""

    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(default=timezone.now)
    reminded_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When its end was last announced.")
    )

    class Meta:
        abstract = True


def _starts_before_it_ends(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(starts_at=None) | Q(expires_at=None) | Q(starts_at__lt=F("expires_at")),
        name=name,
    )


def _by_end(name: str) -> models.Index:
    """The few grants that end, for the clock."""
    return models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name=name)


class PersonGrant(UserObjectPermissionBase, GrantFields):
    """A privilege of one person on one resource; changing it replaces the row."""

    content_object = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="person_grants", db_index=False
    )

    class Meta(UserObjectPermissionBase.Meta):
        default_permissions = ()
        constraints = [_starts_before_it_ends("person_grant_starts_before_it_ends")]
        # What a check looks up (portals/decision), however many grants the person holds.
        indexes = [
            models.Index(fields=["content_object", "user"], name="grant_of_person_on"),
            _by_end("grant_of_person_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.permission.codename} on {self.content_object}"


class TeamGrant(GroupObjectPermissionBase, GrantFields):
    """A privilege of one team (through its carrier group) on one resource."""

    content_object = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="team_grants", db_index=False
    )

    class Meta(GroupObjectPermissionBase.Meta):
        default_permissions = ()
        constraints = [_starts_before_it_ends("team_grant_starts_before_it_ends")]
        indexes = [
            models.Index(fields=["content_object", "group"], name="grant_of_team_on"),
            _by_end("grant_of_team_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.permission.codename} on {self.content_object}"


class OfferedGrant(ValidityFields):
    """A grant that waits in an invitation; applied by its acceptance."""

    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, related_name="offered_grants"
    )
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    privilege = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invitation", "resource", "privilege"], name="offered_once"
            ),
            _starts_before_it_ends("offered_grant_starts_before_it_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.privilege} on {self.resource}"

    @property
    def begins_later(self) -> bool:
        """Whether it would not count yet if the invitation were accepted now."""
        return self.starts_at is not None and self.starts_at > timezone.now()

    @property
    def is_over(self) -> bool:
        """Whether its end has come, so that accepting no longer gives it."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class RequestedGrant(models.Model):
    """A right somebody asks for; given, or not, by the answer to the request."""

    request = models.ForeignKey(
        AccessRequest, on_delete=models.CASCADE, related_name="requested_grants"
    )
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    privilege = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(
        _("until"), null=True, blank=True, help_text=_("As asked; once given, as given.")
    )
    given = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "resource", "privilege"], name="requested_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.privilege} on {self.resource}"


class ReassignedGrant(models.Model):
    """A right that somebody takes over from a leaver; given when the leaving's moment comes."""

    offboarding = models.ForeignKey(
        Offboarding, on_delete=models.CASCADE, related_name="reassigned_grants"
    )
    resource = models.ForeignKey(Resource, null=True, on_delete=models.SET_NULL, related_name="+")
    privilege = models.ForeignKey(Privilege, null=True, on_delete=models.SET_NULL, related_name="+")
    receiver = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=600, help_text=_("What it was called, should it go."))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offboarding", "resource", "privilege"], name="grant_reassigned_once"
            ),
            *reassigned_to_a_colleague("portals_reassignedgrant"),
        ]

    def __str__(self) -> str:
        return f"{self.words} to {self.receiver}"
