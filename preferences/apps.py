"""Start-up of the preferences app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save


class PreferencesConfig(AppConfig):
    """What people want, and must, receive."""

    name = "preferences"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep the closed list in the database, add our sentences, check the codes in use."""
        from django.core.checks import register

        from accounts.choices import (
            register_event_codes,
            register_event_sentences,
            register_field_names,
        )
        from accounts.models import User
        from accounts.signals import collect_copy_recipients, membership_ended, periodic_tick
        from portals.signals import customer_page_shown
        from preferences import signals
        from preferences.choices import EVENT_SENTENCES, Digest, NoticeCode
        from preferences.choices.delivery_events import DELIVERY_EVENT_SENTENCES, ReachedHow
        from preferences.choices.fields import FIELD_NAMES
        from preferences.gate import providers
        from preferences.gate.codes import check_notice_codes

        customer_page_shown.connect(signals.reseller_panel, dispatch_uid="reseller")
        register_event_sentences(EVENT_SENTENCES)
        register_event_sentences(DELIVERY_EVENT_SENTENCES)
        register_field_names(FIELD_NAMES)
        register_event_codes({"category": NoticeCode, "digest": Digest, "how": ReachedHow})
        register(check_notice_codes)
        post_migrate.connect(signals.create_notice_classes, sender=self)
        post_migrate.connect(signals.allow_operators, sender=self)
        post_save.connect(signals.person_saved, sender=User)
        periodic_tick.connect(signals.periodic_tick, dispatch_uid="campaigns and digests")
        periodic_tick.connect(signals.addresses_changed, dispatch_uid="addresses")
        periodic_tick.connect(signals.escalations_due, dispatch_uid="escalations")
        collect_copy_recipients.connect(signals.collect_copy_recipients, dispatch_uid="contacts")
        membership_ended.connect(signals.membership_ended, dispatch_uid="company's mail")
        providers.connect()
