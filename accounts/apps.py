"""Start-up of the accounts app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Wires allauth's events to the audit trail and keeps the staff groups."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect receivers."""
        from accounts import signals
        from accounts.services import undo_handlers

        signals.connect()
        undo_handlers.register()
        post_migrate.connect(signals.create_staff_groups, sender=self)
