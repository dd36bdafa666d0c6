"""The last day on which somebody used a privilege; access reviews make suggestions from it."""

from django.conf import settings
from django.db import models

from portals.models.manifest import Privilege
from portals.models.resources import Resource


class PrivilegeUse(models.Model):
    """The last day on which a portal's check of this person and privilege was allowed."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    privilege = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "resource", "privilege"], name="privilege_use_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.privilege_id} on {self.resource_id}, {self.day}"
