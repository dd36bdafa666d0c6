"""The feed of published versions, for readers who want to learn of changes without an account."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.syndication.views import Feed
from django.urls import reverse_lazy
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from compliance.emails import version_path
from compliance.models import PolicyVersion
from compliance.selectors import public_versions
from compliance.views.public import readers_language

MOST = 50


class PolicyFeed(Feed):
    """The latest published versions, as Atom."""

    feed_type = Atom1Feed
    link = reverse_lazy("compliance:policies")

    def title(self) -> str:
        """Return the title of the feed."""
        return _("Policies of %(brand)s") % {"brand": settings.HUB_BRAND_NAME}

    def subtitle(self) -> str:
        """Return what the feed is about."""
        return _("Every version that is published, and the day it takes effect.")

    def items(self) -> list[PolicyVersion]:
        """Return the versions, newest first."""
        return list(public_versions().order_by("-published_at", "-pk")[:MOST])

    def item_title(self, item: PolicyVersion) -> str:
        """Return a version's title and number."""
        return _("%(policy)s, version %(number)s") % {"policy": item.title, "number": item.number}

    def item_description(self, item: PolicyVersion) -> str:
        """Return the summary of the changes."""
        return item.in_language("summary", readers_language())

    def item_link(self, item: PolicyVersion) -> str:
        """Return the page of a version."""
        return version_path(item)

    def item_pubdate(self, item: PolicyVersion) -> datetime | None:
        """Return when it was published."""
        return item.published_at

    def item_updateddate(self, item: PolicyVersion) -> datetime | None:
        """Return when it last changed: it can only be withdrawn."""
        return item.withdrawn_at or item.published_at


policy_feed = login_not_required(require_safe(PolicyFeed()))
