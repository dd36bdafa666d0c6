"""Signing in to a portal: where a person may open it, and what it learns of them."""

from typing import NamedTuple

from allauth.idp.oidc.models import Client
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Customer, User
from accounts.timezones import zone_called
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE, SignInScope
from portals.decision import permitted_resources
from portals.decision.checks import stored_time
from portals.decision.prepared import PreparedStatement
from portals.decision.sets import bound
from portals.decision.statement import allowed_sql
from portals.models import Portal, PortalConsent, PortalSession
from portals.selectors.roots import open_privileges

# Names that mean the administrator to other programs: a portal never gets one as a user name.
_NAMES = """
    abuse admin administrator anonymous apache backup bin cyrus daemon dovecot ftp git guest
    hostmaster http mail mysql nginx nobody operator pdns postgres postmaster root security ssh
    staff superuser support sync sys sysadmin system test toor user vmail webmaster www www-data
"""
RESERVED_NAMES = frozenset(_NAMES.split())


def opening(*, user: str, portal: str, customer: str) -> str:
    """Return the decision's condition that a person opens a portal for a company.

    The root's type is bound too, so that an index finds the root among the company's resources.
    The names are fixed texts, such as columns or placeholders.
    """
    return f"""u.id = {user} AND s.portal_id = {portal} AND s.customer_id = {customer}
        AND r.resource_type_id = (SELECT y.id FROM portals_resourcetype y
            WHERE y.portal_id = {portal} AND y.code = '{ROOT_TYPE}')
        AND v.portal_id = {portal} AND v.codename = '{ROOT_TYPE}.{OPEN_PRIVILEGE}'"""  # noqa: S608


_MAY_OPEN = PreparedStatement(
    "hub_may_open",
    allowed_sql(
        select="m.work_name AS name",
        bind=opening(user="{user}", portal="{portal}", customer="{customer}"),
    ),
)
_OPEN = allowed_sql(
    select="r.id AS id",
    bind=opening(user="ps.user_id", portal="pp.id", customer="ps.customer_id"),
)
# Decided once for each person, portal and company, however many sessions they have.
_WITHOUT_ACCESS = f"""
    SELECT live.id FROM portals_portalsession live JOIN (
        SELECT ps.user_id, ps.client_id, ps.customer_id FROM (
            SELECT DISTINCT user_id, client_id, customer_id FROM portals_portalsession
            WHERE ended_at IS NULL) ps
        JOIN portals_portal pp ON pp.client_id = ps.client_id
        WHERE NOT EXISTS ({_OPEN})) gone
    ON gone.user_id = live.user_id AND gone.client_id = live.client_id
        AND gone.customer_id = live.customer_id
    WHERE live.ended_at IS NULL"""  # noqa: S608 -- fixed texts


class Person(NamedTuple):
    """A person as portals know them."""

    sub: str
    email: str
    name: str  # at work, in the company for which they opened the portal
    language: str
    time_zone: str  # as in User.time_zone


def companies_that_open(user: User, portal: Portal) -> list[Customer]:
    """Return the companies for which a person may open a portal now, by name."""
    privilege = open_privileges().filter(portal=portal).first()
    if privilege is None:
        return []
    opened = permitted_resources(user, privilege).values("subscription__customer")
    return list(Customer.objects.filter(pk__in=opened).order_by("name"))


def may_open(user: User, portal: Portal, customer: Customer) -> bool:
    """Return whether a person may open a portal for this company now."""
    return _name_at_opening(user, portal, customer) is not None


def _name_at_opening(user: User, portal: Portal, customer: Customer) -> str | None:
    """Return the name at work under which a person may open a portal, None if they may not."""
    row = _MAY_OPEN.first_row(
        user=str(user.pk),
        portal=str(portal.pk),
        customer=str(customer.pk),
        now=stored_time(timezone.now()),
    )
    return str(row[0]) if row else None


def live_person(session: PortalSession) -> Person | None:
    """Return the person of a live session, under their name at work; None if it is not live.

    It is live while it has not ended and the person may still open the portal.
    """
    if session.ended_at is not None:
        return None
    user = session.user
    name = _name_at_opening(user, session.client.portal, session.customer)
    if name is None:
        return None
    return Person(str(user.sub), user.email, name, user.language, user.time_zone)


def sessions_without_access() -> QuerySet[PortalSession]:
    """Return the live sessions whose person may no longer open the portal, for whatever reason."""
    return PortalSession.objects.filter(pk__in=bound(_WITHOUT_ACCESS, "{}"))


def has_consented(user: User, client: Client, scopes: list[str]) -> bool:
    """Return whether a portal may learn what these scopes tell: it need not ask, or has asked."""
    if not client.portal.ask_consent:
        return True
    given = PortalConsent.objects.filter(user=user, client=client).first()
    return given is not None and set(scopes) <= set(given.scopes)


def identity_claims(person: Person, scopes: list[str]) -> dict[str, object]:
    """Return who the person is (OIDC Core 5.1): what an ID token may say, for it never changes."""
    claims: dict[str, object] = {"sub": person.sub}
    if SignInScope.EMAIL in scopes:
        claims |= {"email": person.email, "email_verified": True}  # nobody signs in without proof
    if SignInScope.PROFILE in scopes:
        claims |= {
            "name": person.name,
            "locale": person.language,
            "zoneinfo": str(zone_called(person.time_zone)),
            "preferred_username": user_name(person, scopes),
        }
    return claims


def user_name(person: Person, scopes: list[str]) -> str:
    """Return a name by which a portal may call an account: the address, or the `sub`.

    It is the address only where the portal learns the address. A portal that cuts an address at the
    @ must never take `root@alder.example` for its root.
    """
    local = person.email.partition("@")[0].lower()
    is_told = SignInScope.EMAIL in scopes and local not in RESERVED_NAMES
    return person.email if is_told else person.sub
