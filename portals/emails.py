"""The emails of this app."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.emails import absolute, send_copies, send_to
from accounts.models import Customer, Membership, User
from accounts.selectors import super_users_of
from accounts.selectors.teams import people_in_teams
from portals.choices import ReviewDecision
from portals.models import AccessReview, PersonGrant, Portal, Privilege, Resource, ReviewItem


def tell_about_sensitive_grant(
    actor: User, grantees: Iterable[int], privilege: Privilege, resource: Resource, reason: str
) -> None:
    """Tell those who get a sensitive privilege, and those it concerns.

    It concerns its owner, and the people who already have a privilege on this very resource:
    whoever's mailbox it is must know who else may read it. `grantees` are primary keys of people.
    """
    receiving = User.objects.filter(pk__in=set(grantees))
    concerned = set(grantees) | set(
        PersonGrant.objects.filter(content_object=resource).values_list("user_id", flat=True)
    )
    concerned |= set(
        Membership.objects.filter(owned_resources=resource).values_list("user_id", flat=True)
    )
    notice: dict[str, Any] = {
        "template": "portals/emails/sensitive_grant",
        "actor": actor,
        "grantees": receiving,
        "privilege": privilege,
        "resource": resource,
        "customer": resource.subscription.customer,
        "reason": reason,
    }
    already_sent_to = {actor.email}
    for person in User.objects.filter(pk__in=concerned - {actor.pk}, is_active=True):
        send_to(
            person, notice_class="security", person=person, gaining=person in receiving, **notice
        )
        already_sent_to.add(person.email)
    send_copies(
        concerned=list(receiving),
        already_sent_to=already_sent_to,
        notice_class="security",
        person=None,
        gaining=False,
        **notice,
    )


def tell_about_ownership(
    membership: Membership,
    *,
    portal: Portal,
    gained: Sequence[Resource],
    lost: Sequence[Resource],
    privileges: Sequence[Privilege],
    sensitive: bool,
) -> None:
    """Tell a member which resources their portal reports as theirs by now, and which no longer.

    `privileges` are what an owner may do. Where one is sensitive, it is a security notice, with
    copies to the contacts that the company named for those.
    """
    send_to(
        membership.user,
        "portals/emails/ownership",
        notice_class="security" if sensitive else "transactional",
        copied_about=membership,
        membership=membership,
        greeted=membership,
        portal=portal,
        gained=gained,
        lost=lost,
        privileges=privileges,
    )


def announce_endings(
    *, reader: User, customer: Customer, held: Iterable[Any], renew: Iterable[Any]
) -> None:
    """Tell one person which grants end soon: their own (`held`), and those they may `renew`."""
    send_to(
        reader,
        "portals/emails/endings",
        notice_class="transactional",
        path=reverse("portals:expiring-access", args=[customer.slug]),
        zone=customer.zone,
        customer=customer,
        held=[(grant, _link_to_keep(customer, grant)) for grant in held],
        renew=list(renew),
    )


def _link_to_keep(customer: Customer, grant: Any) -> str:
    """Return the link to a request, already filled in, to keep a grant that ends."""
    privilege, resource = grant.permission.privilege, grant.content_object
    query = {
        "portal": privilege.portal.slug,
        "type": resource.resource_type.code,
        "resource": resource.external_id,
        "privilege": privilege.codename,
    }
    path = reverse("portals:request-new", args=[customer.slug])
    return absolute(f"{path}?{urlencode(query)}")


def remind_of_review(review: AccessReview, actor: User, reviewers: Iterable[Membership]) -> None:
    """Tell these Super Users that a colleague asks them to finish a review."""
    for membership in reviewers:
        _tell_about_review(review, membership, "asked", who=actor)


def tell_about_review(review: AccessReview, kind: str) -> None:
    """Tell the Super Users about an open review; `kind` picks the sentence.

    Whoever began it knows that it has begun, and gets no email about that.
    """
    memberships = super_users_of(review.customer)
    if kind == "begun":
        memberships = memberships.exclude(user=review.begun_by_id)
    for membership in memberships:
        _tell_about_review(review, membership, kind)


def tell_about_lost_access(actor: User, review: AccessReview, items: Sequence[ReviewItem]) -> None:
    """Tell people what a review took from them or from one of their teams, in one email each."""
    customer = review.customer
    lost: dict[User, list[ReviewItem]] = {}
    members = people_in_teams({item.team_id for item in items if item.team_id})
    for item in items:
        people = members.get(item.team_id or 0, [])
        for person in [item.membership.user] if item.membership else people:
            lost.setdefault(person, []).append(item)
    for person, their_items in lost.items():
        if person == actor or not person.is_active:
            continue
        send_to(
            person,
            "portals/emails/lost_access",
            notice_class="transactional",
            path=reverse("portals:request-new", args=[customer.slug]),
            zone=customer.zone,
            actor=actor,
            company=customer,
            removed=[item for item in their_items if item.decision == ReviewDecision.REMOVE],
            reduced=[item for item in their_items if item.decision == ReviewDecision.REDUCE],
        )


def _tell_about_review(
    review: AccessReview, membership: Membership, kind: str, who: User | None = None
) -> None:
    send_to(
        membership.user,
        "portals/emails/review",
        notice_class="transactional",
        path=reverse("portals:review", args=[review.customer.slug, review.uuid]),
        zone=review.customer.zone,
        kind=kind,
        who=who,
        review=review,
        company=review.customer,
    )
