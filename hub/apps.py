"""Start-up of the composing app."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    """Owns no model."""

    name = "hub"
