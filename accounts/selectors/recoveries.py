"""Recoveries of companies: which are open, and who can take over."""

from django.db.models import F, QuerySet

from accounts.choices import CustomerStatus, RecoveryState
from accounts.models import Customer, Invitation, Membership, SuperUserRecovery, User
from accounts.selectors.paging import Page, page_of

MAX_ROWS = 20


def can_succeed(member: Membership) -> bool:
    """Return whether a member can become the main Super User: live, staying, with an account."""
    return (
        member.is_live
        and member.ends_at is None
        and member.user.is_active
        and not member.user.is_staff
    )


def _with_people() -> QuerySet[SuperUserRecovery]:
    return SuperUserRecovery.objects.select_related(
        "customer", "lost__user", "member__user", "opened_by", "approved_by"
    )


def recoveries_of(customer: Customer) -> QuerySet[SuperUserRecovery]:
    """Return the recoveries of a company, newest first."""
    return _with_people().filter(customer=customer).order_by("-pk")[:MAX_ROWS]


def open_recoveries(after: str = "") -> Page[SuperUserRecovery]:
    """Return a page of the open recoveries of all companies, oldest first. Raises as page_of."""
    rows = _with_people().filter(pk__in=SuperUserRecovery.objects.open())
    among = SuperUserRecovery.objects.all()
    return page_of(rows, among=among, order=("pk",), after=after, size=MAX_ROWS)


def announced_to(person: User) -> QuerySet[SuperUserRecovery]:
    """Return the recoveries of a person's companies that they were told of and can stop."""
    live = Membership.objects.live().filter(user=person)
    announced = SuperUserRecovery.objects.announced()
    return _with_people().filter(pk__in=announced, customer__in=live.values("customer"))


def invites_by_recovery(invitation: Invitation) -> bool:
    """Return whether a recovery stands behind an invitation as main Super User, and still may."""
    return SuperUserRecovery.objects.filter(
        invitation=invitation,
        state=RecoveryState.OFFERED,
        customer__status=CustomerStatus.ACTIVE,
        customer__main_super_user=F("lost"),
    ).exists()
