"""Start-up of the accounts app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.urls import register_converter


class AccountsConfig(AppConfig):
    """People, customers, memberships, teams, invitations, requests and the activity log."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers, which need the models loaded, and fill the registries."""
        from accounts import receivers
        from accounts.addresses import NumberConverter
        from accounts.services import second_factor, undo_handlers

        register_converter(NumberConverter, "number")
        receivers.connect()
        undo_handlers.register()
        second_factor.register()
        post_migrate.connect(receivers.create_staff_groups, sender=self)
