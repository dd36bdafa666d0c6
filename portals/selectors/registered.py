"""Who may open a portal: registration, asked for a whole customer."""

from django.db.models import QuerySet

from accounts.models import User
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE
from portals.decision import people_who_may
from portals.models import Privilege, Subscription


def registered_for(subscription: Subscription) -> QuerySet[User]:
    """Everyone who may open this portal through this subscription, by the one decision."""
    root = subscription.resources.get(resource_type__code=ROOT_TYPE)
    privilege = Privilege.objects.get(resource_type=root.resource_type_id, code=OPEN_PRIVILEGE)
    return people_who_may(privilege, root)
