"""The people of a customer who may open a portal."""

from django.db.models import QuerySet

from accounts.models import User
from portals.choices import OPEN_PRIVILEGE
from portals.decision import permitted_people
from portals.models import Privilege, Subscription


def registered_for(subscription: Subscription) -> QuerySet[User]:
    """Return everybody who may open the portal through this subscription, by the decision."""
    root = subscription.resources.get(parent=None)
    privilege = Privilege.objects.get(resource_type=root.resource_type_id, code=OPEN_PRIVILEGE)
    return permitted_people(privilege, root)
