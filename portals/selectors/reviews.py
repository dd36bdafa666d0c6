"""Access reviews, and their lines as a page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    UUIDField,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Customer, Membership, User
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.paging import Page, page_made_of, page_of
from portals.choices import ItemKind
from portals.models import (
    AccessReview,
    PersonGrant,
    Portal,
    Privilege,
    Resource,
    ReviewItem,
    TeamGrant,
)
from portals.models.grants import unexpired
from portals.models.reviews import LONG_UNUSED, AccessReviewQuerySet
from portals.selectors import review_words
from portals.selectors.manifest import manifest_of

MAX_LINES = 25  # on one page; those of one person or team have a form


@dataclass
class ReviewLine:
    """One line of a review, and the decisions that are possible."""

    item: ReviewItem
    is_unchanged: bool  # its grant, role or owner is as it was when the review began
    sensitive: bool = False
    may_lose_role: bool = False
    smaller: list[Privilege] = field(default_factory=list)

    @property
    def given(self) -> str:
        """Return who gave the access and when, when it ends, and the reason."""
        return review_words.given(self.item)

    @property
    def last_use(self) -> str:
        """Return when it was last used, as far as the portals told."""
        return review_words.last_use(self.item)


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


def reviews_of(customer: Customer | Given) -> AccessReviewQuerySet:
    """Return the reviews of a customer, the latest first."""
    reviews: AccessReviewQuerySet = AccessReview.objects.filter(customer=customer)
    return reviews.select_related("begun_by", "ended_by").order_by("-pk")


def find_review(customer: Customer, reader: User, key: UUID) -> AccessReview | None:
    """Return a review of a customer, or None.

    It has `is_for_one`: whether the reader is the only Super User.
    """
    return _REVIEW.first(customer=customer.pk, reader=reader.pk, key=key, now=timezone.now())


def _review(customer: Given, reader: Given, key: Given, now: Given) -> QuerySet[AccessReview]:
    super_users = Membership.objects.live(now).filter(role=Role.SUPER_USER, user__is_active=True)
    others = super_users.filter(customer=customer).exclude(user=reader)
    reviews: QuerySet[AccessReview] = reviews_of(customer).select_related("customer")
    return reviews.filter(uuid=key).annotate(is_for_one=~Exists(others))


_REVIEW: ComposedQuery[AccessReview] = ComposedQuery(
    _review,
    customer=BigIntegerField(),
    reader=BigIntegerField(),
    key=UUIDField(),
    now=DateTimeField(),
)


def items_of(review: AccessReview | Given, *, undecided: bool) -> QuerySet[ReviewItem]:
    """Return the lines of a review; with `undecided`, only those without a decision."""
    items = ReviewItem.objects.filter(review=review)
    if undecided:
        items = items.filter(decision=None)
    return items.select_related(
        "membership__user", "team", "resource", "granted_by", "decided_by"
    ).order_by("section", "pk")


def items_with_state(
    review: AccessReview | Given, *, undecided: bool, now: datetime | Given
) -> QuerySet[ReviewItem]:
    """Return `items_of`, each with `is_unchanged`: whether its access is as it was.

    A grant that was changed meanwhile has another row, and one that has expired is gone.
    """
    about: dict[str, QuerySet[Any]] = {
        ItemKind.PERSON: PersonGrant.objects.filter(unexpired(now), pk=OuterRef("grant_id")),
        ItemKind.TEAM: TeamGrant.objects.filter(unexpired(now), pk=OuterRef("grant_id")),
        ItemKind.OWNER: Resource.objects.filter(
            pk=OuterRef("resource_id"), owner=OuterRef("membership_id")
        ),
        ItemKind.ROLE: Membership.objects.present(now).filter(
            pk=OuterRef("membership_id"), role=Role.SUPER_USER
        ),
    }
    conditions = [Q(Exists(rows), kind=kind) for kind, rows in about.items()]
    is_unchanged = ExpressionWrapper(reduce(or_, conditions), BooleanField())
    return items_of(review, undecided=undecided).annotate(is_unchanged=is_unchanged)


def items_page(review: AccessReview, *, undecided: bool, after: str) -> Page[ReviewItem]:
    """Return a page of `items_with_state`. Raises BadCursor."""
    now = timezone.now()
    if not after:
        return page_made_of(_FIRST_ITEMS[undecided].rows(review=review.pk, now=now), MAX_LINES)
    return page_of(
        items_with_state(review, undecided=undecided, now=now),
        among=review.items.all(),
        order=("section", "pk"),
        after=after,
        size=MAX_LINES,
    )


_FIRST_ITEMS = {
    undecided: ComposedQuery(
        lambda review, now, undecided=undecided: items_with_state(
            review, undecided=undecided, now=now
        )[: MAX_LINES + 1],
        review=BigIntegerField(),
        now=DateTimeField(),
    )
    for undecided in (False, True)
}


def unused_items(review: AccessReview, most: int, *, but: User | None = None) -> list[ReviewItem]:
    """Return undecided lines of long unused access, without the own ones of one person."""
    items = _unused(most).rows(
        review=review.pk,
        last_day=review.begun_at.date() - LONG_UNUSED,
        but=but.pk if but else 0,
    )
    for item in items:
        item.review = review
    return items


@cache
def _unused(most: int) -> ComposedQuery[ReviewItem]:
    """Return the query of so many unused lines."""

    def unused(review: Given, last_day: Given, but: Given) -> QuerySet[ReviewItem]:
        own = Q(membership__user=but, membership__isnull=False)
        return (
            items_of(review, undecided=True)
            .select_related("privilege__resource_type")
            .annotate(last_day=Coalesce("last_used_on", "counted_since"))
            .filter(kind__in=[ItemKind.PERSON, ItemKind.TEAM], last_day__lte=last_day)
            .exclude(own)[:most]
        )

    return ComposedQuery(
        unused, review=BigIntegerField(), last_day=DateField(), but=BigIntegerField()
    )


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


def review_sections_of(items: Sequence[ReviewItem], review: AccessReview) -> list[ReviewSection]:
    """Group `items_with_state` of a review by person and team, in their order."""
    manifest = manifest_of(item.portal_id for item in items if item.portal_id is not None)
    portals: dict[int | None, Portal] = {
        row.portal_id: row.portal for row in manifest.types.values()
    }
    sections: dict[str, ReviewSection] = {}
    for item in items:
        item.review = review
        _PORTAL.set_cached_value(item, portals.get(item.portal_id))
        privilege = manifest.privileges.get(item.privilege_id or 0)  # it may be deleted
        _PRIVILEGE.set_cached_value(item, privilege)
        line = ReviewLine(item, item.is_unchanged)  # type: ignore[attr-defined]
        if privilege is not None:
            line.sensitive = manifest.is_sensitive(privilege.pk)
            line.smaller = sorted(manifest.included[privilege.pk], key=_largest_first)
        if item.kind == ItemKind.ROLE and line.is_unchanged:
            line.may_lose_role = item.membership_id != review.customer.main_super_user_id
        sections.setdefault(item.section, ReviewSection([])).lines.append(line)
    return list(sections.values())


_PORTAL: Any = ReviewItem._meta.get_field("portal")
_PRIVILEGE: Any = ReviewItem._meta.get_field("privilege")


def _largest_first(privilege: Privilege) -> tuple[int, int]:
    return privilege.resource_type_id, -privilege.position


def unused_among(items: Iterable[ReviewItem], *, but: User | None = None) -> list[ReviewItem]:
    """Return those of `unused_items` that are among undecided lines which a page has read."""
    return [item for item in items if item.is_long_unused and not (but and item.concerns(but))]
