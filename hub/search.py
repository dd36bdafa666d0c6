"""One search over what a person may see: people, resources, teams, companies, pages and acts.

It finds by the same words as the lists do. Each kind is one statement, which reads one range of an
index, so it costs the same however many rows there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.domains import readable_address
from accounts.models import Customer, Membership, Team, User
from accounts.models.search import by_match
from accounts.search import found_by, typed_words
from hub.navigation import CUSTOMER_ENTRIES, OWN_ENTRIES, STAFF_ENTRIES, Entry
from hub.waiting import waiting_for
from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import Resource
from portals.selectors.accessible import resources_with_access
from portals.selectors.launcher import openable_portals

# Pages and acts that the navigation leads to only by way of others.
OWN_ACTS: list[Entry] = [
    (_("Change your password"), "key-round", "account_change_password"),
    (_("Second factor: passkeys, authenticator app, codes"), "shield-check", "mfa_index"),
    (_("Email addresses"), "at-sign", "account_email"),
    (_("Devices and sessions"), "monitor-smartphone", "portals:devices"),
    (_("Your own activity log"), "history", "accounts:history"),
]
MEMBER_ENTRIES: list[Entry] = [
    (_("New request"), "send", "portals:request-new"),
    (_("Your requests"), "inbox", "accounts:requests"),
]
CUSTOMER_ACTS: list[Entry] = [
    (_("Invite people"), "user-plus", "portals:invite"),
    (_("Give access"), "key-round", "portals:give-access"),
    (_("Pending invitations"), "mail", "portals:invitations"),
    (_("Presets"), "copy", "portals:presets"),
    (_("Services: add or end a portal"), "plug", "portals:service-list"),
    (_("Sign-in of the company"), "log-in", "accounts:company-sign-in"),
]
STAFF_ACTS: dict[str, Entry] = {  # by the codename of the permission it needs
    "add_customer": (_("New company"), "briefcase", "portals:provider-customer-create"),
    "add_campaign": (_("New message"), "send", "preferences:campaign-new"),
    "add_topic": (_("New topic"), "newspaper", "preferences:topic-new"),
    "change_topic": (_("Import subscribers"), "upload", "preferences:topics-import"),
}


@dataclass(frozen=True)
class Result:
    """One result: where it leads, and what tells it from others of its name."""

    label: str | Promise
    url: str
    detail: str | Promise = ""


@dataclass(frozen=True)
class Group:
    """The results of one kind; `more` is the list that has all of them, if any."""

    title: str | Promise
    icon: str
    results: list[Result]
    more: str = ""


def find(person: User, text: str, *, size: int) -> list[Group]:
    """Return what a person may see and the words of a text find, at most `size` of each kind."""
    if not typed_words(text):
        return []
    memberships = list(
        Membership.objects.live()
        .filter(user=person, customer__in=Customer.objects.visible_to(person))
        .select_related("customer", "user")
        .order_by("customer__name", "pk")
    )
    managed = [row.customer for row in memberships if row.is_super_user]
    permissions = waiting_for(person).codenames  # none, but of staff
    groups = [
        _people(managed, text, size),
        _resources(managed, text, size),
        *(_own_resources(row, text, size) for row in memberships if not row.is_super_user),
        _teams(managed, text, size),
        _companies(text, size) if "view_customer" in permissions else None,
        _everybody(text, size) if "use_desk" in permissions else None,
        _portals(person, memberships, text, size),
        _pages(memberships, permissions, text, size),
    ]
    return [group for group in groups if group and group.results]


def _found(rows: Any, text: str, size: int, **scope: Any) -> list[Any]:
    return list(by_match(rows, text, **scope).order_by("match", "match_row")[:size])


def _more(name: str, managed: Sequence[Customer], text: str) -> str:
    """Return the list of the only company, searched; "" for none or several."""
    if len(managed) != 1:
        return ""
    return f"{reverse(name, args=[managed[0].slug])}?{urlencode({'q': text})}"


def _detail(customer: Customer, managed: Sequence[Customer], *parts: Any) -> str:
    """Return the parts, with the company where a person manages several."""
    names = [customer.name] if len(managed) > 1 else []
    return " · ".join(str(part) for part in [*parts, *names])


def _people(managed: Sequence[Customer], text: str, size: int) -> Group | None:
    if not managed:
        return None
    present = Membership.objects.present().filter(customer__in=managed)
    results = [
        Result(
            str(row),
            reverse("portals:person", args=[row.customer.slug, row.user.sub]),
            _detail(row.customer, managed, readable_address(row.user.email)),
        )
        for row in _found(
            present.select_related("user", "customer"), text, size, customer__in=managed
        )
    ]
    return Group(_("People"), "users-round", results, _more("portals:people", managed, text))


def _resources(managed: Sequence[Customer], text: str, size: int) -> Group | None:
    if not managed:
        return None
    resources = (
        Resource.objects.filter(subscription__customer__in=managed)
        .exclude(subscription__status=SubscriptionStatus.ENDED)
        .exclude(resource_type__code=ROOT_TYPE)
        .select_related("resource_type__portal", "subscription__customer")
    )
    results = [
        Result(
            row.name,
            reverse("portals:resource", args=[row.subscription.customer.slug, row.pk]),
            _detail(
                row.subscription.customer, managed, row.resource_type, row.resource_type.portal
            ),
        )
        for row in _found(resources, text, size, customer__in=managed)
    ]
    return Group(_("Resources"), "boxes", results, _more("portals:resource-list", managed, text))


def _own_resources(membership: Membership, text: str, size: int) -> Group:
    """Return the resources that a user has access to; they lead to the user's own page."""
    customer = membership.customer
    resources = (
        resources_with_access(membership)
        .filter(pk__in=Resource.objects.matching(text, customer=customer).values("pk"))
        .exclude(subscription__status=SubscriptionStatus.ENDED)
        .exclude(resource_type__code=ROOT_TYPE)
    )
    url = reverse("portals:person", args=[customer.slug, membership.user.sub])
    results = [
        Result(row.name, url, f"{row.resource_type} · {row.resource_type.portal}")
        for row in resources[:size]
    ]
    return Group(_("Your access"), "boxes", results)


def _teams(managed: Sequence[Customer], text: str, size: int) -> Group | None:
    if not managed:
        return None
    teams = Team.objects.filter(customer__in=managed).select_related("customer")
    results = [
        Result(
            row.name,
            reverse("portals:team", args=[row.customer.slug, row.uuid]),
            _detail(row.customer, managed),
        )
        for row in _found(teams, text, size, customer__in=managed)
    ]
    return Group(_("Teams"), "users", results)


def _companies(text: str, size: int) -> Group:
    results = [
        Result(
            row.name,
            reverse("portals:provider-customer", args=[row.slug]),
            row.get_status_display(),
        )
        for row in _found(Customer.objects.all(), text, size)
    ]
    more = f"{reverse('accounts:provider')}?{urlencode({'q': text})}"
    return Group(_("Companies"), "briefcase", results, more)


def _portals(person: User, memberships: Sequence[Membership], text: str, size: int) -> Group:
    """Return the portals that a person may open; they lead to the portal itself."""
    companies = {row.customer_id: row.customer.name for row in memberships}
    results = [
        Result(label, row.portal.home_url, companies[row.customer_id] if len(companies) > 1 else "")
        for row in openable_portals(person, companies)
        if found_by(text, label := _("%(portal)s portal") % {"portal": row.portal})
    ]
    return Group(_("Portals"), "external-link", results[:size])


def _everybody(text: str, size: int) -> Group:
    """Return people of every company, for the support desk."""
    results = [
        Result(
            str(row), reverse("accounts:desk-person", args=[row.sub]), readable_address(row.email)
        )
        for row in _found(User.objects.all(), text, size)
    ]
    more = f"{reverse('accounts:desk')}?{urlencode({'q': text})}"
    return Group(_("Support desk"), "life-buoy", results, more)


def _pages(
    memberships: Sequence[Membership], permissions: frozenset[str], text: str, size: int
) -> Group:
    results = list(_matching([*OWN_ENTRIES, *OWN_ACTS], text))
    by_permission = {**STAFF_ENTRIES, **STAFF_ACTS}.items()
    of_staff = [entry for codename, entry in by_permission if codename in permissions]
    results += _matching(of_staff, text, detail=_("Provider"))
    for membership in memberships:
        entries = [*CUSTOMER_ENTRIES, *CUSTOMER_ACTS]
        if not membership.is_super_user:
            entries = MEMBER_ENTRIES
        customer = membership.customer
        results += _matching(entries, text, customer.slug, detail=customer.name)
    return Group(_("Pages"), "arrow-right", results[:size])


def _matching(
    entries: Iterable[Entry], text: str, *args: str, detail: str | Promise = ""
) -> Iterable[Result]:
    for label, _icon, name in entries:
        if found_by(text, str(label)):
            yield Result(label, reverse(name, args=args), detail)
