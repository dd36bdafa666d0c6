"""The answers of this app to signals: of Django, of the apps below, and of its own."""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from accounts.models import AuditEvent, Membership, User
from preferences.choices import NoticeCode
from preferences.gate.digests import due_recipients
from preferences.gate.escalation_steps import run_escalations
from preferences.gate.tasks import enqueue_digest, enqueue_dispatch
from preferences.models import Campaign, NoticeClass
from preferences.selectors import contacts_for
from preferences.services.campaigns import start_due_campaigns
from preferences.services.customer_email import drop_mail_of_leaver, restore_mail_of_member
from preferences.services.recipients import follow_address, follow_changed_addresses
from preferences.views import bounces, resellers

OPERATOR_PERMISSIONS = [
    "add_topic", "change_topic", "view_topic", "view_noticeclass", "add_activation",
    "view_activation", "view_choice", "view_recipient", "view_consentrecord", "view_message",
    "view_deliverydecision", "add_campaign", "change_campaign", "view_campaign", "view_candidate",
    "send_topic_campaign", "send_notice_campaign", "view_reseller", "add_reseller",
    "delete_reseller", "view_deliveryevent", "view_escalation", "settle_escalation",
]  # fmt: skip


def create_notice_classes(**_: Any) -> None:
    """Add the missing rows of the closed list, after a migration."""
    NoticeClass.objects.bulk_create(
        [NoticeClass(code=code) for code in NoticeCode.values], ignore_conflicts=True
    )


def allow_operators(**_: Any) -> None:
    """Give the Operators group its permissions in this app, after a migration."""
    create_permissions(apps.get_app_config("preferences"), verbosity=0)
    operators, _created = Group.objects.get_or_create(name="Operators")
    operators.permissions.add(
        *Permission.objects.filter(
            content_type__app_label="preferences", codename__in=OPERATOR_PERMISSIONS
        )
    )


def send_what_is_due(**_: Any) -> None:
    """Start and end campaigns, and queue the digests that are due."""
    start_due_campaigns()
    for recipient_pk in due_recipients():
        enqueue_digest(recipient_pk)


def look_up_changed_addresses(**_: Any) -> None:
    """Apply the opt-outs known for addresses that changed without a service of ours (R44)."""
    follow_changed_addresses(actor=None)


def take_escalation_steps(**_: Any) -> None:
    """Take every due escalation one step further."""
    run_escalations()


def person_saved(*, instance: Any, update_fields: Any = None, **_: Any) -> None:
    """Apply the opt-outs known for a person's new address (R44)."""
    if update_fields is None or "email" in update_fields:
        follow_address(actor=None, recipient=instance.recipient)


def campaign_runs(*, campaign: Campaign, slices: int, **_: Any) -> None:
    """Queue the jobs that send the campaign."""
    for _number in range(slices):
        enqueue_dispatch(campaign)


def reseller_panel(**context: Any) -> str:
    """Return the panel about resellers for the provider's page of a customer."""
    return resellers.reseller_panel(**context)


def bounces_panel(**context: Any) -> str:
    """Return the panel about bounced email for the desk's page of a person."""
    return bounces.bounces_panel(**context)


def membership_ended(*, membership: Membership, **_: Any) -> dict[str, Any]:
    """End contact roles, and the email that the company added. Return them for the event."""
    return drop_mail_of_leaver(membership=membership)


def membership_restoring(
    *, membership: Membership, actor: User, event: AuditEvent, **_: Any
) -> list[str]:
    """Restore what the company added when an undo brings a member back; name what it cannot."""
    return restore_mail_of_member(membership=membership, actor=actor, event=event)


def collect_copy_recipients(*, customer: Any, notice_class: str, **_: Any) -> Any:
    """Return the people who get a copy of a company's notices of this class."""
    return contacts_for(customer, notice_class)
