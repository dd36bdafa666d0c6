"""Subscriptions, the resources below them, and the ancestors of each resource."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import Role
from accounts.models import Customer, User
from accounts.models.customers import Membership
from accounts.models.search import SearchEntry, SearchKeyField, SearchWordsField, matching
from accounts.triggers import effect, refuse, search_entries
from accounts.validators import validate_plain_text
from portals.choices import SubscriptionStatus
from portals.models.manifest import Portal, ResourceType

KEPT_FOR = timedelta(days=7)  # how long a removed resource can come back with its access


class Subscription(models.Model):
    """A customer's use of one portal; its root resource is the top of the customer's tree there."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    portal = models.ForeignKey(Portal, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(
        max_length=10, choices=SubscriptionStatus, default=SubscriptionStatus.ACTIVE
    )
    started_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["portal"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "portal"], name="subscribed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} / {self.portal}"


class ResourceQuerySet(models.QuerySet["Resource"]):
    """Resources that a person may see, and searches."""

    def visible_to(
        self, user: User | Combinable, now: datetime | Combinable | None = None
    ) -> "ResourceQuerySet":
        """Return the resources of the customers in which this person is a live Super User.

        Everybody else sees the resources they have access to on their own page, and no others.
        """
        return self.filter(
            subscription__customer__in=Membership.objects.live(now)
            .filter(user=user, user__is_active=True, role=Role.SUPER_USER)
            .values("customer_id")
        )

    def matching(self, text: str, *, customer: Customer) -> "ResourceQuerySet":
        """Return those of a customer found by the words of a text, of name and id."""
        return matching(self.filter(subscription__customer=customer), text, customer=customer)

    def removed_for_good(self, now: datetime | None = None) -> "ResourceQuerySet":
        """Return the removed resources whose time to come back is over."""
        return self.filter(removed_at__lte=(now or timezone.now()) - KEPT_FOR)


_Resources = models.Manager.from_queryset(ResourceQuerySet)


class ResourceManager(_Resources):
    """The resources that exist, without those that their portal removed."""

    def get_queryset(self) -> Any:
        """Leave out removed resources."""
        return super().get_queryset().filter(removed_at=None)


_FOREIGN_PARENT = """NEW.parent_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM portals_resource p JOIN portals_resourcetype t ON t.id = NEW.resource_type_id
    WHERE p.id = NEW.parent_id AND p.subscription_id = NEW.subscription_id
      AND p.resource_type_id = t.parent_id)"""
_ORPHAN = """NEW.parent_id IS NULL AND EXISTS (
    SELECT 1 FROM portals_resourcetype t WHERE t.id = NEW.resource_type_id
      AND t.parent_id IS NOT NULL)"""
_FOREIGN_TYPE = """NOT EXISTS (
    SELECT 1 FROM portals_resourcetype t JOIN portals_subscription s ON s.portal_id = t.portal_id
    WHERE t.id = NEW.resource_type_id AND s.id = NEW.subscription_id)"""
_BELOW_REMOVED = """NEW.removed_at IS NULL AND EXISTS (
    SELECT 1 FROM portals_resource p WHERE p.id = NEW.parent_id AND p.removed_at IS NOT NULL)"""
_MISPLACED = f"({_FOREIGN_PARENT}) OR ({_ORPHAN}) OR ({_FOREIGN_TYPE})"
# An owner is a present member of the resource's customer. On PostgreSQL the row is locked first, so
# that a membership never ends between this check and the commit.
_FOREIGN_OWNER = """NEW.owner_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_membership m JOIN portals_subscription s ON s.customer_id = m.customer_id
    WHERE m.id = NEW.owner_id AND s.id = NEW.subscription_id AND m.ended_at IS NULL)"""
_LOCK_OWNER = """IF NEW.owner_id IS NOT NULL THEN
    PERFORM 1 FROM accounts_membership WHERE id = NEW.owner_id FOR SHARE; END IF;"""
_BELOW = "SELECT b.resource_id FROM portals_resourceancestor b WHERE b.ancestor_id = NEW.id"


class Resource(models.Model):
    """A mailbox, a domain, a queue…, known by its portal's own id.

    What its portal removed keeps its row and its grants for KEPT_FOR, hidden and powerless: the
    default managers of resources and grants leave it out, and the decision says no.
    """

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="resources"
    )
    resource_type = models.ForeignKey(
        ResourceType, on_delete=models.PROTECT, related_name="resources"
    )
    external_id = models.CharField(max_length=255, validators=[validate_plain_text])
    name = models.CharField(_("name"), max_length=255, validators=[validate_plain_text])
    owner = models.ForeignKey(
        Membership,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="owned_resources",
        db_index=False,
        help_text=_("Owner reported by the portal. Empty for a shared resource."),
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )

    search_name = SearchKeyField(of="name", max_length=600)
    search_words = SearchWordsField(of=("name", "external_id"))
    held_since = models.DateTimeField(
        default=timezone.now,
        editable=False,
        help_text=_("Time from which the company has it under this ID."),
    )
    removed_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text=_("Time when the portal removed it, with the resources inside."),
    )

    objects = ResourceManager()
    with_removed = ResourceQuerySet.as_manager()

    class Meta:
        ordering = ["resource_type", "name", "pk"]
        default_permissions = ()  # its permissions are the privileges of the manifests
        constraints = [
            models.UniqueConstraint(
                fields=["resource_type", "external_id"], name="resource_once_in_its_portal"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(parent__isnull=False), name="root_is_not_removed"
            ),
            *refuse(
                "resource_below_a_removed_one",
                table="portals_resource",
                when={"INSERT": _BELOW_REMOVED, "UPDATE": _BELOW_REMOVED},
                message="nothing stands below a resource that its portal removed",
            ),
            effect(
                "resource_removed_with_all_below",
                table="portals_resource",
                event="UPDATE",
                when="NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL AND EXISTS ("
                "SELECT 1 FROM portals_resource c WHERE c.parent_id = NEW.id)",
                statements=[
                    "UPDATE portals_resource SET removed_at = NEW.removed_at"  # noqa: S608
                    f" WHERE removed_at IS NULL AND id IN ({_BELOW})"
                ],
            ),
            *refuse(
                "resource_in_its_tree",
                table="portals_resource",
                when={"INSERT": _MISPLACED, "UPDATE": _MISPLACED},
                message="a resource stands below a parent of its own portal and customer",
            ),
            *refuse(
                "resource_keeps_its_place",
                table="portals_resource",
                when={
                    "UPDATE": "NEW.subscription_id <> OLD.subscription_id"
                    " OR NEW.resource_type_id <> OLD.resource_type_id"
                },
                message="a resource never moves to another customer, portal or type",
            ),
            *refuse(
                "owner_is_a_member",
                table="portals_resource",
                when={"INSERT": _FOREIGN_OWNER, "UPDATE": _FOREIGN_OWNER},
                message="the owner of a resource is a present member of its customer",
                postgresql_first=_LOCK_OWNER,
            ),
            effect(
                "ownership_ends_with_membership",
                table="accounts_membership",
                event="UPDATE",
                when="NEW.ended_at IS NOT NULL",
                statements=["UPDATE portals_resource SET owner_id = NULL WHERE owner_id = NEW.id"],
            ),
            effect(
                "resource_ancestors_of_new",
                table="portals_resource",
                event="INSERT",
                statements=[
                    "INSERT INTO portals_resourceancestor (resource_id, ancestor_id)"
                    " SELECT NEW.id, a.ancestor_id FROM portals_resourceancestor a"
                    " WHERE a.resource_id = NEW.parent_id",
                    "INSERT INTO portals_resourceancestor (resource_id, ancestor_id)"
                    " VALUES (NEW.id, NEW.id)",
                ],
            ),
            # The types of a portal form a tree (manifest): a parent is never among the descendants.
            effect(
                "resource_ancestors_of_moved",
                table="portals_resource",
                event="UPDATE",
                when="COALESCE(NEW.parent_id, 0) <> COALESCE(OLD.parent_id, 0)",
                statements=[
                    f"DELETE FROM portals_resourceancestor WHERE resource_id IN ({_BELOW})"  # noqa: S608
                    f" AND ancestor_id NOT IN ({_BELOW})",
                    "INSERT INTO portals_resourceancestor (resource_id, ancestor_id)"
                    " SELECT d.resource_id, a.ancestor_id"
                    " FROM portals_resourceancestor d CROSS JOIN portals_resourceancestor a"
                    " WHERE d.ancestor_id = NEW.id AND a.resource_id = NEW.parent_id",
                ],
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscription", "resource_type", "name", "id"], name="resource_by_name"
            ),
            models.Index(
                fields=["removed_at"],
                condition=Q(removed_at__isnull=False),
                name="resource_by_removal",
            ),
            models.Index(
                fields=["owner"], condition=Q(owner__isnull=False), name="resource_by_owner"
            ),
            models.Index(fields=["subscription"], condition=Q(parent=None), name="resource_root"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def comes_back_until(self) -> datetime | None:
        """Until when a removed resource comes back with its access if its portal reports it."""
        return self.removed_at and self.removed_at + KEPT_FOR


class ResourceSearchEntry(SearchEntry):
    """A word by which a resource is found within a customer."""

    row = models.ForeignKey(
        Resource, on_delete=models.DO_NOTHING, related_name="search_entries", db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            *search_entries(
                "portals_resource",
                entries="portals_resourcesearchentry",
                scope={
                    "customer_id": "(SELECT s.customer_id FROM portals_subscription s"
                    " WHERE s.id = NEW.subscription_id)"
                },
            )
        ]
        indexes = [
            models.Index(fields=["customer", "entry", "row"], name="resource_by_word"),
            models.Index(fields=["row", "entry"], name="words_of_resource"),
        ]


class ResourceAncestor(models.Model):
    """A resource and itself, or one above it; only triggers write this table."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="ancestors")
    ancestor = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="descendants")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "ancestor"], name="ancestor_once"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} below {self.ancestor_id}"
