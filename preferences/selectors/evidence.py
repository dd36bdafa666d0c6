"""The evidence of why a recipient got, or did not get, each email."""

import hashlib
from typing import Any

from django.utils import timezone

from preferences.models import (
    Campaign,
    Candidate,
    Choice,
    ConsentRecord,
    Escalation,
    Message,
    Recipient,
)
from preferences.selectors.campaigns import public_messages


def evidence_of(recipient: Recipient) -> dict[str, Any]:
    """Return the consent records, choices, decisions and messages of a recipient, oldest first.

    The result is plain data for JSON, without confidential notices. A text is given as it was
    agreed to, or as its SHA-256. An address of which only the hash is stored is given as that hash.
    """
    return {
        "exported_at": timezone.now().isoformat(),
        "reader": _recipient(recipient),
        "consent_records": [_consent(record) for record in _records(recipient)],
        "choices": [
            {"topic": slug, "wants": wants, "consent_record": consent}
            for slug, wants, consent in Choice.objects.filter(recipient=recipient)
            .order_by("pk")
            .values_list("topic__slug", "wants", "consent_id")
        ],
        "campaign_decisions": [
            {"campaign": campaign, "send": send, "reason": reason, "consent_record": consent}
            for campaign, send, reason, consent in Candidate.objects.filter(
                recipient=recipient, campaign__confidential=False
            )
            .order_by("pk")
            .values_list("campaign_id", "send", "reason", "consent_id")
        ],
        "messages": [_message(message) for message in _messages(recipient)],
    }


def text_hash(campaign: Campaign, language: str) -> str:
    """Return the SHA-256 of a campaign's subject and text in one language."""
    text = f"{campaign.subject(language)}\n\n{campaign.body(language)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _recipient(recipient: Recipient) -> dict[str, Any]:
    return {
        "id": recipient.pk,
        "sub": str(recipient.user.sub) if recipient.user else None,
        "address": recipient.email,
        "address_hash": recipient.address_hash,
        "language": recipient.reads,
        "digest": recipient.digest,
        "all_optional_mail_stopped_by": recipient.stopped_id,
        "paused_until": _moment(recipient.paused_until),
        "unreachable_since": _moment(recipient.unreachable_since),
        "unreachable_reason": recipient.unreachable_reason,
    }


def _records(recipient: Recipient) -> Any:
    return (
        ConsentRecord.objects.filter(recipient=recipient)
        .select_related("topic", "actor")
        .order_by("pk")
    )


def _consent(record: ConsentRecord) -> dict[str, Any]:
    return {
        "id": record.pk,
        "at": _moment(record.at),
        "recorded_at": _moment(record.said_at),
        "topic": record.topic.slug if record.topic else None,
        "wants": record.wants,
        "basis": record.basis,
        "wording": record.wording,
        "wording_sha256": record.wording_hash,
        "language": record.language,
        "source": record.source,
        "actor": str(record.actor.sub) if record.actor else None,
        "network_address": record.network_address,
        "address_hash": record.address_hash,
    }


def _messages(recipient: Recipient) -> Any:
    return (
        public_messages()
        .filter(recipient=recipient)
        .select_related("campaign", "topic", "decision", "escalation__by")
        .prefetch_related("reports", "escalation__probes__message__reports")
        .defer("sealed_content")
        .order_by("pk")
    )


def _message(message: Message) -> dict[str, Any]:
    decision = getattr(message, "decision", None)
    campaign = message.campaign
    language = message.recipient.reads if message.recipient else "en"
    return {
        "id": message.pk,
        "message_id": message.message_id,
        "address": message.address,
        "category": message.category,
        "mandatory": message.notice_class_id is not None,
        "campaign": message.campaign_id,
        "subject": message.subject,
        "content_sha256": text_hash(campaign, language) if campaign else message.content_hash,
        "state": message.state,
        "created_at": _moment(message.created_at),
        "decision": decision
        and {
            "outcome": decision.outcome,
            "reason": decision.reason,
            "consent_record": decision.consent_id,
            "detail": decision.detail,
            "at": _moment(decision.at),
        },
        "reports": _reports(message),
        "followed_up": _escalation(getattr(message, "escalation", None)),
    }


def _reports(message: Message) -> list[dict[str, Any]]:
    """Return the delivery events of a message, oldest first (R48)."""
    return [
        {
            "kind": report.kind,
            "at": _moment(report.at),
            "reason": report.reason,
            "diagnostic": report.diagnostic,
        }
        for report in sorted(message.reports.all(), key=lambda report: report.pk)
    ]


def _escalation(escalation: Escalation | None) -> dict[str, Any] | None:
    """Return the course of the escalation of a notice that bounced (R47)."""
    if escalation is None:
        return None
    return {
        "state": escalation.state,
        "how": escalation.how,
        "opened_at": _moment(escalation.opened_at),
        "super_users_told_at": _moment(escalation.told_at),
        "ended_at": _moment(escalation.ended_at),
        "by": str(escalation.by.sub) if escalation.by else None,
        "reason": escalation.reason,
        "tried": [
            {
                "address": probe.address,
                "message_id": probe.message.message_id,
                "state": probe.message.state,
                "reports": _reports(probe.message),
            }
            for probe in sorted(escalation.probes.all(), key=lambda probe: probe.pk)
        ],
    }


def _moment(value: Any) -> str | None:
    return value.isoformat() if value else None
