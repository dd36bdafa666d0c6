"""Let the people of a company use their access, and review it each quarter."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import groupby

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from hub.example import acts
from hub.example.story import THU, Story
from portals.choices import ReviewDecision
from portals.models import AccessReview, PersonGrant, Resource, ReviewItem, TeamGrant
from portals.permissions import ReviewRefused
from portals.services.reviews.decisions import ItemDecision, save_decisions
from portals.services.uses import SECONDS_PER_DAY, save_uses

GROUPS = 4  # of people, who work at different moments
REVIEW_AFTER = timedelta(days=2)  # from its beginning
SILENT_PORTAL = "statistics"  # it never asks the hub, so no use is known
FORGOTTEN, NEVER_USED = {5, 6}, {7, 8}  # last digits of grants
FORGOTTEN_SINCE = 15  # weeks


def tell_work(story: Story, slug: str, weeks: tuple[int, ...]) -> None:
    """Add the weeks in which a company's people sign in and use their access, and the last days."""
    for group in range(GROUPS):
        for week in weeks:
            story.on(week, group, f"1{group}:4{group}", partial(_use, slug, group, week))
        story.before_now(partial(_use, slug, group, 0), days=group + 1, minutes=17 * group)


def _use(slug: str, group: int, weeks_ago: int) -> None:
    """Let one group use most of what it can do; some of it only while it is not forgotten yet."""
    idle = NEVER_USED | (FORGOTTEN if weeks_ago < FORGOTTEN_SINCE else set())
    today = int(timezone.now().timestamp() // SECONDS_PER_DAY)
    uses = [
        (user, f"{user} {resource} {privilege}")
        for key, user, resource, privilege in _access_in(slug)
        if user % GROUPS == group and key % 10 not in idle
    ]
    if uses:
        save_uses([(use, today) for _user, use in uses])
    for user in User.objects.filter(pk__in={user for user, _use in uses}).order_by("pk"):
        acts.sign_in(user)


def _access_in(slug: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield a number, person, resource and permission of what the people of a company can do."""
    here = Q(content_object__subscription__customer__slug=slug) & ~Q(
        content_object__subscription__portal__slug=SILENT_PORTAL
    )
    for grant in PersonGrant.objects.unexpired().filter(here):
        yield grant.pk, grant.user_id, grant.content_object_id, grant.permission_id
    for rows in TeamGrant.objects.unexpired().filter(here).select_related("group__team"):
        for user in rows.group.team.team_memberships.values_list("membership__user", flat=True):
            yield rows.pk + user, user, rows.content_object_id, rows.permission_id
    owned = Resource.objects.filter(subscription__customer__slug=slug, owner__isnull=False)
    reading = acts.privilege_of(acts.Access("webmail", "mailbox.read", ""))
    for resource, user in owned.values_list("pk", "owner__user"):
        yield 0, user, resource, reading.pk


def tell_reviews(story: Story, by: str, slug: str, weeks: range, *, strict: bool = False) -> None:
    """Let a Super User finish each open review on the Thursday after it began."""
    for week in weeks:
        story.on(week, THU, "10:30", lambda: answer_review(by, slug, strict=strict))


def answer_review(by: str, slug: str, *, parts: int | None = None, strict: bool) -> None:
    """Decide the open review of a company, or that many parts of it.

    All access is kept; who is `strict` removes what nobody has ever used.
    """
    since = timezone.now() - REVIEW_AFTER
    review = AccessReview.objects.open().filter(customer__slug=slug, begun_at__lt=since).first()
    if review is None:
        return
    items = review.items.filter(decision=None).order_by("section", "pk")
    sections = [list(lines) for _name, lines in groupby(items, key=lambda item: item.section)]
    for lines in sections[:parts]:
        try:
            save_decisions(
                actor=acts.person(by),
                review=review,
                decisions=[_decision(i, strict) for i in lines],
            )
        except ReviewRefused as refusal:  # their own part, where a colleague can decide on it
            if refusal.code != "own":
                raise


def _decision(item: ReviewItem, strict: bool) -> ItemDecision:
    unused = item.grant_id and item.counted_since and item.last_used_on is None
    decision = ReviewDecision.REMOVE if strict and unused else ReviewDecision.KEEP
    return ItemDecision(item.pk, decision)
