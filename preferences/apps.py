"""Start-up of the preferences app."""

from django.apps import AppConfig


class PreferencesConfig(AppConfig):
    """What people want, and must, receive."""

    name = "preferences"
    default_auto_field = "django.db.models.BigAutoField"
