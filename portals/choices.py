"""Choices of this app, and the sentences of its audit events."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ROOT_TYPE = "subscription"  # every portal's root resource type, one resource per subscription
OPEN_PRIVILEGE = "open"  # on the root: portal access


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
    OTHER = "other", _("Other")


class Scope(TextChoices):
    """A scope of a portal's token."""

    ACCESS_CHECK = "access:check", _("Ask who may do what to its resources")
    RESOURCES_WRITE = "resources:write", _("Tell the hub which resources exist")
    PREFERENCES_READ = "preferences:read", _("Ask whether a mail may be sent")


class RenewalLength(TextChoices):
    """For how long a grant is renewed, from now."""

    SAME = "same", _("As long as before")
    MONTH = "30", _("30 days")
    QUARTER = "90", _("90 days")
    WITHOUT_END = "none", _("Without end")


class Reason(TextChoices):
    """The reason of a decision; every no has the same one, so that it reveals nothing."""

    ROLE = "role", _("Super User")
    OWNER = "owner", _("Owner")
    GRANT = "grant", _("Granted directly")
    TEAM = "team", _("Through a team")
    NOT_ALLOWED = "not_allowed", _("Not allowed")


class ReviewState(TextChoices):
    """The state of an access review."""

    OPEN = "open", pgettext_lazy("review", "Open")
    FINISHED = "finished", pgettext_lazy("review", "Finished")
    NOT_FINISHED = "not_finished", pgettext_lazy("review", "Not finished")


class ItemKind(TextChoices):
    """The subject of one line of a review."""

    PERSON = "person", _("A right of a person")
    TEAM = "team", _("A right of a team")
    ROLE = "role", _("The role of a person")
    OWNER = "owner", _("A resource that somebody owns")


class ReviewDecision(TextChoices):
    """A Super User's decision about one line; the last one is recorded where access has changed."""

    KEEP = "keep", pgettext_lazy("decision", "Keep")
    REDUCE = "reduce", pgettext_lazy("decision", "Reduce")
    REMOVE = "remove", pgettext_lazy("decision", "Remove")
    OVERTAKEN = "overtaken", pgettext_lazy("decision", "Changed meanwhile")


class PermissionChange(TextChoices):
    """What a portal's manifest changed about a permission; `other` is one that it includes."""

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
    "portal.credentials_issued": _("%(actor)s issued new credentials to %(portal)s."),
    "subscription.started": _("%(actor)s subscribed the customer to %(portal)s."),
    "subscription.status_changed": _("%(actor)s set the subscription to %(portal)s: %(status)s."),
    "resources.changed": _(
        "%(portal_name)s reported its resources (%(type)s): %(added)s added, %(changed)s changed,"
        " %(removed)s removed."
    ),
    "resources.returned": _(
        "%(portal_name)s reported removed resources again (%(type)s): %(count)s. Access that came"
        " back: %(rights)s."
    ),
    "resources.ended": _(
        "Resources that %(portal_name)s removed can't come back any more (%(type)s): %(count)s."
        " Access that ended for good: %(rights)s."
    ),
    "resources.moved": _(
        "%(portal_name)s moved resources to another company (%(type)s): %(count)s. Access that"
        " ended: %(rights)s."
    ),
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
    "grant.replaced": _("%(actor)s changed %(grantee)s's “%(privilege)s” on %(resource)s."),
    "grant.revoked": _("%(actor)s took “%(privilege)s” on %(resource)s from %(grantee)s."),
    "grant.taken_back": _(
        "%(actor)s undid a leaving: %(grantee)s no longer has “%(privilege)s” on %(resource)s."
    ),
    "grant.reinstated": _(
        "%(actor)s gave %(grantee)s back “%(privilege)s” on %(resource)s, just taken away."
    ),
    "grant.offered": _("%(actor)s offered %(address)s “%(privilege)s” on %(resource)s."),
    "grants.announced": _("%(actor)s announced the end of rights that end soon: %(count)s."),
    "access.changed_by_portal": _(
        "%(actor)s changed the permissions of %(portal)s. Access that ended: %(ended)s."
    ),
    "access.exported": _("%(actor)s exported who may do what."),
    "access.exported_of_person": _("%(actor)s exported what %(person)s may do."),
    "access.exported_on_resource": _("%(actor)s exported who may do what on %(resource)s."),
    "review.begun": _("%(actor)s began an access review."),
    "review.part_saved": _(
        "%(actor)s reviewed the rights of %(grantee)s: %(kept)s kept, %(reduced)s reduced,"
        " %(removed)s removed, %(overtaken)s changed meanwhile."
    ),
    "review.own_part_saved": _(
        "%(actor)s, the only Super User, reviewed their own rights: %(kept)s kept, %(reduced)s"
        " reduced, %(removed)s removed, %(overtaken)s changed meanwhile."
    ),
    "review.finished": _(
        "%(actor)s finished the access review: %(kept)s kept, %(reduced)s reduced, %(removed)s"
        " removed, %(overtaken)s changed meanwhile."
    ),
    "review.not_finished": _(
        "The access review ended without being finished: %(percent)s%% reviewed. Nothing was"
        " removed by that."
    ),
    "preset.created": _("%(actor)s made the preset %(preset)s."),
    "preset.changed": _("%(actor)s changed the preset %(preset)s."),
    "preset.deleted": _("%(actor)s deleted the preset %(preset)s."),
    "registration.made": _("%(person)s was registered for %(portal)s."),
}
