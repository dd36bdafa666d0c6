"""The navigation: a person's own pages, those of their companies and, for staff, the provider's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.addresses import address_of
from accounts.models import User
from hub.waiting import Waiting, waiting_for

Entry = tuple[str | Promise, str, str]  # label, icon, URL name

# The links of these pages show how many items wait there.
REQUESTS, COMPANY = "accounts:requests", "accounts:company"
EXPIRING_ACCESS, PROVIDER_REQUESTS = "portals:expiring-access", "portals:provider-requests"
REVIEWS = "portals:reviews"
MY_ACCESS = "my-access"  # of people in companies
NONE_WAITING: Mapping[str, int] = {}


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
    (_("My access"), "key-round", MY_ACCESS),
    (_("Email preferences"), "mail-check", "preferences:centre"),
    (_("Profile"), "circle-user-round", "accounts:profile"),
]
CUSTOMER_ENTRIES: list[Entry] = [
    (_("People"), "users-round", "portals:people"),
    (_("Teams"), "users", "accounts:teams"),
    (_("Resources"), "boxes", "portals:resource-list"),
    (_("Requests"), "inbox", REQUESTS),
    (_("Ending soon"), "timer", EXPIRING_ACCESS),
    (_("Access reviews"), "list-checks", REVIEWS),
    (_("Log requests"), "file-search", "compliance:log-requests"),
    (_("Activity log"), "history", "accounts:activity"),
    (_("Company"), "building-2", COMPANY),
]
STAFF_ENTRIES: dict[str, Entry] = {  # by the codename of the permission it needs
    "use_desk": (_("Support desk"), "life-buoy", "accounts:desk"),
    "use_provider": (_("Companies"), "briefcase", "accounts:provider"),
    "view_accessrequest": (_("Requests"), "inbox", PROVIDER_REQUESTS),
    "view_campaign": (_("Messages"), "send", "preferences:campaigns"),
    "view_topic": (_("Topics"), "newspaper", "preferences:topics"),
    "view_noticeclass": (_("Notice classes"), "megaphone", "preferences:notice-classes"),
    "view_consentrecord": (_("Email evidence"), "file-check", "preferences:evidence"),
    "view_privacyrequest": (_("Requests about data"), "shield-user", "compliance:privacy-requests"),
    "view_legalhold": (_("Legal holds"), "gavel", "compliance:legal-holds"),
    "view_retentionrun": (_("Retention"), "archive", "compliance:retention"),
    "view_logrequest": (_("Log requests"), "file-search", "compliance:provider-logs"),
    "view_escalation": (_("Bounced notices"), "mail-warning", "preferences:unreachable"),
    "view_referral": (_("Programmes"), "handshake", "compliance:referrals"),
    "view_breach": (_("Breaches"), "shield-alert", "compliance:breaches"),
    "view_due_list": (_("Deadlines"), "calendar-clock", "compliance:due"),
    "view_policyversion": (_("Policies"), "scroll-text", "compliance:provider-policies"),
}


def sections_for(person: User, path: str, waiting: Waiting | None = None) -> list[Section]:
    """Return the navigation of this person, with the section of the company in `path` open.

    It takes one query, unless what waits for the person is known.
    """
    waiting = waiting or waiting_for(person)
    own = [entry for entry in OWN_ENTRIES if not (person.is_staff and entry[2] == MY_ACCESS)]
    sections = [Section("", _links(own, path))]
    if waiting.codenames and (links := _staff_links(waiting, path)):
        sections.append(Section(_("Provider"), links))
    for company in waiting.companies:
        counts = {
            REQUESTS: company.requests,
            EXPIRING_ACCESS: company.ending,
            REVIEWS: company.undecided,
            COMPANY: company.hand_overs,
        }
        sections.append(
            Section(
                company.name,
                _links(CUSTOMER_ENTRIES, path, company.slug, waiting=counts),
                is_open=len(waiting.companies) == 1 or path.startswith(f"/c/{company.slug}/"),
            )
        )
    return sections


def _staff_links(waiting: Waiting, path: str) -> list[Link]:
    codenames = waiting.codenames
    # Only who may change a company answers requests for services.
    answers_all = "change_customer" in codenames
    count = waiting.provider_requests if answers_all else waiting.access_requests
    entries = [entry for codename, entry in STAFF_ENTRIES.items() if codename in codenames]
    return _links(entries, path, waiting={PROVIDER_REQUESTS: count})


def _links(
    entries: Sequence[Entry], path: str, *args: str, waiting: Mapping[str, int] = NONE_WAITING
) -> list[Link]:
    urls = [address_of(name, *args) for _label, _icon, name in entries]
    nearest = max((url for url in urls if _current(path, url)), key=len, default="")
    return [
        Link(label, icon, url, _current(path, url) if url == nearest else "", waiting.get(name, 0))
        for (label, icon, name), url in zip(entries, urls, strict=True)
    ]


def _current(path: str, url: str) -> str:
    if path == url:
        return "page"
    return "true" if url != "/" and path.startswith(url) else ""
