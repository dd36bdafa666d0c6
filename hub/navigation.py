"""The navigation: a person's own pages, those of their customers and, for staff, the provider's."""

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

# The links of these pages show how many items wait there.
REQUESTS, COMPANY = "accounts:requests", "accounts:company"
EXPIRING_ACCESS, PROVIDER_REQUESTS = "portals:expiring-access", "portals:provider-requests"
REVIEWS = "portals:reviews"
NONE_WAITING: Mapping[str, int] = {}
MAX_CUSTOMERS = 12  # the home page has the others


@dataclass(frozen=True)
class Link:
    """A link of the navigation; `icon` is a lucide name, `current` an aria-current value."""

    label: str | Promise
    icon: str
    url: str
    current: str = ""
    waiting: int = 0  # items on that page that wait for this person


@dataclass(frozen=True)
class Section:
    """Links under one title; the person's own section has none."""

    title: str | Promise
    links: list[Link] = field(default_factory=list)
    is_open: bool = True


OWN_ENTRIES: list[Entry] = [
    (_("Home"), "layout-grid", "home"),
    (_("Mail preferences"), "mail-check", "preferences:centre"),
    (_("Profile"), "circle-user-round", "accounts:profile"),
]
CUSTOMER_ENTRIES: list[Entry] = [
    (_("People"), "users-round", "portals:people"),
    (_("Teams"), "users", "accounts:teams"),
    (_("Resources"), "boxes", "portals:resource-list"),
    (_("Requests"), "inbox", REQUESTS),
    (_("Ending soon"), "timer", EXPIRING_ACCESS),
    (_("Reviews"), "list-checks", REVIEWS),
    (_("Activity"), "history", "accounts:activity"),
    (_("Company"), "building-2", COMPANY),
]
STAFF_ENTRIES: dict[str, Entry] = {  # by the codename of the permission it needs
    "use_desk": (_("Support desk"), "life-buoy", "accounts:desk"),
    "use_provider": (_("Customers"), "briefcase", "accounts:provider"),
    "view_accessrequest": (_("Requests"), "inbox", PROVIDER_REQUESTS),
    "view_campaign": (_("Messages"), "send", "preferences:campaigns"),
    "view_topic": (_("Topics"), "newspaper", "preferences:topics"),
    "view_noticeclass": (_("Notice classes"), "megaphone", "preferences:notice-classes"),
    "view_consentrecord": (_("Mail evidence"), "file-check", "preferences:evidence"),
    "view_escalation": (_("Not reached"), "mail-warning", "preferences:unreachable"),
}


def sections_for(person: User, path: str) -> list[Section]:
    """Return the navigation of this person, with the section of the customer in `path` open.

    It takes one query for customers, and two more for staff.
    """
    sections = [Section("", _links(OWN_ENTRIES, path))]
    if person.is_staff and (links := _staff_links(person, path)):
        sections.append(Section(_("Provider"), links))
    memberships = _managing_memberships(person)
    for membership in memberships:
        slug = membership.customer.slug
        sections.append(
            Section(
                membership.customer.name,
                _links(CUSTOMER_ENTRIES, path, slug, waiting=_waiting_counts(membership)),
                is_open=len(memberships) == 1 or path.startswith(f"/c/{slug}/"),
            )
        )
    return sections


def _waiting_counts(membership: Any) -> dict[str, int]:
    return {
        REQUESTS: membership.open_requests,
        EXPIRING_ACCESS: membership.expiring_grants,
        REVIEWS: membership.undecided_items,
        COMPANY: int(membership.has_hand_over),
    }


def _managing_memberships(person: User) -> list[Any]:
    """Return the person's memberships as Super User, each with what waits for them.

    `open_requests`, `expiring_grants` and `undecided_items` of an open review are counts;
    `has_hand_over` says whether the main role is offered to them.
    """
    open_requests = (
        AccessRequest.objects.open()
        .filter(customer=OuterRef("customer"))
        .exclude(membership=OuterRef("pk"))
        .exclude(kind__in=ASKED_OF_PROVIDER)
        .order_by()
        .values("customer")
        .annotate(count=Count("pk"))
    )
    undecided_items = (
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
            open_requests=Coalesce(Subquery(open_requests.values("count")), 0),
            expiring_grants=expiring_grant_count(of="customer"),
            undecided_items=Coalesce(Subquery(undecided_items), 0),
            has_hand_over=Exists(HandOver.objects.waiting().filter(receiver=OuterRef("pk"))),
        )
        .order_by("customer__name", "pk")[:MAX_CUSTOMERS]
    )


def _staff_links(person: User, path: str) -> list[Link]:
    permissions = set(
        Permission.objects.filter(
            Q(group__user=person) | Q(user=person),
            content_type__app_label__in=["accounts", "preferences"],
            codename__in=[*STAFF_ENTRIES, "change_customer"],
        ).values_list("codename", flat=True)
    )
    waiting = {}
    if "view_accessrequest" in permissions:
        open_requests = AccessRequest.objects.open().with_provider()
        if "change_customer" not in permissions:  # others answer requests for services
            open_requests = open_requests.exclude(kind__in=ASKED_OF_PROVIDER)
        waiting[PROVIDER_REQUESTS] = open_requests.count()
    entries = [entry for codename, entry in STAFF_ENTRIES.items() if codename in permissions]
    return _links(entries, path, waiting=waiting)


def _links(
    entries: Sequence[Entry], path: str, *args: str, waiting: Mapping[str, int] = NONE_WAITING
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
