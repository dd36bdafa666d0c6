"""Access reviews: a company's grants and roles at one time, and a decision about each."""

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, Team, User
from accounts.triggers import refuse
from portals.choices import ItemKind, ReviewDecision, ReviewState
from portals.models.grants import ValidityFields
from portals.models.manifest import Labelled, Portal, Privilege
from portals.models.resources import Resource

LONG_UNUSED = timedelta(days=90)
RECENT = timedelta(days=30)
LAST_WEEK = timedelta(days=7)  # before a review is due; Super Users can then remind each other
REMIND_EVERY = timedelta(days=1)


class ReviewQuarter(models.Model):
    """A mark that a customer's review of a quarter was begun or not needed."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    quarter = models.DateField(help_text=_("First day of the review."))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "quarter"], name="review_round_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.quarter}"


class AccessReviewQuerySet(models.QuerySet["AccessReview"]):
    """Access reviews by state."""

    def open(self) -> "AccessReviewQuerySet":
        """Return the reviews that are open."""
        return self.filter(state=ReviewState.OPEN)


class AccessReview(models.Model):
    """One review of all the access that a company's people have."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="access_reviews", db_index=False
    )
    state = models.CharField(max_length=12, choices=ReviewState, default=ReviewState.OPEN)
    begun_at = models.DateTimeField(default=timezone.now, editable=False)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField()
    gathered_to = models.BigIntegerField(
        default=0, help_text=_("Last membership collected, then teams as negative numbers.")
    )
    ready_at = models.DateTimeField(
        null=True, help_text=_("Time when all permissions were collected.")
    )
    total = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    reduced = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    overtaken = models.PositiveIntegerField(default=0)
    reminders = models.PositiveSmallIntegerField(default=0)
    reminded_at = models.DateTimeField(
        null=True, help_text=_("Time of the last reminder from a Super User.")
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = AccessReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state=ReviewState.OPEN), name="one_open_review"
            ),
            models.CheckConstraint(
                condition=Q(state=ReviewState.OPEN, ended_at=None, ended_by=None)
                | Q(state=ReviewState.NOT_FINISHED, ended_at__isnull=False, ended_by=None)
                | Q(
                    state=ReviewState.FINISHED,
                    ended_at__isnull=False,
                    ended_by__isnull=False,
                    ready_at__isnull=False,
                    total=F("kept") + F("reduced") + F("removed") + F("overtaken"),
                ),
                name="review_finished_when_all_is_decided",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=F("kept") + F("reduced") + F("removed") + F("overtaken")),
                name="review_decides_what_it_holds",
            ),
            *refuse(
                "review_ends_once",
                table="portals_accessreview",
                when={"UPDATE": "OLD.state <> 'open'"},
                message="a review that is over does not change",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="review_by_customer")]

    def __str__(self) -> str:
        return f"{self.customer}, {self.begun_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        """Whether lines can still be decided."""
        return self.state == ReviewState.OPEN

    @property
    def decided(self) -> int:
        """The number of decided lines."""
        return self.kept + self.reduced + self.removed + self.overtaken

    @property
    def percent(self) -> int:
        """The percentage of decided lines; 100 only when all are."""
        return 100 * self.decided // self.total if self.total else 0

    @property
    def is_due_soon(self) -> bool:
        """Whether it is open in the last week before its due date, or after it."""
        return self.is_open and self.due_at <= timezone.now() + LAST_WEEK

    @property
    def can_remind(self) -> bool:
        """Whether a Super User may remind the others: once in a day, whoever does it."""
        now = timezone.now()
        is_rested = self.reminded_at is None or self.reminded_at <= now - REMIND_EVERY
        return self.is_due_soon and is_rested

    @property
    def is_overdue(self) -> bool:
        """Whether it is open after its due date."""
        return self.is_open and self.due_at <= timezone.now()


class ReviewItem(ValidityFields, Labelled):
    """One line: a grant, a role or an owner when the review began, and the decision about it.

    The grant (`grant_id` in its own table), the resource and the privilege may be deleted later;
    their names stay here.
    """

    review = models.ForeignKey(
        AccessReview, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    kind = models.CharField(max_length=10, choices=ItemKind)
    section = models.CharField(max_length=700, help_text=_("Name used to sort the lines."))
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.PROTECT, related_name="+"
    )
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="+")
    grantee_name = models.CharField(max_length=254)
    grant_id = models.BigIntegerField(null=True)
    portal = models.ForeignKey(
        Portal, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    privilege = models.ForeignKey(
        Privilege,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    resource = models.ForeignKey(
        Resource,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    resource_name = models.CharField(max_length=255, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    granted_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)
    counted_since = models.DateField(null=True, help_text=_("Time from which uses are recorded."))
    decision = models.CharField(max_length=10, choices=ReviewDecision, null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "kind", "grant_id"], name="reviewed_once"),
            models.UniqueConstraint(
                fields=["review", "membership"],
                condition=Q(kind=ItemKind.ROLE),
                name="role_reviewed_once",
            ),
            models.UniqueConstraint(
                fields=["review", "resource"],
                condition=Q(kind=ItemKind.OWNER),
                name="owner_reviewed_once",
            ),
            models.CheckConstraint(
                condition=Q(kind=ItemKind.ROLE, grant_id=None, membership__isnull=False)
                | Q(kind=ItemKind.PERSON, grant_id__isnull=False, membership__isnull=False)
                | Q(kind=ItemKind.TEAM, grant_id__isnull=False, membership=None)
                | Q(
                    kind=ItemKind.OWNER,
                    grant_id=None,
                    membership__isnull=False,
                    resource__isnull=False,
                ),
                name="review_line_is_about_one_resource",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ItemKind.OWNER)
                | Q(decision=None)
                | Q(decision__in=[ReviewDecision.KEEP, ReviewDecision.OVERTAKEN]),
                name="review_changes_no_owner",
            ),
            models.CheckConstraint(
                condition=Q(decision=None, decided_by=None, decided_at=None)
                | Q(decision__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="decision_of_someone_at_a_moment",
            ),
            *refuse(
                "review_line_decided_once",
                table="portals_reviewitem",
                when={
                    "UPDATE": "OLD.decision IS NOT NULL"
                    " AND (NEW.decision IS NULL OR NEW.decision <> OLD.decision)"
                },
                message="a line of a review is decided once",
            ),
        ]
        indexes = [
            models.Index(fields=["review", "section", "id"], name="review_line_by_grantee"),
            models.Index(
                fields=["review", "section", "id"],
                condition=Q(decision=None),
                name="review_line_undecided",
            ),
        ]

    @property
    def unused_since(self) -> date | None:
        """The day since when no use was seen; None where it was used, or uses were not counted."""
        return None if self.last_used_on else self.counted_since

    @property
    def is_long_unused(self) -> bool:
        """Whether LONG_UNUSED had passed without a use, in which uses were counted."""
        last_day = self.last_used_on or self.counted_since
        if self.kind in (ItemKind.ROLE, ItemKind.OWNER) or last_day is None:
            return False
        return last_day <= self.review.begun_at.date() - LONG_UNUSED

    @property
    def is_recent(self) -> bool:
        """Whether the access was given less than RECENT before the review began."""
        return self.granted_at is not None and self.granted_at > self.review.begun_at - RECENT

    @property
    def place(self) -> str:
        """The object of the access: “alder.example”, “Domains portal”, “every domain”."""
        if self.privilege is None or self.resource is None:
            return self.resource_name
        return self.privilege.resource_type.name_of(self.resource)

    @property
    def phrase(self) -> str:
        """The access as a verb phrase: “renew alder.example”."""
        return self.privilege.phrase(self.place) if self.privilege else self.label

    def concerns(self, person: User) -> bool:
        """Return whether it is this person's own grant or role."""
        return self.membership is not None and self.membership.user_id == person.pk
