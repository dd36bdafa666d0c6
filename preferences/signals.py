"""What follows from a migration: the closed list in its table, and what operators may do."""

from typing import Any

from django.apps import apps

OPERATOR_PERMISSIONS = [
    "add_topic", "change_topic", "view_topic", "view_noticeclass", "view_choice",
    "view_consentrecord", "view_message", "view_deliverydecision",
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
