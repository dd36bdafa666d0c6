"""Start-up of the portals app."""

from django.apps import AppConfig


class PortalsConfig(AppConfig):
    """Connects this app to the memberships, invitations, teams and requests of accounts."""

    name = "portals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers, and register what this app adds to the pages of accounts."""
        from accounts.choices import register_event_sentences, register_event_words
        from accounts.selectors import register_answering, register_request_search
        from accounts.selectors.event_details import register_event_details
        from portals import receivers
        from portals.choices import SENTENCES
        from portals.selectors.answering import answering_access
        from portals.selectors.event_details import DETAILS, IDENTITIES, PUBLIC_FACTS, WORDS
        from portals.selectors.requests import by_requested_resource
        from portals.services import undo_handlers

        register_event_sentences(SENTENCES)
        register_event_details(DETAILS, IDENTITIES)
        register_event_words(WORDS, PUBLIC_FACTS)
        receivers.connect()
        undo_handlers.register()
        register_request_search(by_requested_resource)
        register_answering(answering_access)
