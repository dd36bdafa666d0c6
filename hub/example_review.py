"""Alder's access review: rights of long standing, some in daily use and some forgotten."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Customer, User
from portals.models import PersonGrant, Portal, Privilege, Resource, TeamGrant
from portals.services.reviews import begin_review
from portals.services.uses import SECONDS_PER_DAY, save_uses

LONG_AGO = timedelta(days=210)
COUNTED = ("domains", "ticketing", "webmail")  # the usage statistics have never asked the hub
USED = [  # who, portal, privilege, thing, how many days ago
    ("bob", "webmail", "mailbox.read", "bob@alder.example", 1),
    ("emma", "webmail", "mailbox.read", "emma@alder.example", 2),
    ("emma", "webmail", "mailbox.send", "info@alder.example", 5),
    ("bob", "ticketing", "queue.open", "alder-hosting", 130),
    ("emma", "ticketing", "queue.reply", "alder-email", 12),
]


def load_review(*, actor: User, customer: Customer) -> None:
    """Let the rights be old, remember some uses, and begin a review."""
    now = timezone.now()
    for rows in (PersonGrant, TeamGrant):
        rows.objects.filter(content_object__subscription__customer=customer).update(
            granted_at=now - LONG_AGO
        )
    today = int(now.timestamp() // SECONDS_PER_DAY)
    save_uses([(_use(*access_request), today - ago) for *access_request, ago in USED])
    Portal.objects.filter(slug__in=COUNTED).update(uses_since=(now - LONG_AGO).date())
    begin_review(actor=actor, customer=customer)


def _use(first: str, portal: str, codename: str, external_id: str) -> str:
    user = User.objects.get(email=f"{first}@alder.example")
    privilege = Privilege.objects.get(portal__slug=portal, codename=codename)
    resource = Resource.objects.get(
        resource_type=privilege.resource_type_id, external_id=external_id
    )
    return f"{user.pk} {resource.pk} {privilege.pk}"
