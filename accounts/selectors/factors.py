"""The ways in which a person can sign in beside the password."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import Customer, Membership, User

MANY = 100  # people without a second factor; more are not counted
RECOVERY_CODES = Authenticator.Type.RECOVERY_CODES.value


@dataclass(frozen=True)
class Passkey:
    """A passkey, as its page shows it."""

    pk: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass
class WaysToSignIn:
    """The ways to sign in that a person has set up."""

    passkeys: list[Passkey] = field(default_factory=list)
    app: Authenticator | None = None
    codes_left: int | None = None  # None without recovery codes

    @property
    def has_second_factor(self) -> bool:
        """Whether one of them is a second factor: recovery codes only replace one."""
        return bool(self.passkeys or self.app)


def second_factors() -> QuerySet[Authenticator]:
    """Return the second factors. Recovery codes are not one: they only replace one."""
    factors: QuerySet[Authenticator] = Authenticator.objects.exclude(type=RECOVERY_CODES)
    return factors


def people_without_factor(count: int) -> str:
    """Return how many people have no second factor, in words; "" for none.

    More than MANY are only said to be more: no page counts a large company.
    """
    if count > MANY:
        text = gettext("More than %(number)s people have no second factor.")
        return text % {"number": MANY}
    text = ngettext(
        "%(number)s person has no second factor.",
        "%(number)s people have no second factor.",
        count,
    )
    return text % {"number": count} if count else ""


def factors_of(user: User) -> list[Authenticator]:
    """Return all factors of a person, recovery codes too, the oldest first."""
    return list(Authenticator.objects.filter(user_id=user.pk).order_by("created_at", "pk"))


def has_second_factor(user: User) -> bool:
    """Return whether a person has set up a passkey or an authenticator app."""
    return second_factors().filter(user_id=user.pk).exists()


def has_factor_of_request(user: User) -> bool:
    """Return whether the person of a request had a second factor when it began."""
    return bool(user.has_factor) if hasattr(user, "has_factor") else has_second_factor(user)


def who_demands_a_factor(user: User) -> str:
    """Return the name of whoever demands a second factor of a person now; "" for nobody.

    A company demands it of its live members, and the provider of its staff
    (HUB_STAFF_SECOND_FACTOR).
    """
    if user.is_staff and settings.HUB_STAFF_SECOND_FACTOR:
        return str(settings.HUB_BRAND_NAME)
    demanding = _memberships_that_demand(user).order_by("pk")
    return demanding.values_list("customer__name", flat=True).first() or ""


def who_waits_for_a_factor(user: User) -> str:
    """Return the same for a person who has none; "" for everybody else."""
    if not hasattr(user, "has_factor"):  # not the person of a request (accounts.backends)
        user = person_with_factor_state(user.pk)  # type: ignore[assignment]
    if user.has_factor:  # type: ignore[attr-defined]
        return ""
    if user.is_staff and settings.HUB_STAFF_SECOND_FACTOR:
        return str(settings.HUB_BRAND_NAME)
    return user.demanding_company or ""  # type: ignore[attr-defined]


def person_with_factor_state(key: int) -> User | None:
    """Return a person by key with `has_factor`, and `demanding_company`, by name; else None.

    Every request asks it, and Django takes four times as long to make this statement as to run it.
    """
    found = User.objects.raw(_WITH_FACTOR_STATE, {"key": key, "now": timezone.now()})
    return next(iter(found), None)


# Equal to `has_second_factor`, and to `who_demands_a_factor` of a person who is not staff.
_WITH_FACTOR_STATE = f"""
    SELECT u.*,
        EXISTS (SELECT 1 FROM mfa_authenticator f
            WHERE f.user_id = u.id AND f.type <> '{RECOVERY_CODES}') AS has_factor,
        (SELECT c.name FROM accounts_membership m JOIN accounts_customer c ON c.id = m.customer_id
            WHERE m.user_id = u.id AND m.ended_at IS NULL AND m.suspended_at IS NULL
                AND (m.ends_at IS NULL OR m.ends_at > %(now)s) AND c.second_factor_from <= %(now)s
            ORDER BY m.id LIMIT 1) AS demanding_company
    FROM accounts_user u WHERE u.id = %(key)s"""  # noqa: S608 -- a constant; values are parameters


def _memberships_that_demand(user: User) -> QuerySet[Membership]:
    return Membership.objects.live().filter(
        user=user, customer__second_factor_from__lte=timezone.now()
    )


def members_to_tell(customer: Customer) -> Iterator[tuple[Membership, bool]]:
    """Yield each live member, and whether they have a second factor."""
    having = set(
        second_factors().filter(user__memberships__customer=customer).values_list("user", flat=True)
    )
    members = Membership.objects.live().filter(customer=customer, user__is_active=True)
    for membership in members.select_related("user", "customer").order_by("pk").iterator():
        yield membership, membership.user_id in having


def ways_to_sign_in(user: User) -> WaysToSignIn:
    """Return what a person has set up, with one query."""
    ways = WaysToSignIn()
    for factor in factors_of(user):
        if factor.type == Authenticator.Type.WEBAUTHN:
            ways.passkeys.append(
                Passkey(factor.pk, factor.data["name"], factor.created_at, factor.last_used_at)
            )
        elif factor.type == Authenticator.Type.TOTP:
            ways.app = factor
        else:
            ways.codes_left = len(factor.wrap().get_unused_codes())
    return ways
