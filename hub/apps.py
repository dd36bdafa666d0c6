"""Start-up of the composing app."""

from importlib import import_module

from django.apps import AppConfig


class HubConfig(AppConfig):
    """Owns no model; decides which models the staff's admin shows: ours, and no library's."""

    name = "hub"

    def ready(self) -> None:
        """Register the admins of our apps alone."""
        for app in ("accounts", "preferences"):
            import_module(f"{app}.admin")
