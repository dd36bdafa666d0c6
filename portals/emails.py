"""Mail this app sends."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.emails import absolute, send_copies, send_notice
from accounts.models import Customer, User
from accounts.selectors import super_users_of
from portals.models import AccessReview, PersonGrant, Privilege, Resource


def tell_about_sensitive_grant(
    actor: User, grantees: Iterable[int], privilege: Privilege, resource: Resource, reason: str
) -> None:
    """Tell those who gain a sensitive privilege, and those it is about.

    The latter are the people who already hold rights on this very thing: whose mailbox it is.
    """
    concerned = set(grantees) | set(
        PersonGrant.objects.filter(content_object=resource).values_list("user_id", flat=True)
    )
    gaining = User.objects.filter(pk__in=set(grantees))
    words: dict[str, Any] = {
        "template": "portals/emails/sensitive_grant",
        "notice_class": "security",
        "actor": actor,
        "grantees": gaining,
        "privilege": privilege,
        "resource": resource,
        "customer": resource.subscription.customer,
        "reason": reason,
    }
    told = {actor.email}
    for person in User.objects.filter(pk__in=concerned - {actor.pk}, is_active=True):
        send_notice(
            address=person.email,
            language=person.language,
            person=person,
            gaining=person in gaining,
            **words,
        )
        told.add(person.email)
    send_copies(concerned=list(gaining), besides=told, person=None, gaining=False, **words)


def announce_endings(
    *, reader: User, customer: Customer, held: Iterable[Any], renew: Iterable[Any]
) -> None:
    """Tell one person which rights end soon: those they hold, and those they may renew."""
    send_notice(
        template="portals/emails/endings",
        notice_class="transactional",
        address=reader.email,
        language=reader.language,
        reader=reader,
        customer=customer,
        held=[(grant, _link_to_keep(customer, grant)) for grant in held],
        renew=renew,
        link=absolute(reverse("portals:expiring-access", args=[customer.slug])),
    )


def _link_to_keep(customer: Customer, grant: Any) -> str:
    """Where whoever holds a right asks to keep it."""
    privilege, resource = grant.permission.privilege, grant.content_object
    named = {
        "portal": privilege.portal.slug,
        "type": resource.resource_type.code,
        "resource": resource.external_id,
        "privilege": privilege.codename,
    }
    path = reverse("portals:request-new", args=[customer.slug])
    return absolute(f"{path}?{urlencode(named)}")


def tell_about_review(review: AccessReview, kind: str) -> None:
    """Tell the Super Users about an open review; `kind` picks the sentence.

    Whoever began it knows that it has.
    """
    path = reverse("portals:review", args=[review.customer.slug, review.uuid])
    readers = super_users_of(review.customer)
    if kind == "begun":
        readers = readers.exclude(user=review.begun_by_id)
    for reader in readers:
        send_notice(
            template="portals/emails/review",
            notice_class="transactional",
            address=reader.user.email,
            language=reader.user.language,
            kind=kind,
            reader=reader.user,
            review=review,
            company=review.customer,
            link=absolute(path),
        )
