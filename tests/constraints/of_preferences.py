"""What the constraints and triggers of preferences refuse; the last statement is refused."""

from preferences.models import (
    Activation,
    Campaign,
    Candidate,
    Choice,
    ConsentRecord,
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    DeliveryDecision,
    DeliveryEvent,
    DeliveryProbe,
    Escalation,
    Message,
    NamedRecipient,
    NoticeClass,
    Recipient,
    Topic,
)
from tests.constraints.statements import (
    NOW,
    Statement,
    append_only,
    change,
    copy,
    first,
    remove,
    truncate,
    without,
)

OF_PERSON = "user_id IS NOT NULL"
SUBSCRIBER = {"user_id": "NULL", "address": "'sam@shop.example'", "language": "'en'"}
NO_STOP = {**SUBSCRIBER, "stopped_id": "NULL"}
DRAFT_OF_TOPIC = "state = 'draft' AND topic_id IS NOT NULL"
DRAFT_OF_CLASS = "state = 'draft' AND notice_class_id IS NOT NULL"
RUNNING = "state = 'running'"
NAMED = "named"
OF_CAMPAIGN = "campaign_id IS NOT NULL"
OF_CLASS = "state = 'queued' AND notice_class_id IS NOT NULL"
OF_TOPIC = "topic_id IS NOT NULL AND campaign_id IS NULL"
NEW_MESSAGE = {"message_id": "'<new@hub.example>'", "state": "'queued'"}
CLAIMED = first(Message, "state = 'claimed'")
QUEUED = first(Message, "state = 'queued'")
FREE_RECIPIENT = first(Recipient, "id NOT IN (SELECT recipient_id FROM preferences_candidate)")


def refused():
    return {**categories(), **consent(), **campaigns(), **messages(), **delivery_events()}


def categories():
    return {
        "notice_class_known": [
            Statement("INSERT INTO preferences_noticeclass (code) VALUES ('sales')")
        ],
        "one_activation_each": [copy(Activation)],
        **append_only(NoticeClass, Activation),
        "topic_is_no_notice_class": [change(Topic, slug="'legal'")],
        "topic_basis_known": [change(Topic, "NOT default_on", basis="'habit'")],
        "resellers_subscribe_to_their_alerts": [
            change(Topic, "basis = 'implied'", resellers_only="TRUE")
        ],
        "one_referral_topic": [change(Topic, "slug = 'promotions'", basis="'referral'")],
        "on_by_default_is_implied_consent": [change(Topic, default_on="TRUE", basis="'express'")],
        "denied_once": [copy(CustomerTopicDenial)],
        "added_to_one_category": [
            change(CustomerRecipient, "topic_id IS NOT NULL", notice_class_id="'legal'")
        ],
        "added_to_topic_once": [copy(CustomerRecipient, "topic_id IS NOT NULL")],
        "added_to_class_once": [copy(CustomerRecipient, "topic_id IS NULL")],
        "contact_once": [copy(ContactRole)],
        "contact_kind_known": [change(ContactRole, kind="'friend'")],
    }


def consent():
    return {
        "recipient_is_person_or_subscriber": [
            copy(Recipient, OF_PERSON, user_id="NULL", stopped_id="NULL")
        ],
        "subscriber_address_is_lower_case": [
            copy(Recipient, OF_PERSON, **{**NO_STOP, "address": "'Sam@shop.example'"})
        ],
        "digest_known": [change(Recipient, digest="'hourly'")],
        "only_a_subscriber_is_followed": [change(Recipient, OF_PERSON, followed_by_id="id")],
        "one_subscriber_of_an_address": [
            copy(Recipient, OF_PERSON, **NO_STOP),
            copy(Recipient, OF_PERSON, **NO_STOP),
        ],
        "recipient_stop_follows_consent_insert": [
            copy(Recipient, OF_PERSON, **SUBSCRIBER, stopped_id=first(ConsentRecord))
        ],
        "recipient_stop_follows_consent_update": [
            change(Recipient, OF_PERSON, stopped_id=first(ConsentRecord))
        ],
        "recipient_stays_update": [change(Recipient, OF_PERSON, **SUBSCRIBER)],
        "recipient_stays_delete": [remove(Recipient)],
        "recipient_stays_truncate": [truncate(Recipient)],
        "consent_source_known": [copy(ConsentRecord, source="'hearsay'")],
        "consent_basis_known": [copy(ConsentRecord, basis="'hope'")],
        "only_a_yes_to_a_topic_is_implied": [
            copy(ConsentRecord, basis="'purchase'", wants="FALSE")
        ],
        "opt_out_source_never_enrols": [copy(ConsentRecord, source="'one_click'")],
        "undo_is_a_yes": [
            copy(ConsentRecord, source="'mail_link'", wants="FALSE", actor_id="NULL"),
            copy(ConsentRecord, source="'undo'", wants="FALSE", actor_id="NULL"),
        ],
        "undo_follows_a_stop_insert": [copy(ConsentRecord, source="'undo'")],
        "implied_consent_undoes_no_opt_out_insert": [
            copy(ConsentRecord, wants="FALSE"),
            copy(ConsentRecord, basis="'purchase'"),
        ],
        **append_only(ConsentRecord),
        "one_choice": [
            without("choice_follows_consent_insert"),
            without("choice_of_consent"),
            copy(ConsentRecord),
            copy(Choice, consent_id="(SELECT MAX(id) FROM preferences_consentrecord)"),
        ],
        "choice_follows_consent_insert": [copy(Choice, wants="NOT wants")],
        "choice_follows_consent_update": [change(Choice, wants="NOT wants")],
        "choice_follows_consent_delete": [remove(Choice)],
        "choice_follows_consent_truncate": [truncate(Choice)],
    }


def campaigns():
    return {
        "a_topic_has_its_own_portal": [
            change(Campaign, DRAFT_OF_TOPIC, portal_id="(SELECT MIN(id) FROM portals_portal)")
        ],
        "campaign_has_one_category": [change(Campaign, DRAFT_OF_TOPIC, notice_class_id="'legal'")],
        "promotional_campaign_has_a_topic": [change(Campaign, DRAFT_OF_CLASS, promotional="TRUE")],
        "only_a_notice_names_its_audience": [
            change(Campaign, NAMED, portal_id="(SELECT MIN(id) FROM portals_portal)")
        ],
        "campaign_keeps_its_kind_of_audience_update": [change(Campaign, NAMED, named="FALSE")],
        "named_once": [copy(NamedRecipient)],
        **append_only(NamedRecipient),
        "recipient_is_named_before_sending": [
            change(Campaign, NAMED, state="'running'"),
            copy(NamedRecipient, recipient_id=FREE_RECIPIENT),
        ],
        "candidate_of_named_audience": [
            copy(Candidate, recipient_id=FREE_RECIPIENT, campaign_id=first(Campaign, NAMED))
        ],
        "campaign_state_known": [change(Campaign, state="'lost'")],
        "scheduled_campaign_has_both_languages": [
            change(Campaign, DRAFT_OF_TOPIC, state="'scheduled'", body_fr="''")
        ],
        "no_campaign_of_referrals_insert": [
            copy(Campaign, DRAFT_OF_TOPIC, topic_id=first(Topic, "basis = 'referral'"))
        ],
        "no_campaign_of_referrals_update": [
            change(Campaign, DRAFT_OF_TOPIC, topic_id=first(Topic, "basis = 'referral'"))
        ],
        "sent_campaign_keeps_its_text_update": [change(Campaign, RUNNING, subject_en="'Other'")],
        "sent_campaign_keeps_its_text_delete": [remove(Campaign, RUNNING)],
        "campaign_ends_for_good_update": [
            change(Campaign, RUNNING, state="'cancelled'"),
            change(Campaign, "state = 'cancelled'", state="'running'"),
        ],
        "campaign_keeps_its_key_update": [change(Campaign, DRAFT_OF_CLASS, id="id + 1000")],
        "campaign_keeps_its_key_truncate": [truncate(Campaign)],
        "one_candidate": [copy(Candidate)],
        "candidate_reason_known": [copy(Candidate, recipient_id=FREE_RECIPIENT, reason="'luck'")],
        **append_only(Candidate),
        "candidate_points_at_a_campaign": [copy(Candidate, campaign_id="987654")],
        "candidate_points_at_a_recipient": [copy(Candidate, recipient_id="987654")],
        "candidate_points_at_a_consentrecord": [
            copy(Candidate, recipient_id=FREE_RECIPIENT, consent_id="987654")
        ],
        "mandatory_candidate_is_never_skipped": [
            copy(
                Candidate,
                recipient_id=FREE_RECIPIENT,
                campaign_id=first(Campaign, DRAFT_OF_CLASS),
                send="FALSE",
            )
        ],
    }


def messages():
    return {
        "message_has_one_category": [
            copy(Message, OF_TOPIC, **NEW_MESSAGE, notice_class_id="'legal'")
        ],
        "message_state_known": [change(Message, OF_CLASS, state="'lost'")],
        "mandatory_message_is_never_skipped": [
            without("message_ends_with_a_decision_update"),
            change(Message, OF_CLASS, state="'skipped'"),
        ],
        "mandatory_message_never_waits": [change(Message, OF_CLASS, in_digest="TRUE")],
        "one_message_of_a_campaign": [copy(Message, OF_CAMPAIGN, **NEW_MESSAGE)],
        "only_an_active_class_is_mandatory_insert": [
            copy(Message, OF_CLASS, **NEW_MESSAGE, notice_class_id="'sales'")
        ],
        "message_begins_as_its_campaign_writes_it_insert": [
            copy(Message, OF_CLASS, **{**NEW_MESSAGE, "state": "'sent'"})
        ],
        "message_keeps_its_reader_update": [
            change(Message, OF_CLASS, address="'mallory@evil.example'")
        ],
        "message_ends_with_a_decision_update": [change(Message, OF_CLASS, state="'sent'")],
        "message_ends_with_a_decision_delete": [remove(Message, OF_CLASS)],
        "message_keeps_its_content_update": [change(Message, OF_CLASS, sealed_content="NULL")],
        "outcome_known": [copy(DeliveryDecision, message_id=CLAIMED, outcome="'lost'")],
        "reason_known": [copy(DeliveryDecision, message_id=CLAIMED, reason="'luck'")],
        "only_a_claimed_message_is_decided_insert": [copy(DeliveryDecision, message_id=QUEUED)],
        "only_a_topic_is_skipped_insert": [
            copy(DeliveryDecision, message_id=CLAIMED, outcome="'skipped'")
        ],
        "only_a_cancelled_campaign_is_withdrawn_insert": [
            copy(DeliveryDecision, message_id=CLAIMED, outcome="'withdrawn'")
        ],
        **append_only(DeliveryDecision),
    }


def delivery_events():
    new = {"event": "'other:1'"}
    return {
        "delivery_event_kind_known": [copy(DeliveryEvent, **new, kind="'lost'", reason="''")],
        "delivery_event_of_a_bounce_has_a_reason": [
            copy(DeliveryEvent, **new, kind="'hard'", reason="''")
        ],
        "late_report_has_no_text_insert": [
            copy(
                DeliveryEvent,
                **new,
                diagnostic="'no such user'",
                message_id=first(Message, "address = 'erased-1@erased.invalid'"),
            )
        ],
        **append_only(DeliveryEvent),
        # An unknown state is in none of the three cases of the other, which PostgreSQL asks first.
        "escalation_state_known": [change(Escalation, state="'lost'")],
        "escalation_ends_proved_or_exhausted": [change(Escalation, ended_at=NOW)],
        "escalation_ends_for_good_update": [
            change(Escalation, state="'proved'", how="'phone'", ended_at=NOW),
            change(Escalation, state="'staff'", how="''", ended_at="NULL"),
        ],
        "escalation_ends_for_good_delete": [remove(Escalation)],
        "escalation_ends_for_good_truncate": [truncate(Escalation)],
        "each_address_is_tried_once": [copy(DeliveryProbe, message_id=QUEUED)],
        **append_only(DeliveryProbe),
    }
