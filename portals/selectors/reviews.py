"""Access reviews, and their lines as a page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from accounts.models import Customer, Membership, User
from portals.choices import ItemKind
from portals.models import (
    AccessReview,
    PersonGrant,
    Privilege,
    PrivilegeInclusion,
    Resource,
    ReviewItem,
    TeamGrant,
)
from portals.models.reviews import LONG_UNUSED, AccessReviewQuerySet

MAX_LINES = 200  # on one page


@dataclass
class ReviewLine:
    """One line of a review, and the decisions that are possible."""

    item: ReviewItem
    is_unchanged: bool  # its grant, role or owner is as it was when the review began
    sensitive: bool = False
    may_lose_role: bool = False
    smaller: list[Privilege] = field(default_factory=list)


@dataclass
class ReviewSection:
    """The lines of one person or team."""

    lines: list[ReviewLine]

    @property
    def first(self) -> ReviewItem:
        """The first item; all have the same person or team."""
        return self.lines[0].item

    @property
    def undecided(self) -> list[ReviewLine]:
        """The lines without a decision."""
        return [line for line in self.lines if line.item.decision is None]

    @property
    def decided_by(self) -> User | None:
        """The person who decided a line of it, if anybody did."""
        return next((line.item.decided_by for line in self.lines if line.item.decision), None)


def reviews_of(customer: Customer) -> AccessReviewQuerySet:
    """Return the reviews of a customer, the latest first."""
    reviews: AccessReviewQuerySet = AccessReview.objects.filter(customer=customer)
    return reviews.select_related("begun_by", "ended_by").order_by("-pk")


def items_of(review: AccessReview, *, undecided: bool) -> QuerySet[ReviewItem]:
    """Return the lines of a review; with `undecided`, only those without a decision."""
    items = review.items.filter(decision=None) if undecided else review.items.all()
    return items.select_related(
        "review",
        "membership__user",
        "team",
        "portal",
        "privilege__portal",
        "privilege__resource_type__portal",
        "resource",
        "granted_by",
        "decided_by",
    ).order_by("section", "pk")


def unused_items(review: AccessReview, *, but: User | None = None) -> QuerySet[ReviewItem]:
    """Return the undecided lines of long unused access, without the own ones of one person."""
    items = (
        items_of(review, undecided=True)
        .annotate(last_day=Coalesce("last_used_on", "counted_since"))
        .filter(
            kind__in=[ItemKind.PERSON, ItemKind.TEAM],
            last_day__lte=review.begun_at.date() - LONG_UNUSED,
        )
    )
    return items.exclude(membership__user=but) if but else items


Access = PersonGrant | TeamGrant | Membership | Resource  # a role is a membership


def unchanged_access(items: Iterable[ReviewItem]) -> dict[int, Access]:
    """Return item key → its grant, membership or owned resource, where that is as it was.

    A grant that was changed meanwhile has another row, and one that has expired is left out.
    """
    by_kind: dict[str, dict[int, ReviewItem]] = {kind: {} for kind in ItemKind.values}
    for item in items:
        about = {ItemKind.ROLE: item.membership_id, ItemKind.OWNER: item.resource_id}
        by_kind[item.kind][about.get(ItemKind(item.kind), item.grant_id) or 0] = item
    unchanged: dict[int, Access] = {}
    for kind, rows in (
        (ItemKind.PERSON, PersonGrant.objects.unexpired().select_related("user")),
        (ItemKind.TEAM, TeamGrant.objects.unexpired().select_related("group__team")),
    ):
        if not by_kind[kind]:
            continue
        grants = rows.filter(pk__in=by_kind[kind]).select_related(
            "permission__privilege__portal", "content_object__subscription__customer"
        )
        unchanged |= {by_kind[kind][grant.pk].pk: grant for grant in grants}
    if owned := by_kind[ItemKind.OWNER]:
        unchanged |= {
            owned[resource.pk].pk: resource
            for resource in Resource.objects.filter(pk__in=owned)
            if resource.owner_id == owned[resource.pk].membership_id
        }
    roles = by_kind[ItemKind.ROLE]
    super_users = Membership.objects.present().filter(pk__in=roles, role="super_user")
    return unchanged | {
        roles[membership.pk].pk: membership for membership in super_users.select_related("customer")
    }


def review_sections_of(items: Sequence[ReviewItem]) -> list[ReviewSection]:
    """Group lines by person and team, in their order, with four queries in all."""
    unchanged = unchanged_access(item for item in items if item.decision is None)
    privileges = {item.privilege for item in items if item.privilege is not None}
    included = _included_in(privileges)
    sections: dict[str, ReviewSection] = {}
    for item in items:
        key = item.privilege_id or 0
        others = included.get(key, [])
        line = ReviewLine(
            item,
            item.pk in unchanged,
            sensitive=any(privilege.sensitive for privilege in others),
            smaller=[privilege for privilege in others if privilege.pk != key],
        )
        access = unchanged.get(item.pk)
        if isinstance(access, Membership):
            line.may_lose_role = access.customer.main_super_user_id != access.pk
        sections.setdefault(item.section, ReviewSection([])).lines.append(line)
    return list(sections.values())


def _included_in(privileges: Iterable[Privilege]) -> dict[int, list[Privilege]]:
    """Return privilege key → the privileges it includes, itself too, the largest first."""
    included: dict[int, list[Privilege]] = {}
    inclusions = PrivilegeInclusion.objects.filter(
        privilege__in=[privilege.pk for privilege in privileges]
    ).select_related("included__resource_type")
    for inclusion in inclusions.order_by("included__resource_type", "-included__position"):
        included.setdefault(inclusion.privilege_id, []).append(inclusion.included)
    return included
