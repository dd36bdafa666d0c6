"""Choices of this app, and the sentences of its audit events."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

RESOURCE = "{resource}"  # the place of a resource's name in a privilege's phrase
ROOT_TYPE = "subscription"  # every portal's root resource type, one resource per subscription
OPEN_PRIVILEGE = "open"  # on the root: portal access
HUB_SESSION_KEY = "portals.hub_session"  # in a hub session: the name that its portals know


class SubscriptionStatus(TextChoices):
    """A customer's use of a portal."""

    ACTIVE = "active", pgettext_lazy("subscription", "Active")
    SUSPENDED = "suspended", pgettext_lazy("subscription", "Suspended")
    ENDED = "ended", pgettext_lazy("subscription", "Ended")


class PortalKind(TextChoices):
    """The kind of a portal; pages choose its icon by it."""

    WEBMAIL = "webmail", _("Webmail")
    STATISTICS = "statistics", _("Usage statistics")
    TICKETING = "ticketing", _("Support tickets")
    DOMAINS = "domains", _("Domains")
    BILLING = "billing", _("Billing")
    OTHER = "other", _("Other")


class Scope(TextChoices):
    """A scope of a portal's token."""

    ACCESS_CHECK = "access:check", _("Check who has access to its resources")
    RESOURCES_WRITE = "resources:write", _("Report which resources exist")
    PREFERENCES_READ = "preferences:read", _("Check whether an email may be sent")
    LOGS_TABULATE = "logs:tabulate", _("Put together the logs that a company asked for")
    AUTHORISATIONS_READ = "authorisations:read", _("Check what a company authorised")
    BILLING_WRITE = "billing:write", _("Report payments")


# The scopes that only portals of one kind get.
SCOPE_KINDS = {Scope.BILLING_WRITE: PortalKind.BILLING}


def scopes_for(kind: str) -> list[str]:
    """Return the scopes that a portal of this kind can have."""
    return [scope.value for scope in Scope if SCOPE_KINDS.get(scope, kind) == kind]


class SignInScope(TextChoices):
    """A scope that a portal asks for when a person signs in (OpenID Connect)."""

    OPENID = "openid", _("Your account number")
    PROFILE = "profile", _("Your name and language")
    EMAIL = "email", _("Your email address")
    COMPANY = "company", _("Your company and your role in it")
    GROUPS = "groups", _("Your company, role and teams as group names")
    PERMISSIONS = "permissions", _("Your permissions in this portal")
    OFFLINE_ACCESS = "offline_access", _("Permission to keep you signed in")


class SessionEnd(TextChoices):
    """The reason why a session in a portal ended."""

    SIGN_OUT = "sign_out", pgettext_lazy("session", "Signed out")
    ENDED = "ended", pgettext_lazy("session", "Ended from another device or by support")
    ACCESS = "access", pgettext_lazy("session", "Access removed")
    COMPANY = "company", pgettext_lazy("session", "Continued for another company")
    REPLAY = "replay", pgettext_lazy("session", "A code or token was used twice")
    PORTAL = "portal", pgettext_lazy("session", "Ended by the portal")
    LAPSED = "lapsed", pgettext_lazy("session", "Not used for a month")


class AccessEnd(TextChoices):
    """When access ends, as the form offers it."""

    NEVER = "never", _("No end date")
    DAYS = "30-days", _("30 days")
    MONTHS = "3-months", _("3 months")
    YEAR = "year", _("End of the year")
    DATE = "date", _("Another day")


class RenewalLength(TextChoices):
    """For how long a grant is renewed, from now."""

    SAME = "same", _("Same length")
    MONTH = "30", _("30 days")
    QUARTER = "90", _("90 days")
    WITHOUT_END = "none", _("No end date")


class Reason(TextChoices):
    """The reason of a decision; every no has the same one, so that it reveals nothing."""

    ROLE = "role", _("Super User")
    OWNER = "owner", _("Owner")
    GRANT = "grant", _("Direct")
    TEAM = "team", _("Through a team")
    NOT_ALLOWED = "not_allowed", _("Not allowed")


class ReviewState(TextChoices):
    """The state of an access review."""

    OPEN = "open", pgettext_lazy("review", "Open")
    FINISHED = "finished", pgettext_lazy("review", "Finished")
    NOT_FINISHED = "not_finished", pgettext_lazy("review", "Not finished")


class ItemKind(TextChoices):
    """The subject of one line of a review."""

    PERSON = "person", _("Permission of a person")
    TEAM = "team", _("Permission of a team")
    ROLE = "role", _("Role of a person")
    OWNER = "owner", _("Resource with an owner")


class ReviewDecision(TextChoices):
    """A Super User's decision about one line; the last one is recorded where access has changed."""

    KEEP = "keep", pgettext_lazy("decision", "Keep")
    REDUCE = "reduce", pgettext_lazy("decision", "Reduce")
    REMOVE = "remove", pgettext_lazy("decision", "Remove")
    OVERTAKEN = "overtaken", pgettext_lazy("decision", "Changed by others")


class PermissionChange(TextChoices):
    """A manifest's change of a permission; `other` is one that it includes."""

    REMOVED = "removed", _("“%(privilege)s” no longer exists")
    INCLUDES = "includes", _("“%(privilege)s” now includes “%(other)s”")
    EXCLUDES = "excludes", _("“%(privilege)s” no longer includes “%(other)s”")
    BY_ROLE = "by_role", _("Super Users now have “%(privilege)s”")
    NOT_BY_ROLE = "not_by_role", _("Super Users no longer have “%(privilege)s”")


# Privilege code → its plain name as an access level; others show their label.
LEVEL_WORDS: dict[str, str | Promise] = {
    "open": pgettext_lazy("level", "Open"),
    "view": pgettext_lazy("level", "View"),
    "read": pgettext_lazy("level", "Read"),
    "reply": pgettext_lazy("level", "Reply"),
    "export": pgettext_lazy("level", "Export"),
    "use": pgettext_lazy("level", "Use"),
    "manage": pgettext_lazy("level", "Manage"),
}


SENTENCES = {
    "portal.applied": _("%(actor)s applied the manifest of %(portal)s: %(changes)s"),
    "portal.credentials_issued": _("%(actor)s issued new credentials to the %(portal)s portal."),
    "signing_key.added": _("%(actor)s added the signing key %(kid)s."),
    "signing_key.retired": _("%(actor)s retired the signing key %(kid)s."),
    "portal.opened": _("%(actor)s signed in to %(portal)s for %(customer_name)s."),
    "portal.consent_withdrawn": _("%(actor)s stopped sharing their data with %(portal)s."),
    "portal.left": _("%(actor)s ended their session in %(portal)s."),
    "portal.replayed": _(
        "A sign-in code or token for %(portal)s was used twice, so the session of %(person)s ended."
    ),
    "subscription.started": _("%(actor)s subscribed the company to %(portal)s."),
    "subscription.status_changed": _(
        "%(actor)s changed the subscription to %(portal)s to: %(status)s."
    ),
    "resources.changed": _(
        "%(portal_name)s reported its resources (%(type)s): %(added)s added, %(changed)s changed,"
        " %(removed)s removed."
    ),
    "resources.returned": _(
        "%(portal_name)s reported removed resources again (%(type)s): %(count)s. "
        "Permissions restored: %(privileges)s."
    ),
    "resources.ended": _(
        "Resources removed by %(portal_name)s can no longer be restored "
        "(%(type)s): %(count)s. Permissions ended: %(privileges)s."
    ),
    "resources.moved": _(
        "%(portal_name)s moved resources to another company (%(type)s): "
        "%(count)s. Permissions ended: %(privileges)s."
    ),
    "resources.exported": _("%(actor)s exported the list of resources (%(count)s)."),
    "resources.renamed": _(
        "%(portal_name)s renamed a resource (%(type)s): %(previous)s is now %(resource)s."
    ),
    "resources.owner_named": _("%(portal_name)s reported %(person)s as the owner of %(resource)s."),
    "resources.owner_ended": _(
        "%(portal_name)s reported that %(person)s no longer owns %(resource)s."
    ),
    "resources.owner_left": _("%(person)s left the company and no longer owns %(resource)s."),
    "resources.owner_restored": _(
        "%(actor)s undid the removal: %(person)s owns %(resource)s again."
    ),
    "grant.given": _("%(actor)s gave %(grantee)s “%(privilege)s” on %(resource)s."),
    "grant.replaced": _("%(actor)s changed “%(privilege)s” on %(resource)s for %(grantee)s."),
    "grant.revoked": _("%(actor)s removed “%(privilege)s” on %(resource)s from %(grantee)s."),
    "grant.taken_back": _(
        "%(actor)s undid giving access: %(grantee)s no longer has “%(privilege)s” on %(resource)s."
    ),
    "grant.reinstated": _(
        "%(actor)s undid a change: %(grantee)s has “%(privilege)s” on %(resource)s as before."
    ),
    "grant.offered": _("%(actor)s offered %(address)s “%(privilege)s” on %(resource)s."),
    "grants.announced": _("%(actor)s announced permissions that end soon: %(count)s."),
    "access.changed_by_portal": _(
        "%(actor)s changed the permissions of %(portal)s. Permissions ended: %(ended)s."
    ),
    "access.exported": _("%(actor)s exported the access of the company."),
    "access.exported_of_person": _("%(actor)s exported the access of %(person)s."),
    "access.exported_on_resource": _("%(actor)s exported the access to %(resource)s."),
    "review.begun": _("%(actor)s started an access review."),
    "review.reminded": _("%(actor)s reminded %(reviewers)s about the access review."),
    "review.part_saved": _(
        "%(actor)s reviewed the access of %(grantee)s: %(kept)s kept, "
        "%(reduced)s reduced, %(removed)s removed, %(overtaken)s changed "
        "meanwhile."
    ),
    "review.own_part_saved": _(
        "%(actor)s, the only Super User, reviewed their own access: %(kept)s "
        "kept, %(reduced)s reduced, %(removed)s removed, %(overtaken)s changed "
        "meanwhile."
    ),
    "review.finished": _(
        "%(actor)s finished the access review: %(kept)s kept, %(reduced)s reduced, %(removed)s"
        " removed, %(overtaken)s changed meanwhile."
    ),
    "review.not_finished": _(
        "The access review ended with %(percent)s%% reviewed. No access was removed."
    ),
    "preset.created": _("%(actor)s created the preset %(preset)s."),
    "preset.changed": _("%(actor)s changed the preset %(preset)s."),
    "preset.deleted": _("%(actor)s deleted the preset %(preset)s."),
    "registration.made": _("%(person)s got access to the %(portal)s portal."),
}
