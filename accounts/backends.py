"""Read the person of a session, and whether they still need a second factor, in one query."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from accounts.selectors.factors import person_with_factor_state


class PersonBackend(AuthenticationBackend):
    """allauth's backend; every request needs the second factor's state, so one query reads both."""

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session; None for a closed account."""
        person = person_with_factor_state(user_id)
        return person if person is not None and self.user_can_authenticate(person) else None
