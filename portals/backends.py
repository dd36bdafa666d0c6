"""Answer `user.has_perm("portals.<portal>.<type>.<privilege>", resource)` by the decision."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from guardian.backends import ObjectPermissionBackend

from portals.choices import Reason
from portals.decision import decide, permitted_privileges
from portals.models import Resource


class GrantBackend(ObjectPermissionBackend):
    """guardian's backend, with the decision in place of its row look-up."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Return whether the person may do this to the resource.

        Without a resource, a privilege never authorises anything, even where somebody has a model
        permission of that name. It then raises PermissionDenied, which is Django's final no.
        """
        app, _, name = perm.partition(".")
        portal, dot, codename = name.partition(".")
        if app != "portals" or not dot:
            return False
        if obj is None:
            raise PermissionDenied
        if not isinstance(obj, Resource) or not user_obj.is_authenticated:
            return False
        return decide(user_obj, codename, obj, portal=portal) != Reason.NOT_ALLOWED

    async def ahas_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Return the same answer in async code, where guardian's own is always no."""
        return await sync_to_async(self.has_perm)(user_obj, perm, obj)

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return the person's permissions on a resource, as `has_perm` names them."""
        if not isinstance(obj, Resource) or not user_obj.is_authenticated:
            return set()
        rows = (
            permitted_privileges(user_obj, obj).order_by().values_list("portal__slug", "codename")
        )
        return {f"portals.{portal}.{codename}" for portal, codename in rows}

    async def aget_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return the same in async code."""
        return await sync_to_async(self.get_all_permissions)(user_obj, obj)

    def get_group_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return nothing: the group of a team gives no permission by itself."""
        return set()
