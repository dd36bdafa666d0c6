"""Start-up of the compliance app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ComplianceConfig(AppConfig):
    """The provider's duties to its people."""

    name = "compliance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers, register our texts in the activity log, and add our check."""
        from django.core.checks import Tags, register

        from accounts.choices import (
            register_event_codes,
            register_event_sentences,
            register_event_words,
            register_field_names,
        )
        from accounts.selectors.event_details import register_event_details
        from accounts.signals import invitation_answered, invitation_opened, periodic_tick
        from compliance import receivers
        from compliance.choices.events import EVENT_SENTENCES, FIELD_NAMES
        from compliance.choices.privacy_requests import PrivacyRequestKind
        from compliance.choices.representatives import Capacity
        from compliance.selectors import breaches
        from compliance.selectors.drift import check_notices
        from compliance.selectors.due import register_due_source
        from compliance.selectors.due_sources import SOURCES
        from compliance.selectors.event_details import DETAILS, IDENTITIES, PUBLIC_FACTS, WORDS
        from compliance.selectors.log_due import LOG_SOURCES
        from compliance.signals import privacy_link_asked, sealed_file_asked
        from portals.signals import customer_page_shown
        from preferences.audience import limit_reseller_topics
        from preferences.gate.holds import register_hold
        from preferences.signals import topics_wanted

        register_event_sentences(EVENT_SENTENCES)
        register_event_details(DETAILS, IDENTITIES)
        register_event_words(WORDS, PUBLIC_FACTS)
        register_field_names(FIELD_NAMES)
        register(check_notices, Tags.database, deploy=True)
        register_event_codes({"privacy_kind": PrivacyRequestKind, "capacity": Capacity})
        for source in (*SOURCES, *LOG_SOURCES, *breaches.SOURCES):
            register_due_source(source)
        post_migrate.connect(receivers.create_staff_groups, sender=self)
        periodic_tick.connect(receivers.remind_of_policies, dispatch_uid="policies")
        invitation_opened.connect(receivers.policies_of_invitation, dispatch_uid="policies")
        invitation_answered.connect(receivers.answer_policies, dispatch_uid="policies")
        register_hold(breaches.is_on_hold)
        limit_reseller_topics(receivers.told_of_reseller_alerts)
        periodic_tick.connect(receivers.delete_files, dispatch_uid="sealed files")
        periodic_tick.connect(receivers.blank_referrals, dispatch_uid="referrals")
        periodic_tick.connect(receivers.close_accounts, dispatch_uid="closings")
        periodic_tick.connect(receivers.erase_data, dispatch_uid="erasures")
        periodic_tick.connect(receivers.delete_old_data, dispatch_uid="retention")
        periodic_tick.connect(receivers.end_what_is_over, dispatch_uid="log requests")
        # After whatever ends by itself: that is no missed deadline.
        periodic_tick.connect(receivers.alarm, dispatch_uid="deadlines")
        topics_wanted.connect(receivers.begin_reseller_alerts, dispatch_uid="uses")
        customer_page_shown.connect(receivers.authorisations_panel, dispatch_uid="authorisations")
        sealed_file_asked.connect(receivers.make_file, dispatch_uid="sealed files")
        privacy_link_asked.connect(receivers.send_privacy_link, dispatch_uid="privacy links")
