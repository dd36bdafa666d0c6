"""The emails of this app."""

from compliance.emails.authorisations import (
    send_authorisation_ended,
    send_authorisation_expiring,
    send_authorisation_given,
)
from compliance.emails.breaches import (
    company_notice_texts,
    correction_words,
    wave_sections,
    wave_texts,
    wave_title,
)
from compliance.emails.closings import (
    send_closing_begun,
    send_closing_cancelled,
    send_closing_done,
)
from compliance.emails.deadlines import (
    send_overdue,
    send_retention_alarm,
)
from compliance.emails.log_requests import (
    requester_of,
    send_log_approved,
    send_log_closed,
    send_log_declined,
    send_log_downloaded,
    send_log_paid,
    send_log_received,
    send_log_refunded,
    send_log_released,
    send_payment_alarm,
    send_representative_confirmed,
)
from compliance.emails.own_data import (
    send_export_made,
)
from compliance.emails.policies import (
    Texts,
    announcement_texts,
    send_answer_recorded,
    send_declined,
    send_policy_reminder,
    version_path,
    withdrawal_texts,
)
from compliance.emails.privacy_requests import (
    send_privacy_answer,
    send_privacy_arrived,
    send_privacy_confirmation,
    send_privacy_extended,
    send_privacy_paused,
    send_privacy_received,
)
from compliance.emails.programmes import (
    send_interested,
    send_reseller_answer,
    send_reseller_asked,
)

__all__ = [
    "Texts",
    "announcement_texts",
    "company_notice_texts",
    "correction_words",
    "requester_of",
    "send_answer_recorded",
    "send_authorisation_ended",
    "send_authorisation_expiring",
    "send_authorisation_given",
    "send_closing_begun",
    "send_closing_cancelled",
    "send_closing_done",
    "send_declined",
    "send_export_made",
    "send_interested",
    "send_log_approved",
    "send_log_closed",
    "send_log_declined",
    "send_log_downloaded",
    "send_log_paid",
    "send_log_received",
    "send_log_refunded",
    "send_log_released",
    "send_overdue",
    "send_payment_alarm",
    "send_policy_reminder",
    "send_privacy_answer",
    "send_privacy_arrived",
    "send_privacy_confirmation",
    "send_privacy_extended",
    "send_privacy_paused",
    "send_privacy_received",
    "send_representative_confirmed",
    "send_reseller_answer",
    "send_reseller_asked",
    "send_retention_alarm",
    "version_path",
    "wave_sections",
    "wave_texts",
    "wave_title",
    "withdrawal_texts",
]
