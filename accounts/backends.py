"""Read the person of a session with their need of a second factor, and their permissions."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from accounts.selectors.factors import person_with_factor_state


class PersonBackend(AuthenticationBackend):
    """allauth's backend; every request needs the second factor's state, so one query reads both."""

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session; None for a closed account."""
        person = person_with_factor_state(user_id)
        return person if person is not None and self.user_can_authenticate(person) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return a person's own permissions and their groups', by one query; Django asks two."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            own, of_groups = (
                permissions.order_by().values_list("content_type__app_label", "codename")
                for permissions in (
                    self._get_user_permissions(user_obj),
                    self._get_group_permissions(user_obj),
                )
            )
            user_obj._perm_cache = {f"{app}.{name}" for app, name in own.union(of_groups)}
        found: set[str] = user_obj._perm_cache
        return found
