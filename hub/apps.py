"""Start-up of the composing app."""

from importlib import import_module

from django.apps import AppConfig


class HubConfig(AppConfig):
    """The composing app. It registers the models of our own apps in the admin, no library's."""

    name = "hub"

    def ready(self) -> None:
        """Register the admins of our own apps only."""
        for app in ("accounts", "preferences", "compliance"):
            import_module(f"{app}.admin")
