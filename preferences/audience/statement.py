"""The SQL statement that decides who gets an email, and why."""
# ruff: noqa: S608 -- composed of constants of this module; every value is a bound parameter

from preferences.choices import Reason

# Aliases: r recipient, u person, t topic, c choice, e the consent record behind it, m membership,
# y customer, s subscription, k reseller. Four joined sets of people: z in a company that is not
# active, o offered a restricted topic, d denied it by a company, a added to it by a company.
#
# {topics} and {allowed} are subqueries of keys, the latter of the people whom topics for resellers
# may reach; {recipients} and {people} are conditions on r and m. They are in
# the innermost subqueries, because PostgreSQL keeps the written order of so many joins: else the
# query for one recipient would begin with everybody's memberships. For the same reason the four
# sets hold only the people concerned, and the CASE tests conditions on all memberships after them.

_PRESENT = "m.ended_at IS NULL AND (m.ends_at IS NULL OR m.ends_at > {now})"
_LIVE = f"{_PRESENT} AND m.suspended_at IS NULL AND y.status = 'active'"
_MEMBERS = "SELECT m.* FROM accounts_membership m WHERE {people}"
_TOPICS = "SELECT t.* FROM preferences_topic t WHERE t.id IN ({topics})"
_OFFERED_IN = """
    JOIN accounts_customer y ON y.id = m.customer_id
    LEFT JOIN portals_subscription s ON s.customer_id = m.customer_id
        AND s.portal_id = t.portal_id AND s.status = 'active'
    LEFT JOIN preferences_reseller k ON k.customer_id = m.customer_id"""
_OFFERED = f"""{_LIVE} AND (t.portal_id IS NULL OR s.id IS NOT NULL)
    AND (NOT t.resellers_only OR k.customer_id IS NOT NULL)"""

_SUSPENDED = f"""
    SELECT DISTINCT m.user_id
    FROM (SELECT y.* FROM accounts_customer y WHERE y.status <> 'active') y
    JOIN ({_MEMBERS}) m ON m.customer_id = y.id
    WHERE {_PRESENT}"""
_ACTIVE = f"""EXISTS (
        SELECT 1 FROM accounts_membership m JOIN accounts_customer y ON y.id = m.customer_id
        WHERE m.user_id = r.user_id AND {_PRESENT} AND y.status = 'active')"""

_FOR_SOME = "(t.portal_id IS NOT NULL OR t.resellers_only)"
_OFFERS = f"""
    SELECT DISTINCT m.user_id, t.id AS topic_id
    FROM ({_TOPICS} AND {_FOR_SOME}) t
    CROSS JOIN ({_MEMBERS}) m {_OFFERED_IN}
    WHERE {_OFFERED}"""
_DENIALS = f"""
    SELECT DISTINCT m.user_id, x.topic_id
    FROM preferences_customertopicdenial x
    JOIN accounts_customer y ON y.id = x.customer_id
    JOIN ({_MEMBERS}) m ON m.customer_id = x.customer_id
    WHERE x.topic_id IN ({{topics}}) AND {_LIVE}"""
_ADDITIONS = f"""
    SELECT DISTINCT m.user_id, x.topic_id
    FROM preferences_customerrecipient x
    JOIN ({_TOPICS} AND t.basis = 'implied') t ON t.id = x.topic_id
    JOIN ({_MEMBERS}) m ON m.id = x.membership_id {_OFFERED_IN}
    WHERE {_OFFERED}"""
_ALLOWED = f"""EXISTS (
        SELECT 1 FROM accounts_membership m {_OFFERED_IN}
        WHERE m.user_id = r.user_id AND {_OFFERED} AND NOT EXISTS (
            SELECT 1 FROM preferences_customertopicdenial x
            WHERE x.customer_id = m.customer_id AND x.topic_id = t.id))"""
_RELATION = """(COALESCE(u.is_staff, FALSE) OR EXISTS (
        SELECT 1 FROM accounts_membership m
        WHERE m.user_id = r.user_id AND (COALESCE(m.ended_at, m.ends_at) IS NULL
            OR COALESCE(m.ended_at, m.ends_at) >= {account_since})))"""

# A yes to one topic after everything was stopped counts.
_STOPPED = """r.stopped_id IS NOT NULL
    AND (c.id IS NULL OR NOT c.wants OR c.consent_id < r.stopped_id)"""
_NO_ANSWER = "e.id IS NULL AND a.user_id IS NULL"
_NOT_TOLD = "t.resellers_only AND NOT COALESCE(r.user_id IN ({allowed}), FALSE)"


def _reason(not_theirs: str, not_told: str) -> str:
    """Return the CASE of reasons, in the order that the package describes."""
    return f"""
    CASE
    WHEN NOT t.active THEN '{Reason.TOPIC_CLOSED}'
    WHEN NOT u.is_active THEN '{Reason.ACCOUNT_CLOSED}'
    WHEN z.user_id IS NOT NULL AND NOT {_ACTIVE} THEN '{Reason.SUSPENDED}'
    WHEN {_FOR_SOME} AND {not_theirs} THEN '{Reason.NOT_THEIRS}'
    WHEN r.address_hash = '' THEN '{Reason.ADDRESS_CHANGED}'
    WHEN r.unreachable_since IS NOT NULL THEN '{Reason.UNREACHABLE}'
    WHEN {_STOPPED} THEN '{Reason.STOPPED_ALL}'
    WHEN d.user_id IS NOT NULL AND NOT {_ALLOWED} THEN '{Reason.DENIED}'
    WHEN NOT c.wants THEN '{Reason.CHOSE_NO}'
    WHEN {_NO_ANSWER} AND (NOT t.default_on OR r.user_id IS NULL) THEN '{Reason.DEFAULT_OFF}'
    WHEN e.basis <> 'express' AND t.basis = 'express' THEN '{Reason.DEFAULT_OFF}'
    WHEN {_NO_ANSWER} AND NOT {_RELATION} THEN '{Reason.LAPSED}'
    WHEN e.basis = 'inquiry' AND e.at < {{inquiry_since}} THEN '{Reason.LAPSED}'
    WHEN e.basis IN ('purchase', 'contract') AND e.at < {{account_since}} AND NOT {_RELATION}
        THEN '{Reason.LAPSED}'
    WHEN {not_told} THEN '{Reason.NOT_TOLD}'
    WHEN r.paused_until > {{now}} THEN '{Reason.PAUSED}'
    WHEN e.basis = 'express' THEN '{Reason.CHOSE_YES}'
    WHEN e.id IS NOT NULL THEN '{Reason.IMPLIED}'
    WHEN a.user_id IS NOT NULL THEN '{Reason.ADDED_BY_CUSTOMER}'
    ELSE '{Reason.DEFAULT_ON}'
    END"""


def _statement(offers: str, not_theirs: str, not_told: str) -> str:
    """Return SQL for rows (recipient_id, topic_id, reason, consent_id, digest)."""
    return f"""
    SELECT r.id AS recipient_id, t.id AS topic_id, {_reason(not_theirs, not_told)} AS reason,
        CASE WHEN {_STOPPED} THEN r.stopped_id ELSE c.consent_id END AS consent_id, r.digest
    FROM (
        SELECT r.* FROM preferences_recipient r WHERE {{recipients}} AND r.followed_by_id IS NULL
    ) r
    CROSS JOIN ({_TOPICS}) t
    LEFT JOIN accounts_user u ON u.id = r.user_id
    LEFT JOIN ({_SUSPENDED}) z ON z.user_id = r.user_id
    {offers}
    LEFT JOIN ({_DENIALS}) d ON d.user_id = r.user_id AND d.topic_id = t.id
    LEFT JOIN ({_ADDITIONS}) a ON a.user_id = r.user_id AND a.topic_id = t.id
    LEFT JOIN preferences_choice c ON c.recipient_id = r.id AND c.topic_id = t.id
    LEFT JOIN preferences_consentrecord e ON e.id = c.consent_id"""


TOPICS = _statement(
    f"LEFT JOIN ({_OFFERS}) o ON o.user_id = r.user_id AND o.topic_id = t.id",
    "o.user_id IS NULL",
    _NOT_TOLD,
)
# For a public topic, without the join on offers: with a million recipients it costs a second.
PUBLIC_TOPICS = _statement("", "TRUE", "FALSE")

# A notice: no choice of a recipient or company is looked at (R42).
NOTICES = f"""
    SELECT r.id AS recipient_id, NULL AS topic_id,
        CASE WHEN r.unreachable_since IS NOT NULL THEN '{Reason.ESCALATE}'
            ELSE '{Reason.MANDATORY}' END AS reason,
        CAST(NULL AS bigint) AS consent_id, '' AS digest
    FROM preferences_recipient r
    WHERE {{recipients}} AND r.followed_by_id IS NULL"""
