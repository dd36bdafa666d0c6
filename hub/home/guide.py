"""The set-up guides: the first steps of a company, and of the provider.

A step is done when the data says so, and nothing else is stored but what was skipped. A guide
leads through its first steps and ends with them: what is left then is advice, which Home gives a
Super User anyway (company.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, BooleanField, Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices import COMPANY_STEPS, PROVIDER_STEPS, SetupStep
from accounts.models import Customer, Invitation, Membership, SkippedStep, User
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.factors import second_factors
from portals.choices import ROOT_TYPE
from portals.models import Portal, Resource
from portals.selectors.roots import OPENING

LEADING = {  # a guide is shown until these are done or skipped
    SetupStep.INVITE, SetupStep.RESOURCES, SetupStep.ACCESS,
    SetupStep.PORTAL, SetupStep.CUSTOMER, SetupStep.MAIN,
}  # fmt: skip
HINTS: dict[SetupStep, str | Promise] = {
    SetupStep.INVITE: _("They get an email and choose a password."),
    SetupStep.RESOURCES: _("Open a portal and add it there. The hub lists it at once."),
    SetupStep.ACCESS: _("Choose a person, then what they can do."),
    SetupStep.STAND_IN: _(
        "A second Super User can replace you when you are away. Open a person and change their"
        " role."
    ),
    SetupStep.FACTOR: _("A passkey or an app protects your account."),
    SetupStep.PORTAL: _("Describe the portal in a manifest and run “manage.py portal apply FILE”."),
    SetupStep.CUSTOMER: _("A company that buys from you, with its portals."),
    SetupStep.MAIN: _("This person then invites the others."),
    SetupStep.EMAIL: _("Set HUB_EMAIL_URL in the environment. Email is kept in files until then."),
    SetupStep.BRAND: _("Set HUB_BRAND_NAME, HUB_BRAND_LOGO and HUB_BRAND_ACCENT."),
}
# The hub itself lets people in, so each root may have a grant for everybody: there, each other
# permission is looked up. PostgreSQL never merges a sub-select that is no EXISTS into the query
# around it, where it might start from all grants or resources.
_HAS_ACCESS = f"""EXISTS (
    SELECT 1 FROM portals_subscription s
    JOIN portals_resource r ON r.subscription_id = s.id AND r.removed_at IS NULL
    WHERE s.customer_id = %s AND r.parent_id IS NOT NULL AND (
        SELECT g.id FROM portals_persongrant g WHERE g.content_object_id = r.id LIMIT 1
    ) IS NOT NULL)
OR EXISTS (
    SELECT 1 FROM portals_subscription s
    JOIN portals_resource r ON r.subscription_id = s.id AND r.parent_id IS NULL
    JOIN portals_privilege v ON v.portal_id = s.portal_id AND v.codename <> '{OPENING}'
    WHERE s.customer_id = %s AND (
        SELECT g.id FROM portals_persongrant g
        WHERE g.content_object_id = r.id AND g.permission_id = v.permission_id LIMIT 1
    ) IS NOT NULL)
OR EXISTS (
    SELECT 1 FROM accounts_team m
    JOIN portals_teamgrant g ON g.group_id = m.group_id
    JOIN portals_privilege v ON v.permission_id = g.permission_id AND v.codename <> '{OPENING}'
    JOIN portals_resource r ON r.id = g.content_object_id AND r.removed_at IS NULL
    WHERE m.customer_id = %s)"""  # noqa: S608 -- a fixed text
NO_SERVER = ("console", "dummy", "filebased", "locmem")  # transports that send nothing


@dataclass(frozen=True)
class Step:
    """One step of a guide; without `url`, the hint says all."""

    code: SetupStep
    url: str
    is_done: bool
    is_skipped: bool

    @property
    def label(self) -> str:
        """The task, in words."""
        return str(self.code.label)

    @property
    def hint(self) -> str:
        """How, or why."""
        return str(HINTS[self.code])

    @property
    def is_open(self) -> bool:
        """Whether it is neither done nor skipped."""
        return not (self.is_done or self.is_skipped)


@dataclass(frozen=True)
class Guide:
    """A guide, and the address that skips its steps."""

    steps: list[Step]
    skip_url: str

    @property
    def done(self) -> int:
        """The number of steps that are done or skipped."""
        return sum(not step.is_open for step in self.steps)


def company_flags(customer: Given, main: Given, now: Given) -> dict[str, Any]:
    """Return annotations of a customer that say which steps of its guide are done or skipped.

    `main` is the key of the main Super User's membership, or 0.
    """
    resources = Resource.objects.filter(subscription__customer=customer)
    members = Membership.objects.present(now).filter(customer=customer)
    invitations = Invitation.objects.filter(customer=customer, as_main_super_user=False)
    return {
        f"done_{SetupStep.INVITE}": Exists(invitations) | Exists(members.exclude(pk=main)),
        f"done_{SetupStep.RESOURCES}": Exists(resources.exclude(resource_type__code=ROOT_TYPE)),
        f"done_{SetupStep.ACCESS}": _has_access(customer),
        **_skipped(COMPANY_STEPS, customer=customer),
    }


def _has_access(customer: Given) -> RawSQL:
    """Return the condition that a person or a team has more access than to open portals."""
    return RawSQL(_HAS_ACCESS, [customer.blank] * 3, output_field=BooleanField())  # noqa: S611


def _skipped(steps: Sequence[SetupStep], **of: Any) -> dict[str, Any]:
    rows = SkippedStep.objects.filter(**of)
    return {f"skipped_{step}": Exists(rows.filter(step=step)) for step in (*steps, SetupStep.ALL)}


def company_guide(customer: Any) -> Guide | None:
    """Return the guide of a customer with the annotations of `company_flags`, while it leads.

    The customer says `has_stand_in` and `has_factor` of the reader, too.
    """
    people = reverse("portals:people", args=[customer.slug])
    done = {
        SetupStep.STAND_IN: customer.has_stand_in,
        SetupStep.FACTOR: customer.has_factor,
    }
    urls = {
        SetupStep.INVITE: reverse("portals:invite", args=[customer.slug]),
        SetupStep.RESOURCES: reverse("portals:resource-list", args=[customer.slug]),
        SetupStep.ACCESS: people,
        SetupStep.STAND_IN: people,
        SetupStep.FACTOR: reverse("mfa_index"),
    }
    skip_url = reverse("accounts:setup-skip", args=[customer.slug])
    return _guide(COMPANY_STEPS, vars(customer), done, urls, skip_url)


def provider_guide(user: User) -> Guide | None:
    """Return the provider's guide while it leads, in one statement."""
    [flags] = _PROVIDER_FLAGS.rows(user=user.pk)
    transport = settings.HUB_MAIL_TRANSPORT
    done = {
        SetupStep.EMAIL: not any(f".{name}." in transport for name in NO_SERVER),
        SetupStep.BRAND: bool(settings.HUB_BRAND_LOGO),
    }
    urls = {
        SetupStep.CUSTOMER: reverse("portals:provider-customer-create"),
        SetupStep.MAIN: reverse("accounts:provider"),
        SetupStep.FACTOR: reverse("mfa_index"),
    }
    skip_url = reverse("accounts:provider-setup-skip")
    return _guide(PROVIDER_STEPS, vars(flags), done, urls, skip_url)


def _provider_flags(user: Given) -> QuerySet[User]:
    """Return a person with the steps of the provider's guide that are done or skipped."""
    is_main_invited = Exists(Invitation.objects.filter(as_main_super_user=True))
    annotations: dict[str, Any] = {
        f"done_{SetupStep.PORTAL}": Exists(Portal.objects.all()),
        f"done_{SetupStep.CUSTOMER}": Exists(Customer.objects.all()),
        f"done_{SetupStep.MAIN}": is_main_invited
        | Exists(Customer.objects.exclude(main_super_user=None)),
        f"done_{SetupStep.FACTOR}": Exists(second_factors().filter(user=OuterRef("pk"))),
        **_skipped(PROVIDER_STEPS, customer=None),
    }
    rows: QuerySet[User] = User.objects.filter(pk=user).annotate(**annotations)
    return rows


_PROVIDER_FLAGS = ComposedQuery(_provider_flags, user=BigIntegerField())


def _guide(
    codes: Sequence[SetupStep],
    flags: dict[str, Any],
    done: dict[SetupStep, bool],
    urls: dict[SetupStep, str],
    skip_url: str,
) -> Guide | None:
    steps = [
        Step(
            code,
            urls.get(code, ""),
            bool(done[code] if code in done else flags[f"done_{code}"]),
            bool(flags[f"skipped_{code}"]),
        )
        for code in codes
    ]
    leads = any(step.is_open for step in steps if step.code in LEADING)
    is_hidden = flags[f"skipped_{SetupStep.ALL}"]
    return Guide(steps, skip_url) if leads and not is_hidden else None
