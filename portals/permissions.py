"""Guards of this app: who may give, ask for, review, report and export access."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership, Team, User
from accounts.permissions import RequestRefused, require_fresh_sign_in
from accounts.selectors import super_users_of
from portals.choices import ROOT_TYPE
from portals.decision import permitted_privileges
from portals.models import AccessReview, Portal, Privilege, Resource, ReviewItem, TeamGrant
from portals.selectors.accessible import resources_with_access
from portals.selectors.effective_access import explain
from portals.selectors.privileges import is_sensitive, sensitive_among
from portals.selectors.requests import open_requested_grants


class GrantRefused(ValidationError):
    """A grant or an offer that cannot be made; the message says why."""


class ReviewRefused(ValidationError):
    """An access review, or a decision in it, that cannot be made; the message says why."""


def require_sensitive_conditions(
    *,
    actor: User,
    grantees: Iterable[int],
    privilege: Privilege,
    reason: str,
    signed_in_at: datetime | None,
) -> None:
    """Refuse a sensitive privilege without a reason or a fresh sign-in, or for the actor (B9).

    `grantees` are the keys of the users who would gain it. Raises GrantRefused naming the field,
    or FreshSignInRequired.
    """
    if not is_sensitive(privilege):
        return
    if actor.pk in set(grantees):
        raise GrantRefused(
            {
                "privilege": _(
                    "You can't give yourself a sensitive permission. Ask another Super User."
                )
            }
        )
    if not reason.strip():
        raise GrantRefused({"reason": _("This permission is sensitive. Enter a reason.")})
    require_fresh_sign_in(signed_in_at)


def require_sensitive_team_conditions(
    *,
    actor: User,
    team: Team,
    membership: Membership | None,
    reason: str,
    signed_in_at: datetime | None,
    conditions_checked_at: datetime | None = None,
) -> list[TeamGrant]:
    """Refuse to add somebody to a team with sensitive grants as the grants would be refused (B9).

    Return those grants. `membership` is None for an invited person. An invitation was checked at
    `conditions_checked_at`, and a sensitive grant that the team got after that is refused. Raises
    GrantRefused or FreshSignInRequired.
    """
    grants = TeamGrant.objects.filter(group=team.group).select_related(
        "permission__privilege__portal", "content_object__subscription__customer"
    )
    sensitive_keys = sensitive_among([grant.permission.privilege for grant in grants])
    sensitive = [grant for grant in grants if grant.permission_id in sensitive_keys]
    if not sensitive:
        return []
    if conditions_checked_at is not None and any(
        grant.granted_at > conditions_checked_at for grant in sensitive
    ):
        raise GrantRefused(
            _("This team now has a sensitive permission. Add the person to the team again.")
        )
    if membership is not None and membership.user_id == actor.pk:
        raise GrantRefused(
            _(
                "You can't add yourself to a team with a sensitive permission. Ask "
                "another Super User."
            )
        )
    if not reason.strip():
        raise GrantRefused({"reason": _("This team has a sensitive permission. Enter a reason.")})
    require_fresh_sign_in(signed_in_at)
    return sensitive


def require_requestable(
    membership: Membership,
    resource: Resource,
    privilege: Privilege,
    linked_resource: Resource | None = None,
) -> None:
    """Refuse a request for a privilege that this person may not ask for.

    A person may ask about portals of their company, about resources they have access to, and about
    the one that a portal's link named. They may ask again for a privilege that ends soon. Raises
    RequestRefused.
    """
    matches_type = privilege.resource_type_id == resource.resource_type_id
    in_company = resource.subscription.customer_id == membership.customer_id
    is_known = (
        resource.resource_type.code == ROOT_TYPE
        or resource == linked_resource
        or resources_with_access(membership).filter(pk=resource.pk).exists()
    )
    if not (matches_type and in_company and is_known):
        raise RequestRefused(
            {"privileges": _("This permission doesn't exist for this resource. Choose another.")}
        )
    names = {"privilege": privilege, "resource": resource}
    has = permitted_privileges(membership.user, resource).filter(pk=privilege.pk).exists()
    if has and not _ends_soon(membership, resource, privilege):
        raise RequestRefused(
            {"privileges": _("You already have “%(privilege)s” on %(resource)s.") % names},
            code="held",
        )
    if open_requested_grants(membership).filter(resource=resource, privilege=privilege).exists():
        raise RequestRefused(
            {
                "privileges": _("You have already asked for “%(privilege)s” on %(resource)s.")
                % names
            },
            code="already_asked",
        )


def _ends_soon(membership: Membership, resource: Resource, privilege: Privilege) -> bool:
    [access] = explain(membership, [resource])
    return any(entry.ends_soon for entry in access.privileges if entry.privilege == privilege)


def require_portal_name(portal: Portal, confirmation_name: str) -> None:
    """Raise RequestRefused unless the text is the portal's name, in any language."""
    if confirmation_name.strip().casefold() not in {
        name.casefold() for name in portal.labels.values()
    }:
        raise RequestRefused(
            {"confirmation_name": _("Type the name of the portal exactly: %s.") % portal}
        )


def require_reported_resource(portal: Portal, resource: Resource) -> None:
    """Raise PermissionDenied unless this portal reports the resource, which is no subscription."""
    resource_type = resource.resource_type
    if resource_type.portal_id != portal.pk or resource_type.code == ROOT_TYPE:
        raise PermissionDenied("not a resource this portal reports")


def require_open_review(review: AccessReview) -> None:
    """Raise ReviewRefused for a review that has ended."""
    if not review.is_open:
        raise ReviewRefused(_("This review is closed."), code="over")


def refuse_own_review(actor: User, customer: Customer, item: ReviewItem) -> bool:
    """Raise ReviewRefused for the actor's own access while another Super User could review it.

    Return whether the access is the actor's own.
    """
    if not item.concerns(actor):
        return False
    if super_users_of(customer).exclude(user=actor).exists():
        raise ReviewRefused(
            _("You can't review your own access. Ask another Super User."), code="own"
        )
    return True
