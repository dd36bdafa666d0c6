"""Alder's access review: old grants, some of them in use and some forgotten."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Customer, User
from portals.models import PersonGrant, Portal, Privilege, Resource, TeamGrant
from portals.services.reviews import begin_review
from portals.services.uses import SECONDS_PER_DAY, save_uses

GRANT_AGE = timedelta(days=210)
PORTALS_WITH_USES = ("domains", "ticketing", "webmail")  # the statistics portal never checked
USES = [  # person, portal, privilege, resource, days ago
    ("bob", "webmail", "mailbox.read", "bob@alder.example", 1),
    ("emma", "webmail", "mailbox.read", "emma@alder.example", 2),
    ("emma", "webmail", "mailbox.send", "info@alder.example", 5),
    ("bob", "ticketing", "queue.open", "alder-hosting", 130),
    ("emma", "ticketing", "queue.reply", "alder-email", 12),
]


def load_review(*, actor: User, customer: Customer) -> None:
    """Backdate the grants, record some uses and begin a review."""
    now = timezone.now()
    for model in (PersonGrant, TeamGrant):
        model.objects.filter(content_object__subscription__customer=customer).update(
            granted_at=now - GRANT_AGE
        )
    today = int(now.timestamp() // SECONDS_PER_DAY)
    save_uses([(_use(*use), today - days_ago) for *use, days_ago in USES])
    Portal.objects.filter(slug__in=PORTALS_WITH_USES).update(uses_since=(now - GRANT_AGE).date())
    begin_review(actor=actor, customer=customer)


def _use(first: str, portal: str, codename: str, external_id: str) -> str:
    user = User.objects.get(email=f"{first}@alder.example")
    privilege = Privilege.objects.get(portal__slug=portal, codename=codename)
    resource = Resource.objects.get(
        resource_type=privilege.resource_type_id, external_id=external_id
    )
    return f"{user.pk} {resource.pk} {privilege.pk}"
