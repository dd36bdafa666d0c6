"""Tenure: the company that had a resource, from when until when.

A resource has no history of its own: it ends for good, or its id begins anew in another company.
Who asks about its past needs to know whose it was on each day (L37).
"""

from django.db import models
from django.db.models import Q

from accounts.models import Customer
from accounts.triggers import effect, refuse
from portals.models.manifest import Portal

# A tenure of the resource in a row of portals_resource, OLD or NEW.
_OF = """external_id = {row}.external_id AND EXISTS (
    SELECT 1 FROM portals_resourcetype t WHERE t.id = {row}.resource_type_id
      AND t.portal_id = portals_resourcetenure.portal_id
      AND t.code = portals_resourcetenure.type_code)"""
_CLOSE = f"UPDATE portals_resourcetenure SET ended_at = {{moment}} WHERE ended_at IS NULL AND {_OF}"  # noqa: S608
_OPEN = """INSERT INTO portals_resourcetenure
    (portal_id, type_code, external_id, customer_id, started_at)
    SELECT s.portal_id, t.code, NEW.external_id, s.customer_id, NEW.held_since
    FROM portals_subscription s JOIN portals_resourcetype t ON t.id = NEW.resource_type_id
    WHERE s.id = NEW.subscription_id"""
_PRESENT = """EXISTS (
    SELECT 1 FROM portals_resource r
    JOIN portals_resourcetype t ON t.id = r.resource_type_id
    JOIN portals_subscription s ON s.id = r.subscription_id
    WHERE t.portal_id = NEW.portal_id AND t.code = NEW.type_code
      AND r.external_id = NEW.external_id AND s.customer_id = NEW.customer_id
      AND r.removed_at IS NULL AND r.held_since = NEW.started_at)"""
# Only a resource deleted past every service has no moment of its removal.
_NOW = "CASE WHEN started_at > CURRENT_TIMESTAMP THEN started_at ELSE CURRENT_TIMESTAMP END"


class ResourceTenure(models.Model):
    """A time in which a company had a resource; only triggers write this table.

    It names the resource by its portal's own words, because it outlives the resource and its type.
    The subscription itself, the root of a company's resources, has no tenure.
    """

    portal = models.ForeignKey(
        Portal, on_delete=models.PROTECT, related_name="tenures", db_index=False
    )
    type_code = models.CharField(max_length=100)
    external_id = models.CharField(max_length=255)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="tenures", db_index=False
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["portal", "type_code", "external_id"],
                condition=Q(ended_at=None),
                name="resource_held_by_one_company",
            ),
            *refuse(
                "tenure_follows_its_resource",
                table="portals_resourcetenure",
                when={
                    "INSERT": f"NEW.ended_at IS NOT NULL OR NOT {_PRESENT}",
                    "UPDATE": "NEW.portal_id <> OLD.portal_id OR NEW.type_code <> OLD.type_code"
                    " OR NEW.external_id <> OLD.external_id OR NEW.customer_id <> OLD.customer_id"
                    " OR NEW.started_at <> OLD.started_at"
                    f" OR (NEW.ended_at IS NULL AND NOT {_PRESENT})"
                    f" OR (NEW.ended_at IS NOT NULL AND {_PRESENT})",
                    "DELETE": "TRUE",
                },
                message="a tenure is written with its resource alone",
                no_truncate=True,
            ),
            *refuse(
                "held_since_goes_with_the_id",
                table="portals_resource",
                when={
                    "UPDATE": "(NEW.external_id <> OLD.external_id)"
                    " <> (NEW.held_since <> OLD.held_since)"
                },
                message="a resource is held anew with a new id, and only then",
            ),
            effect(
                "tenure_begins",
                table="portals_resource",
                event="INSERT",
                when="NEW.parent_id IS NOT NULL AND NEW.removed_at IS NULL",
                statements=[_OPEN],
            ),
            effect(
                "tenure_ends_with_the_id",
                table="portals_resource",
                event="UPDATE",
                when="NEW.external_id <> OLD.external_id AND NEW.removed_at IS NULL",
                statements=[_CLOSE.format(moment="NEW.held_since", row="OLD"), _OPEN],
            ),
            effect(
                "tenure_ends_at_removal",
                table="portals_resource",
                event="UPDATE",
                when="NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL",
                statements=[_CLOSE.format(moment="NEW.removed_at", row="OLD")],
            ),
            # What comes back within seven days was never gone.
            effect(
                "tenure_goes_on",
                table="portals_resource",
                event="UPDATE",
                when="NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL",
                statements=[
                    "UPDATE portals_resourcetenure SET ended_at = NULL"  # noqa: S608
                    " WHERE ended_at = OLD.removed_at AND started_at = NEW.held_since"
                    f" AND {_OF.format(row='NEW')}"
                ],
            ),
            effect(
                "tenure_ends_at_deletion",
                table="portals_resource",
                event="DELETE",
                when="OLD.removed_at IS NULL",
                statements=[_CLOSE.format(moment=_NOW, row="OLD")],
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "started_at"], name="tenure_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} of {self.customer_id} since {self.started_at:%Y-%m-%d}"
