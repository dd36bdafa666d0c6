"""Access reviews: which there are, and their lines as a page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from accounts.models import Customer, Membership, User
from portals.choices import ItemKind
from portals.models import (
    AccessReview,
    PersonGrant,
    Privilege,
    PrivilegeInclusion,
    ReviewItem,
    TeamGrant,
)
from portals.models.reviews import AccessReviewQuerySet
from portals.selectors.effective_access import not_over
from portals.selectors.privileges import sensitive_among

LINES = 200  # of one page


@dataclass
class Line:
    """One line: what it says, and what can be done about it."""

    item: ReviewItem
    standing: bool
    sensitive: bool = False
    may_lose_role: bool = False
    smaller: list[Privilege] = field(default_factory=list)


@dataclass
class Part:
    """The lines of one person or team."""

    lines: list[Line]

    @property
    def first(self) -> ReviewItem:
        """What all its lines have in common."""
        return self.lines[0].item

    @property
    def undecided(self) -> list[Line]:
        """The lines that wait."""
        return [line for line in self.lines if line.item.decision is None]

    @property
    def decided_by(self) -> User | None:
        """Who decided one of its lines, if anybody did."""
        return next((line.item.decided_by for line in self.lines if line.item.decision), None)


def reviews_of(customer: Customer) -> AccessReviewQuerySet:
    """Every review of a customer, the latest first."""
    found: AccessReviewQuerySet = AccessReview.objects.filter(customer=customer)
    return found.select_related("begun_by", "ended_by").order_by("-pk")


def items_of(review: AccessReview, *, undecided: bool) -> QuerySet[ReviewItem]:
    """The lines of a review by whose they are; with `undecided`, those that wait."""
    items = review.items.filter(decision=None) if undecided else review.items.all()
    return items.select_related(
        "review", "membership__user", "team", "portal", "privilege", "granted_by", "decided_by"
    ).order_by("section", "pk")


def still_standing(
    items: Iterable[ReviewItem],
) -> dict[int, PersonGrant | TeamGrant | Membership]:
    """line → the right or the membership it is about, where that is as it was.

    A grant that was changed has another row; one whose end has passed is over.
    """
    by_kind: dict[str, dict[int, ReviewItem]] = {kind: {} for kind in ItemKind.values}
    for item in items:
        key = item.membership_id if item.kind == ItemKind.ROLE else item.grant_id
        by_kind[item.kind][key or 0] = item
    found: dict[int, PersonGrant | TeamGrant | Membership] = {}
    for kind, rows in (
        (ItemKind.PERSON, PersonGrant.objects.select_related("user")),
        (ItemKind.TEAM, TeamGrant.objects.select_related("group__team")),
    ):
        if not by_kind[kind]:
            continue
        grants = rows.filter(not_over(), pk__in=by_kind[kind]).select_related(
            "permission__privilege__portal", "content_object__subscription__customer"
        )
        found |= {by_kind[kind][grant.pk].pk: grant for grant in grants}
    roles = by_kind[ItemKind.ROLE]
    people = Membership.objects.present().filter(pk__in=roles, role="super_user")
    return found | {roles[one.pk].pk: one for one in people.select_related("customer")}


def parts_of(items: Sequence[ReviewItem]) -> list[Part]:
    """Lines in order, by whose they are; five queries, however many there are."""
    standing = still_standing(item for item in items if item.decision is None)
    privileges = {item.privilege for item in items if item.privilege is not None}
    sensitive, smaller = sensitive_among(privileges), _smaller_than(privileges)
    parts: dict[str, Part] = {}
    for item in items:
        key = item.privilege_id or 0
        line = Line(item, item.pk in standing, key in sensitive, smaller=smaller.get(key, []))
        right = standing.get(item.pk)
        if isinstance(right, Membership):
            line.may_lose_role = right.customer.main_super_user_id != right.pk
        parts.setdefault(item.section, Part([])).lines.append(line)
    return list(parts.values())


def _smaller_than(privileges: Iterable[Privilege]) -> dict[int, list[Privilege]]:
    """privilege → those it includes, the largest first, as far as one thing can have both."""
    found: dict[int, list[Privilege]] = {}
    inclusions = PrivilegeInclusion.objects.filter(
        privilege__in=[privilege.pk for privilege in privileges]
    ).select_related("included__resource_type", "privilege")
    for inclusion in inclusions.order_by("included__resource_type", "-included__position"):
        if inclusion.included_id != inclusion.privilege_id:
            found.setdefault(inclusion.privilege_id, []).append(inclusion.included)
    return found
