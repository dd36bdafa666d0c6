"""The example people whom the demo's sign-in page offers at one click."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.choices import Role
from accounts.models import Membership, User

MAX_PEOPLE = 10


@dataclass(frozen=True)
class ExamplePerson:
    """An example person and a short description, for one button of the sign-in page."""

    user: User
    description: str


def example_users() -> list[User]:
    """Return the first people with an `.example` address, which no real person can have.

    Those who have left their company are not among them.
    """
    members = Membership.objects.live().filter(user=OuterRef("pk"))
    people = User.objects.filter(
        Q(is_staff=True) | Exists(members), is_active=True, email__endswith=".example"
    )
    return list(people.order_by("pk").prefetch_related("groups")[:MAX_PEOPLE])


def example_people() -> list[ExamplePerson]:
    """Return the example people with their role, members before staff, oldest account first."""
    users = example_users()
    descriptions: dict[int, str] = {}
    memberships = Membership.objects.live().filter(user__in=users).select_related("customer")
    for membership in memberships.order_by("pk"):
        descriptions.setdefault(
            membership.user_id,
            _("%(role)s, %(customer)s")
            % {"role": Role(membership.role).label, "customer": membership.customer.name},
        )
    people = [
        ExamplePerson(user, descriptions.get(user.pk) or _staff_description(user)) for user in users
    ]
    return sorted(people, key=lambda person: person.user.is_staff)


def _staff_description(user: User) -> str:
    groups = ", ".join(group.name for group in user.groups.all())
    return _("Provider's staff: %(groups)s") % {"groups": groups} if groups else user.email
