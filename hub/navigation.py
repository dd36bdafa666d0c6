"""Where a person can go: their own pages, their customers' and, for staff, the provider's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices import ASKED_OF_PROVIDER, CustomerStatus, Role
from accounts.models import AccessRequest, HandOver, Membership, User
from portals.models import AccessReview
from portals.selectors.grant_expiry import expiring_grant_count

Entry = tuple[str | Promise, str, str]  # label, icon, URL name

# Their links tell how many wait; that of the reviews while one is open.
REQUESTS, COMPANY = "accounts:requests", "accounts:company"
ENDING, PROVIDER_REQUESTS = "portals:ending", "portals:provider-requests"
REVIEWS = "portals:reviews"
NOTHING: Mapping[str, int] = {}
MOST_CUSTOMERS = 12  # who belongs to more finds the others on the home page


@dataclass(frozen=True)
class Link:
    """One line of the navigation; `icon` is a lucide name, `current` an aria-current value."""

    label: str | Promise
    icon: str
    url: str
    current: str = ""
    waiting: int = 0  # how many things there wait for this person


@dataclass(frozen=True)
class Section:
    """Links under one title; the person's own section has none."""

    title: str | Promise
    links: list[Link] = field(default_factory=list)
    is_open: bool = True


OWN: list[Entry] = [
    (_("Home"), "layout-grid", "home"),
    (_("Mail preferences"), "mail-check", "preferences:centre"),
    (_("Profile"), "circle-user-round", "accounts:profile"),
]
OF_CUSTOMER: list[Entry] = [
    (_("People"), "users-round", "portals:people"),
    (_("Teams"), "users", "accounts:teams"),
    (_("Resources"), "boxes", "portals:resource-list"),
    (_("Requests"), "inbox", REQUESTS),
    (_("Ending soon"), "timer", ENDING),
    (_("Reviews"), "list-checks", REVIEWS),
    (_("Activity"), "history", "accounts:activity"),
    (_("Company"), "building-2", COMPANY),
]
OF_STAFF: dict[str, Entry] = {
    "use_desk": (_("Support desk"), "life-buoy", "accounts:desk"),
    "use_provider": (_("Customers"), "briefcase", "accounts:provider"),
    "view_accessrequest": (_("Requests"), "inbox", PROVIDER_REQUESTS),
    "view_campaign": (_("Messages"), "send", "preferences:campaigns"),
    "view_topic": (_("Topics"), "newspaper", "preferences:topics"),
    "view_noticeclass": (_("Notice classes"), "megaphone", "preferences:classes"),
    "view_consentrecord": (_("Mail evidence"), "file-check", "preferences:evidence"),
    "view_escalation": (_("Not reached"), "mail-warning", "preferences:unreachable"),
}


def sections_for(person: User, path: str) -> list[Section]:
    """The navigation of this person, with the customer that `path` is about unfolded.

    One query for customers; two more for staff.
    """
    sections = [Section("", _links(OWN, path))]
    if person.is_staff and (links := _staff_links(person, path)):
        sections.append(Section(_("Provider"), links))
    customers = _run_by(person)
    for membership in customers:
        slug = membership.customer.slug
        sections.append(
            Section(
                membership.customer.name,
                _links(OF_CUSTOMER, path, slug, waiting=_waiting(membership)),
                is_open=len(customers) == 1 or path.startswith(f"/c/{slug}/"),
            )
        )
    return sections


def _waiting(membership: Any) -> dict[str, int]:
    return {
        REQUESTS: membership.waiting,
        ENDING: membership.ending,
        REVIEWS: membership.to_review,
        COMPANY: int(membership.offered),
    }


def _run_by(person: User) -> list[Any]:
    """Memberships as Super User, each with what waits for this person: `waiting`, the requests
    to answer, `ending`, the rights that end within days, `offered`, the main role, and `to_review`,
    the rights an open review still asks about.
    """
    waiting = (
        AccessRequest.objects.open()
        .filter(customer=OuterRef("customer"))
        .exclude(membership=OuterRef("pk"))
        .exclude(kind__in=ASKED_OF_PROVIDER)
        .order_by()
        .values("customer")
        .annotate(count=Count("pk"))
    )
    to_review = (
        AccessReview.objects.open()
        .filter(customer=OuterRef("customer"))
        .values(left=F("total") - F("kept") - F("reduced") - F("removed") - F("overtaken"))
    )
    return list(
        Membership.objects.live()
        .filter(
            user=person,
            role=Role.SUPER_USER,
            customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED],
        )
        .select_related("customer")
        .annotate(
            waiting=Coalesce(Subquery(waiting.values("count")), 0),
            ending=expiring_grant_count(of="customer"),
            to_review=Coalesce(Subquery(to_review), 0),
            offered=Exists(HandOver.objects.waiting().filter(receiver=OuterRef("pk"))),
        )
        .order_by("customer__name", "pk")[:MOST_CUSTOMERS]
    )


def _staff_links(person: User, path: str) -> list[Link]:
    held = set(
        Permission.objects.filter(
            Q(group__user=person) | Q(user=person),
            content_type__app_label__in=["accounts", "preferences"],
            codename__in=[*OF_STAFF, "change_customer"],
        ).values_list("codename", flat=True)
    )
    waiting = {}
    if "view_accessrequest" in held:
        theirs = AccessRequest.objects.open().with_provider()
        if "change_customer" not in held:  # services are for others to answer
            theirs = theirs.exclude(kind__in=ASKED_OF_PROVIDER)
        waiting[PROVIDER_REQUESTS] = theirs.count()
    entries = [entry for codename, entry in OF_STAFF.items() if codename in held]
    return _links(entries, path, waiting=waiting)


def _links(
    entries: Sequence[Entry], path: str, *args: str, waiting: Mapping[str, int] = NOTHING
) -> list[Link]:
    urls = [reverse(name, args=args) for _label, _icon, name in entries]
    nearest = max((url for url in urls if _current(path, url)), key=len, default="")
    return [
        Link(label, icon, url, _current(path, url) if url == nearest else "", waiting.get(name, 0))
        for (label, icon, name), url in zip(entries, urls, strict=True)
    ]


def _current(path: str, url: str) -> str:
    if path == url:
        return "page"
    return "true" if url != "/" and path.startswith(url) else ""
