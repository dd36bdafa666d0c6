"""Give the example's people what the real portals show, through the hub's own services.

Run by provider.py with the hub's environment. Bob may see one report, so that he can open all four
portals; Emma may change records but no name servers. Birch Logistics gets usage statistics too, to
be kept apart from Alder Dental. Rowan's address begins with the name of Request Tracker's
administrator.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
django.setup()

from django.utils import timezone  # noqa: E402 -- after the set-up

from accounts.models import Customer, User  # noqa: E402
from accounts.services.invitations import accept_invitation, invite_person  # noqa: E402
from hub.example import PASSWORD  # noqa: E402
from portals.models import Portal, Privilege, Resource  # noqa: E402
from portals.services.grants import GrantTerms, grant_privilege  # noqa: E402
from portals.services.subscriptions import subscribe_customer  # noqa: E402

GRANTS = (
    ("bob", "statistics", "subscription.open", "alder"),
    ("bob", "statistics", "usage_report.view", "alder-web"),
    ("emma", "domains", "subscription.open", "alder"),
    ("emma", "domains", "domain.manage_dns", "alder.example"),
)

ROWAN = "root@alder.example"

statistics = Portal.objects.get(slug="statistics")
alder = Customer.objects.get(slug="alder")
alice = User.objects.get(email="alice@alder.example")
invitation = invite_person(actor=alice, customer=alder, address=ROWAN, name="Rowan Otis")
accept_invitation(actor=None, token=invitation.token, name="Rowan Otis", password=PASSWORD)
subscribe_customer(
    actor=User.objects.get(email="olive@harbour.example"),
    customer=Customer.objects.get(slug="birch"),
    portal=statistics,
)
for name, portal, codename, external_id in GRANTS:
    grant_privilege(
        actor=alice,
        grantee=alder.memberships.get(user__email=f"{name}@alder.example"),
        privilege=Privilege.objects.get(portal__slug=portal, codename=codename),
        resource=Resource.objects.get(
            subscription__customer=alder,
            subscription__portal__slug=portal,
            resource_type__code=codename.split(".")[0],
            external_id=external_id,
        ),
        terms=GrantTerms(reason="Looks after the website"),
        signed_in_at=timezone.now(),
    )
