"""Start-up of the portals app."""

from django.apps import AppConfig


class PortalsConfig(AppConfig):
    """Plugs into the life cycle of memberships and invitations."""

    name = "portals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect receivers and add our sentences to the trail."""
        from accounts.choices import register_event_sentences
        from portals import receivers
        from portals.choices import SENTENCES
        from portals.services import undo_handlers

        register_event_sentences(SENTENCES)
        receivers.connect()
        undo_handlers.register()
