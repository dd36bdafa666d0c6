"""People, their memberships, and how they sign in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser, Permission
from django.contrib.sessions.models import Session
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    UUIDField,
    Value,
    When,
)
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Customer, Invitation, Membership, User
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.factors import second_factors
from accounts.selectors.paging import Page, page_by_name

MAX_SENT = 200  # invitations on one page
MOST_NAMED = 3  # Super Users


def _as_super_user(user: User | Given, now: Given | None = None) -> QuerySet[Membership]:
    """Return the live memberships in which a person is a Super User."""
    return Membership.objects.live(now).filter(user=user, role=Role.SUPER_USER)


def is_super_user(user: User | AnonymousUser, customer: Customer) -> bool:
    """Return whether a person is a live Super User of a customer.

    For pages; services call require_super_user.
    """
    return user.is_authenticated and _as_super_user(user).filter(customer=customer).exists()


def find_visible_customer(user: User, slug: str) -> Any:
    """Return a customer that a person sees, or None; `is_managed` says what is_super_user does."""
    return _VISIBLE_CUSTOMER.first(user=user.pk, slug=slug, now=timezone.now())


def _visible_customer(user: Given, slug: Given, now: Given) -> QuerySet[Any]:
    own = _as_super_user(user, now).filter(customer=OuterRef("pk"))
    visible: Any = Customer.objects.visible_to(user, now).filter(slug=slug)
    managed: QuerySet[Any] = visible.annotate(is_managed=Exists(own))
    return managed


def find_own_membership(user: User, slug: str) -> Membership | None:
    """Return a person's live membership of a customer that they see, or None."""
    found: Any = _OWN_MEMBERSHIP.first(user=user.pk, slug=slug, now=timezone.now())
    return found  # type: ignore[no-any-return]


def _own_membership(user: Given, slug: Given, now: Given) -> QuerySet[Membership]:
    visible = Customer.objects.visible_to(user, now).filter(slug=slug)
    live = Membership.objects.live(now).filter(user=user, customer__in=visible)
    return live.select_related("user", "customer")


def find_member(customer: Customer, sub: Any) -> Any:
    """Return a present member by the person's `sub`, or None; `has_second_factor` says whether."""
    return _MEMBER.first(customer=customer.pk, sub=sub, now=timezone.now())


def _member(customer: Given, sub: Given, now: Given) -> QuerySet[Membership]:
    present = Membership.objects.present(now).filter(customer=customer, user__sub=sub)
    has_factor = Exists(second_factors().filter(user=OuterRef("user")))
    return present.select_related("user", "customer").annotate(has_second_factor=has_factor)


_MEMBER = ComposedQuery(_member, customer=BigIntegerField(), sub=UUIDField(), now=DateTimeField())


_VISIBLE_CUSTOMER, _OWN_MEMBERSHIP = (
    ComposedQuery(make, user=BigIntegerField(), slug=CharField(), now=DateTimeField())
    for make in (_visible_customer, _own_membership)
)


def super_users_of(customer: Customer) -> QuerySet[Membership]:
    """Return the live Super Users of a customer, the main one first."""
    return _super_users(customer.pk, customer.main_super_user_id or 0, timezone.now())


def first_super_users_of(customer: Customer, *, but: User | None = None) -> list[Membership]:
    """Return the first Super Users of a customer, without one person, for a page to name."""
    return _FIRST_SUPER_USERS.rows(
        customer=customer.pk,
        main=customer.main_super_user_id or 0,
        but=but.pk if but else 0,
        now=timezone.now(),
    )


def _super_users(customer: Any, main: Any, now: Any) -> QuerySet[Membership]:
    return (
        Membership.objects.live(now)
        .filter(customer=customer, role=Role.SUPER_USER, user__is_active=True)
        .select_related("user")
        .order_by(
            Case(When(pk=main, then=Value(0)), default=Value(1)),
            "search_name",
            "pk",
        )
    )


_FIRST_SUPER_USERS = ComposedQuery(
    lambda but, **of: _super_users(**of).exclude(user=but)[:MOST_NAMED],
    customer=BigIntegerField(),
    main=BigIntegerField(),
    but=BigIntegerField(),
    now=DateTimeField(),
)


def staff_with(codename: str, *, app: str = "accounts") -> QuerySet[User]:
    """Return the staff who have a permission of an app, directly or by a group."""
    permissions = Permission.objects.filter(content_type__app_label=app, codename=codename)
    return User.objects.filter(
        Q(user_permissions__in=permissions) | Q(groups__permissions__in=permissions),
        is_staff=True,
        is_active=True,
    ).distinct()


def people_of(customer: Customer, *, search: str = "") -> QuerySet[Membership]:
    """Return the members of a customer by name, found by the words of `search`."""
    present = Membership.objects.present().matching(search, customer=customer)
    return present.select_related("user", "customer").order_by("search_name", "pk")


def invitations_of(customer: Customer, *, search: str = "") -> QuerySet[Invitation]:
    """Return the open invitations found by the words of `search`, newest first, with `sender_may`.

    Those that cannot be accepted any more are among them; they can be sent again.
    """
    waiting = Invitation.objects.open().matching(search, customer=customer).with_sender()
    return waiting.select_related("invited_by").order_by("-pk")


def sent_invitations_of(membership: Membership) -> QuerySet[Invitation]:
    """Return the pending invitations that stop working when this Super User is none any more.

    Newest first, at most MAX_SENT: the list of invitations has the rest.
    """
    if not membership.is_super_user:
        return Invitation.objects.none()
    sent = Invitation.objects.acceptable().filter(
        customer=membership.customer_id, invited_by=membership.user_id, as_main_super_user=False
    )
    return sent.order_by("-pk")[:MAX_SENT]


def memberships_of(
    person: User | Given, now: datetime | Given | None = None
) -> QuerySet[Membership]:
    """Return a person's present memberships, suspended or not."""
    return (
        Membership.objects.present(now)
        .filter(user=person)
        .select_related("customer", "customer__main_super_user__user")
        .order_by("customer__name", "pk")
    )


def current_memberships(person: User) -> list[Membership]:
    """Return the list of `memberships_of` a person, by a statement composed once."""
    return _MEMBERSHIPS.rows(person=person.pk, now=timezone.now())


_MEMBERSHIPS = ComposedQuery(memberships_of, person=BigIntegerField(), now=DateTimeField())


def find_people(search: str, *, after: str = "") -> Page[User]:
    """Return a page of the people found by the words of `search`, for the support desk."""
    return page_by_name(User.objects.all(), among=User.objects.all(), search=search, after=after)


@dataclass(frozen=True)
class SignInStatus:
    """The facts that the support desk sees about a person's sign-in, never secrets."""

    can_sign_in: bool
    has_password: bool
    address_confirmed: bool
    active_sessions: int


def sign_in_status_of(person: User) -> SignInStatus:
    """Return whether and how a person can sign in at this moment."""
    is_verified = EmailAddress.objects.filter(
        user=person, email=person.email, verified=True
    ).exists()
    sessions = UserSession.objects.filter(
        Exists(
            Session.objects.filter(
                session_key=OuterRef("session_key"), expire_date__gt=timezone.now()
            )
        ),
        user=person,
    )
    has_password = person.has_usable_password()
    return SignInStatus(
        can_sign_in=person.is_active and has_password and is_verified,
        has_password=has_password,
        address_confirmed=is_verified,
        active_sessions=sessions.count(),
    )


def verified_addresses(person: User) -> list[str]:
    """Return a person's verified addresses, the main one first."""
    verified = EmailAddress.objects.filter(user=person, verified=True).order_by("-primary", "pk")
    return list(verified.values_list("email", flat=True))


def is_verified_address(address: str) -> bool:
    """Return whether somebody has verified this address, as their main one or another."""
    return bool(EmailAddress.objects.filter(email=address, verified=True).exists())


def customers_for_staff(*, search: str = "", after: str = "") -> Page[Customer]:
    """Return a page of the customers found by the words of `search`, else of all."""
    customers = Customer.objects.all()
    rows = customers.annotate(main_super_user_name=F("main_super_user__work_name"))
    return page_by_name(rows, among=customers, search=search, after=after)
