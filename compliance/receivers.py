"""The answers of this app to signals: of Django, of the apps below, and of its own."""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.forms import Field

from accounts.models import Invitation, Membership, User
from compliance import tasks
from compliance.forms.invitations import PoliciesField, Shown
from compliance.models import SealedFile
from compliance.permissions import UseNotBegun, require_use
from compliance.registry.uses import RESELLER_ALERTS
from compliance.selectors import policies_of_invited
from compliance.selectors.uses import people_for
from compliance.services import announcements, closings, erasures, retention
from compliance.services.answers import answer_with_invitation
from compliance.services.authorisations import expire_authorisations, remind_of_authorisations
from compliance.services.due import alarm_of_overdue
from compliance.services.log_downloads import expire_log_requests
from compliance.services.log_lapses import withdraw_without_representative
from compliance.services.referrals import blank_old_referrals
from compliance.services.representatives import expire_representatives
from compliance.services.sealed_files import delete_expired_files
from compliance.views import authorisations
from compliance.views.public import readers_language
from preferences.models import Topic
from preferences.services.choices import TopicRefused

# Of the Privacy group: the codenames of this app's permissions. Those in apps below are of both.
PRIVACY_PERMISSIONS = [
    "add_policy", "view_policy", "change_policyversion", "view_policyversion",
    "publish_policyversion", "announce_policyversion", "add_acceptance", "view_acceptance",
    "view_announcement",
    "view_privacyrequest", "change_privacyrequest", "view_legalhold", "add_legalhold",
    "change_legalhold", "view_retentionrun", "add_retentionapproval", "view_closing",
    "add_breach", "view_breach", "change_breach", "release_breach", "hold_breach",
    "view_due_list", "view_representative", "change_representative",
    "view_logrequest", "change_logrequest", "add_authorisation", "view_authorisation",
    "change_authorisation",
]  # fmt: skip
# Of the Billing group. Money is a permission of its own: who decides a request does not record it.
BILLING_PERMISSIONS = ["view_logrequest", "view_charge", "record_payment", "view_rate", "add_rate"]
OPERATOR_PERMISSIONS = [
    "view_referral", "change_referral", "view_resellerrequest", "change_resellerrequest",
]  # fmt: skip
STAFF_GROUPS = {
    "Privacy": PRIVACY_PERMISSIONS,
    "Billing": BILLING_PERMISSIONS,
    "Operators": OPERATOR_PERMISSIONS,
}
PERMISSIONS_BELOW = [("accounts", "use_provider")]


def create_staff_groups(**_: Any) -> None:
    """Create the groups of this app's staff and give them their permissions, after a migration."""
    for app in ("accounts", "compliance"):
        create_permissions(apps.get_app_config(app), verbosity=0)
    for name, codenames in STAFF_GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        for app, codename in [*PERMISSIONS_BELOW, *(("compliance", code) for code in codenames)]:
            group.permissions.add(
                Permission.objects.get(content_type__app_label=app, codename=codename)
            )


def remind_of_policies(**_: Any) -> None:
    """Remind the people who have not answered a version that takes effect soon."""
    announcements.remind_of_policies()


def policies_of_invitation(
    *, invitation: Invitation, person: User | None, **_: Any
) -> dict[str, Field]:
    """Add the policies that an invited person has to answer to the page where they accept."""
    language = readers_language()
    shown = [Shown(item, language) for item in policies_of_invited(invitation, person)]
    return {"policies": PoliciesField(shown)} if shown else {}


def answer_policies(
    *,
    invitation: Invitation,
    membership: Membership,
    answers: dict[str, Any],
    network_address: str | None,
    browser: str,
    **_: Any,
) -> None:
    """Record what somebody agreed to when they accepted an invitation."""
    given: list[Shown] = answers.get("policies", [])
    answer_with_invitation(
        actor=membership.user,
        invitation=invitation,
        customer=membership.customer,
        given=[(each.item, each.language) for each in given],
        network_address=network_address,
        browser=browser,
    )


def alarm(**_: Any) -> None:
    """Tell staff about deadlines that were missed."""
    alarm_of_overdue()


def blank_referrals(**_: Any) -> None:
    """Remove the names and addresses of contacts that were referred a month ago."""
    blank_old_referrals()


def begin_reseller_alerts(*, person: User, topics: list[Topic], **_: Any) -> None:
    """Refuse a yes to reseller alerts before this use of the person's address has begun (L18)."""
    if any(topic.resellers_only for topic in topics):
        try:
            require_use(RESELLER_ALERTS, person)
        except UseNotBegun as error:
            raise TopicRefused(error) from error


def told_of_reseller_alerts() -> QuerySet[User]:
    """Return the people for whom this use of their address has begun, asked at each send (L18)."""
    return people_for(RESELLER_ALERTS)


def make_file(*, file: SealedFile, **_: Any) -> None:
    """Queue the job that makes a file."""
    tasks.make_own_data.enqueue(str(file.uuid))


def delete_files(**_: Any) -> None:
    """Delete the files whose days are over."""
    delete_expired_files()


def close_accounts(**_: Any) -> None:
    """Close the accounts whose days of grace are over."""
    closings.do_due_closings()


def erase_data(**_: Any) -> None:
    """Go on with the erasures that run."""
    erasures.go_on_with_erasures()


def delete_old_data(**_: Any) -> None:
    """Run the retention rules, once a day."""
    retention.run_retention()


def end_what_is_over(**_: Any) -> None:
    """End representatives, their log requests and authorisations whose time is over."""
    expire_representatives()
    withdraw_without_representative()
    expire_log_requests()
    remind_of_authorisations()
    expire_authorisations()


def authorisations_panel(**context: Any) -> str:
    """Return the panel about authorisations for the provider's page of a customer."""
    return authorisations.authorisations_panel(**context)


def send_privacy_link(*, address: str, kind: str, language: str, at: float, **_: Any) -> None:
    """Queue the job that looks the address up: whoever asked waits for it in no case."""
    tasks.send_privacy_link.enqueue(address, kind, language, at)
