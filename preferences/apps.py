"""Start-up of the preferences app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save


class PreferencesConfig(AppConfig):
    """The email that people want and must receive."""

    name = "preferences"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers, register our texts in the activity log, and add our check."""
        from django.core.checks import register

        from accounts.choices import (
            register_event_codes,
            register_event_sentences,
            register_event_words,
            register_field_names,
        )
        from accounts.models import User
        from accounts.selectors.event_details import register_event_details
        from accounts.signals import (
            collect_copy_recipients,
            desk_person_shown,
            membership_ended,
            membership_restoring,
            periodic_tick,
        )
        from portals.signals import customer_page_shown
        from preferences import receivers
        from preferences.choices import Digest, NoticeCode
        from preferences.choices.delivery_events import DELIVERY_EVENT_SENTENCES, ReachedHow
        from preferences.choices.events import EVENT_SENTENCES
        from preferences.choices.fields import FIELD_NAMES
        from preferences.gate import providers
        from preferences.gate.codes import check_notice_codes
        from preferences.selectors.event_details import DETAILS, IDENTITIES, PUBLIC_FACTS, WORDS
        from preferences.signals import campaign_running

        register_event_sentences(EVENT_SENTENCES)
        register_event_sentences(DELIVERY_EVENT_SENTENCES)
        register_event_details(DETAILS, IDENTITIES)
        register_event_words(WORDS, PUBLIC_FACTS)
        register_field_names(FIELD_NAMES)
        register_event_codes({"category": NoticeCode, "digest": Digest, "how": ReachedHow})
        register(check_notice_codes)
        post_migrate.connect(receivers.create_notice_classes, sender=self)
        post_migrate.connect(receivers.allow_operators, sender=self)
        post_save.connect(receivers.person_saved, sender=User)
        for receiver, dispatch_uid in (
            (receivers.send_what_is_due, "campaigns and digests"),
            (receivers.look_up_changed_addresses, "addresses"),
            (receivers.take_escalation_steps, "escalations"),
        ):
            periodic_tick.connect(receiver, dispatch_uid=dispatch_uid)
        campaign_running.connect(receivers.campaign_runs, dispatch_uid="campaign jobs")
        collect_copy_recipients.connect(receivers.collect_copy_recipients, dispatch_uid="contacts")
        membership_ended.connect(receivers.membership_ended, dispatch_uid="company's mail")
        membership_restoring.connect(receivers.membership_restoring, dispatch_uid="company's mail")
        customer_page_shown.connect(receivers.reseller_panel, dispatch_uid="reseller")
        desk_person_shown.connect(receivers.bounces_panel, dispatch_uid="bounces")
        providers.connect()
