"""The statement itself, written once. Everything else binds its parameters."""
# ruff: noqa: S608 -- fixed texts of this module, composed; every value is a bound parameter

from preferences.choices import Reason

# r the recipient, u the person, t the topic, c the choice, e the consent record behind it, f what
# their companies say; there m is a membership, o its customer if not active, s a subscription, k a
# reseller, d a denial, a an addition. {topics} is a subquery of keys, {readers} and {people} are
# conditions on r and m; they stand inside subqueries, innermost, because PostgreSQL keeps the
# written order of so many joins: outside, one reader's answer would begin with everybody's
# memberships.

_PRESENT = "m.ended_at IS NULL AND (m.ends_at IS NULL OR m.ends_at > {now})"
_RELATED = """COALESCE(m.ended_at, m.ends_at) IS NULL
    OR COALESCE(m.ended_at, m.ends_at) >= {account_since}"""
_OFFERED = f"""{_PRESENT} AND m.suspended_at IS NULL AND o.id IS NULL
    AND (t.portal_id IS NULL OR s.id IS NOT NULL)
    AND (NOT t.resellers_only OR k.customer_id IS NOT NULL)"""


def _any(condition: str) -> str:
    return f"MAX(CASE WHEN {condition} THEN 1 ELSE 0 END)"


_TOPICS = "SELECT t.* FROM preferences_topic t WHERE t.id IN ({topics})"
_FIRMS = f"""
    SELECT m.user_id, t.id AS topic_id,
        {_any(_RELATED)} AS related,
        MIN(CASE WHEN {_PRESENT} THEN CASE WHEN o.id IS NULL THEN 0 ELSE 1 END END) AS suspended,
        {_any(_OFFERED)} AS offered,
        {_any(f"{_OFFERED} AND d.id IS NULL")} AS allowed,
        {_any(f"{_OFFERED} AND a.id IS NOT NULL AND t.basis = 'implied'")} AS added
    FROM (SELECT m.* FROM accounts_membership m WHERE {{people}}) m
    CROSS JOIN ({_TOPICS}) t
    LEFT JOIN accounts_customer o ON o.id = m.customer_id AND o.status <> 'active'
    LEFT JOIN portals_subscription s ON s.customer_id = m.customer_id
        AND s.portal_id = t.portal_id AND s.status = 'active'
    LEFT JOIN preferences_reseller k ON k.customer_id = m.customer_id
    LEFT JOIN preferences_firmdenial d ON d.customer_id = m.customer_id AND d.topic_id = t.id
    LEFT JOIN preferences_firmrecipient a ON a.membership_id = m.id AND a.topic_id = t.id
    GROUP BY m.user_id, t.id"""

# A yes to one topic that was given after everything was stopped counts.
_STOPPED = """r.stopped_id IS NOT NULL
    AND (c.id IS NULL OR NOT c.wants OR c.consent_id < r.stopped_id)"""
_RELATION = "(COALESCE(u.is_staff, FALSE) OR COALESCE(f.related, 0) = 1)"
_UNASKED = "e.id IS NULL AND COALESCE(f.added, 0) = 0"

# In the order of preferences.md section 6; a pause delays, so it is asked last.
_REASON = f"""
    CASE
    WHEN NOT t.active THEN '{Reason.TOPIC_CLOSED}'
    WHEN NOT u.is_active THEN '{Reason.ACCOUNT_CLOSED}'
    WHEN f.suspended = 1 THEN '{Reason.SUSPENDED}'
    WHEN (t.portal_id IS NOT NULL OR t.resellers_only) AND COALESCE(f.offered, 0) = 0
        THEN '{Reason.NOT_THEIRS}'
    WHEN r.unreachable_since IS NOT NULL THEN '{Reason.UNREACHABLE}'
    WHEN {_STOPPED} THEN '{Reason.STOPPED_ALL}'
    WHEN f.offered = 1 AND f.allowed = 0 THEN '{Reason.DENIED}'
    WHEN NOT c.wants THEN '{Reason.CHOSE_NO}'
    WHEN {_UNASKED} AND (NOT t.default_on OR r.user_id IS NULL) THEN '{Reason.DEFAULT_OFF}'
    WHEN e.basis <> 'express' AND t.basis = 'express' THEN '{Reason.DEFAULT_OFF}'
    WHEN {_UNASKED} AND NOT {_RELATION} THEN '{Reason.LAPSED}'
    WHEN e.basis = 'inquiry' AND e.at < {{inquiry_since}} THEN '{Reason.LAPSED}'
    WHEN e.basis IN ('purchase', 'contract') AND e.at < {{account_since}} AND NOT {_RELATION}
        THEN '{Reason.LAPSED}'
    WHEN r.paused_until > {{now}} THEN '{Reason.PAUSED}'
    WHEN e.basis = 'express' THEN '{Reason.CHOSE_YES}'
    WHEN e.id IS NOT NULL THEN '{Reason.IMPLIED}'
    WHEN f.added = 1 THEN '{Reason.ADDED_BY_FIRM}'
    ELSE '{Reason.DEFAULT_ON}'
    END"""

# Rows (recipient_id, topic_id, reason, consent_id, digest) of each reader and topic.
TOPICS = f"""
    SELECT r.id AS recipient_id, t.id AS topic_id, {_REASON} AS reason,
        CASE WHEN {_STOPPED} THEN r.stopped_id ELSE c.consent_id END AS consent_id, r.digest
    FROM (
        SELECT r.* FROM preferences_recipient r WHERE {{readers}} AND r.followed_by_id IS NULL
    ) r
    CROSS JOIN ({_TOPICS}) t
    LEFT JOIN accounts_user u ON u.id = r.user_id
    LEFT JOIN ({_FIRMS}) f ON f.user_id = r.user_id AND f.topic_id = t.id
    LEFT JOIN preferences_choice c ON c.recipient_id = r.id AND c.topic_id = t.id
    LEFT JOIN preferences_consentrecord e ON e.id = c.consent_id"""

# A notice class: nothing a reader or a company can say is looked at (R42).
NOTICES = f"""
    SELECT r.id AS recipient_id, NULL AS topic_id,
        CASE WHEN r.unreachable_since IS NOT NULL THEN '{Reason.ESCALATE}'
            ELSE '{Reason.MANDATORY}' END AS reason,
        CAST(NULL AS bigint) AS consent_id, '' AS digest
    FROM preferences_recipient r
    WHERE {{readers}} AND r.followed_by_id IS NULL"""
