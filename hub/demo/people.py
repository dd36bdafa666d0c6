"""Who may be signed in as at one click, and who they are."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.choices import Role
from accounts.models import Membership, User

SHOWN = 12


@dataclass(frozen=True)
class ExamplePerson:
    """One button of the sign-in page."""

    user: User
    description: str


def example_users() -> list[User]:
    """The first people of the database whose address can belong to no real person (`.example`)."""
    people = User.objects.filter(is_active=True, email__endswith=".example")
    return list(people.order_by("pk").prefetch_related("groups")[:SHOWN])


def example_people() -> list[ExamplePerson]:
    """They and their place, members first, in the order in which they came."""
    users = example_users()
    places: dict[int, str] = {}
    memberships = Membership.objects.live().filter(user__in=users).select_related("customer")
    for membership in memberships.order_by("pk"):
        places.setdefault(
            membership.user_id,
            _("%(role)s, %(customer)s")
            % {"role": Role(membership.role).label, "customer": membership.customer.name},
        )
    people = [ExamplePerson(user, places.get(user.pk) or _provider_place(user)) for user in users]
    return sorted(people, key=lambda person: person.user.is_staff)


def _provider_place(user: User) -> str:
    groups = ", ".join(group.name for group in user.groups.all())
    return _("Provider's staff: %(groups)s") % {"groups": groups} if groups else user.email
