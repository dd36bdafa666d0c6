"""`user.has_perm("portals.<portal>.<type>.<privilege>", resource)`, by the one decision."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from guardian.backends import ObjectPermissionBackend

from portals.choices import Reason
from portals.decision import decide, privileges_one_has
from portals.models import Resource


class GrantBackend(ObjectPermissionBackend):
    """guardian's backend, with our decision in place of its row look-up."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Whether the person may, to this resource.

        Raises PermissionDenied, which is Django's final no, for a privilege asked about without
        a resource: it never authorises anything (security.md section 2, 5), whatever model
        permission of that name someone may hold.
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
        """The same answer from async code (guardian's own is a plain no)."""
        return await sync_to_async(self.has_perm)(user_obj, perm, obj)

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """The permissions this person has on this resource, as `has_perm` takes them."""
        if not isinstance(obj, Resource) or not user_obj.is_authenticated:
            return set()
        rows = privileges_one_has(user_obj, obj).order_by().values_list("portal__slug", "codename")
        return {f"portals.{portal}.{codename}" for portal, codename in rows}

    async def aget_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """The same from async code."""
        return await sync_to_async(self.get_all_permissions)(user_obj, obj)

    def get_group_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """None: a carrier group by itself gives nothing."""
        return set()
