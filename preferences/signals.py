"""What follows from a migration, and from a person's new address."""

from typing import Any

from django.apps import apps

OPERATOR_PERMISSIONS = [
    "add_topic", "change_topic", "view_topic", "view_noticeclass", "add_activation",
    "view_activation", "view_choice", "view_recipient", "view_consentrecord", "view_message",
    "view_deliverydecision", "add_campaign", "change_campaign", "view_campaign", "view_candidate",
    "send_topic_campaign", "send_notice_campaign", "view_reseller", "add_reseller",
    "delete_reseller", "view_deliveryevent", "view_escalation", "settle_escalation",
]  # fmt: skip


def create_notice_classes(**_: Any) -> None:
    """Write the rows of the closed list that are missing."""
    from preferences.choices import NoticeCode
    from preferences.models import NoticeClass

    NoticeClass.objects.bulk_create(
        [NoticeClass(code=code) for code in NoticeCode.values], ignore_conflicts=True
    )


def allow_operators(**_: Any) -> None:
    """Operators keep the topics and read the rest."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    create_permissions(apps.get_app_config("preferences"), verbosity=0)
    operators, _created = Group.objects.get_or_create(name="Operators")
    operators.permissions.add(
        *Permission.objects.filter(
            content_type__app_label="preferences", codename__in=OPERATOR_PERMISSIONS
        )
    )


def periodic_tick(**_: Any) -> None:
    """Start and end campaigns, and hand out the digests that are due."""
    from preferences.gate.digests import due_readers
    from preferences.services.campaigns import start_due_campaigns
    from preferences.tasks import TOPIC_PRIORITY, deliver_digest

    start_due_campaigns()
    for recipient in due_readers():
        deliver_digest.using(priority=TOPIC_PRIORITY).enqueue(recipient)


def addresses_changed(**_: Any) -> None:
    """What was refused at addresses that no service wrote holds for who has them now (R44)."""
    from preferences.services.recipients import follow_changed_addresses

    follow_changed_addresses(actor=None)


def escalations_due(**_: Any) -> None:
    """Follow what came back, one step each."""
    from preferences.services.escalations import run_escalations

    run_escalations()


def person_saved(*, instance: Any, update_fields: Any = None, **_: Any) -> None:
    """What was refused at a person's new address stays refused (R44)."""
    from preferences.services.recipients import follow_address

    if update_fields is None or "email" in update_fields:
        follow_address(actor=None, recipient=instance.recipient)


def reseller_panel(**shown: Any) -> str:
    """The mark of a reseller on the provider's page of a customer."""
    from preferences.views import resellers

    return resellers.reseller_panel(**shown)


def membership_ended(*, membership: Any, **_: Any) -> dict[str, Any]:
    """Contact roles, and what a company added, end with the place in it."""
    from preferences.services.customer_email import drop_mail_of_leaver

    return drop_mail_of_leaver(membership=membership)


def collect_copy_recipients(*, customer: Any, notice_class: str, **_: Any) -> Any:
    """Who is a company's contact for this class, or was added to it."""
    from preferences.selectors import contacts_for

    return contacts_for(customer, notice_class)
