"""`user.has_perm("portals.<portal>.<type>.<privilege>", resource)`, answered by the one decision."""

from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import Model
from guardian.backends import ObjectPermissionBackend

from portals.choices import Reason
from portals.decision import decide
from portals.models import Privilege, Resource


class GrantBackend(ObjectPermissionBackend):
    """guardian's backend, with our decision in place of its row look-up."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Whether the person may, to this resource. Without an object: never (rule 5)."""
        if not isinstance(obj, Resource) or not user_obj.is_authenticated:
            return False
        app, _, rest = perm.partition(".")
        portal, _, codename = rest.partition(".")
        if app != "portals" or portal != obj.subscription.portal.slug:
            return False
        return decide(user_obj, codename, obj) != Reason.NOT_ALLOWED

    async def ahas_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """The same answer from async code (guardian's own is a plain no)."""
        return await sync_to_async(self.has_perm)(user_obj, perm, obj)

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """The permissions this person has on this resource, as `has_perm` takes them."""
        if not isinstance(obj, Resource) or not user_obj.is_authenticated:
            return set()
        portal = obj.subscription.portal
        privileges = Privilege.objects.filter(resource_type=obj.resource_type_id)
        return {
            f"portals.{portal.slug}.{privilege.codename}"
            for privilege in privileges
            if decide(user_obj, privilege.codename, obj) != Reason.NOT_ALLOWED
        }

    async def aget_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """The same from async code."""
        return await sync_to_async(self.get_all_permissions)(user_obj, obj)

    def get_group_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """None: a carrier group by itself gives nothing."""
        return set()
