"""Running the statement: verdicts, counts, and the candidates of a campaign."""

from collections.abc import Collection
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from portals.decision.checks import stored_time
from portals.decision.prepared import PLACEHOLDER
from preferences.audience import clocks
from preferences.audience.limits import within_limits
from preferences.audience.statement import NOTICES, PUBLIC_TOPICS, TOPICS
from preferences.choices import SENDING_REASONS, Reason
from preferences.models import Campaign, Recipient, Topic

_SENDING_REASONS = ", ".join(
    f"'{reason}'" for reason in (*SENDING_REASONS, Reason.MANDATORY.value, Reason.ESCALATE.value)
)

# The reason is read twice (send, reason): behind a limit, PostgreSQL computes it once.
_COMPUTE_ONCE = f"LIMIT {2**63 - 1}"


class Verdict(NamedTuple):
    """Whether one recipient gets one category, and why."""

    recipient_id: int
    topic_id: int | None
    reason: Reason
    consent_id: int | None
    digest: str

    @property
    def send(self) -> bool:
        """Whether the email is sent; optional email perhaps in a digest."""
        return self.reason in SENDING_REASONS or self.reason in (Reason.MANDATORY, Reason.ESCALATE)


Fragment = tuple[str, tuple[Any, ...]]
ALL: Fragment = ("TRUE", ())
Rows = QuerySet[Any] | Collection[int]  # a query, or keys


def _keys(rows: Rows) -> Fragment:
    """Return the keys as a list in SQL, or as a subquery.

    Keys are written into the text: to bind ten thousand numbers four times takes longer than the
    query itself.
    """
    if not isinstance(rows, QuerySet):
        return ", ".join(str(int(key)) for key in rows) or "NULL", ()
    try:
        return rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 0 WHERE FALSE", ()


def _bound(
    sql: str,
    *,
    topics: Rows | None = None,
    recipients: Rows | None,
    allowed: QuerySet[User] | None = None,
) -> tuple[str, list[Any]]:
    """Fill the statement with its moments, keys and conditions, for Django's cursor.

    `allowed` are the people whom topics for resellers may reach: nobody where it is left out.
    """
    now = timezone.now()
    moments = {
        "now": now,
        "account_since": clocks.begins(now, clocks.ACCOUNT_MONTHS),
        "inquiry_since": clocks.begins(now, clocks.INQUIRY_MONTHS),
    }
    parts: dict[str, Fragment] = {
        name: ("%s", (stored_time(moment),)) for name, moment in moments.items()
    }
    parts |= {"recipients": ALL, "people": ALL}
    parts["allowed"] = _keys(User.objects.none() if allowed is None else allowed)
    if topics is not None:
        parts["topics"] = _keys(topics)
    if recipients is not None:
        keys, values = _keys(recipients)
        people = f"SELECT r.user_id FROM preferences_recipient r WHERE r.id IN ({keys})"  # noqa: S608
        parts |= {
            "recipients": (f"r.id IN ({keys})", values),
            "people": (f"m.user_id IN ({people})", values),
        }
    parameters = [value for name in PLACEHOLDER.findall(sql) for value in parts[name][1]]
    return PLACEHOLDER.sub(lambda match: parts[match[1]][0], sql), parameters


def _rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def topic_verdicts(*, topics: Rows, recipients: Rows) -> list[Verdict]:
    """Return the verdict on each of these topics for each of these recipients, now.

    Only where a subscriber of a topic for resellers is among them, it is looked up who was told.
    """
    verdicts = _topic_verdicts(topics, recipients, None)
    if any(verdict.reason == Reason.NOT_TOLD for verdict in verdicts):
        return _topic_verdicts(topics, recipients, within_limits())
    return verdicts


def _topic_verdicts(
    topics: Rows, recipients: Rows, allowed: QuerySet[User] | None
) -> list[Verdict]:
    sql, parameters = _bound(TOPICS, topics=topics, recipients=recipients, allowed=allowed)
    return [Verdict(r, t, Reason(reason), c, d) for r, t, reason, c, d in _rows(sql, parameters)]


def notice_verdicts(*, recipients: Rows) -> list[Verdict]:
    """Return the verdicts on mandatory email: always sent, escalated if unreachable."""
    sql, parameters = _bound(NOTICES, recipients=recipients)
    return [Verdict(r, t, Reason(reason), c, d) for r, t, reason, c, d in _rows(sql, parameters)]


def audience_counts(
    *, category: Topic | None, recipients: QuerySet[Recipient] | None = None
) -> dict[Reason, int]:
    """Count these recipients, or all, by reason; without a topic, for mandatory email."""
    sql, parameters = _of_category(category, recipients)
    rows = _rows(f"SELECT v.reason, COUNT(*) FROM ({sql}) v GROUP BY v.reason", parameters)  # noqa: S608
    return {Reason(reason): count for reason, count in rows}


def sending_counts() -> dict[int, int]:
    """Count the recipients that each open topic would be sent to now, by the topic's key."""
    sql, parameters = _bound(
        TOPICS,
        topics=Topic.objects.filter(active=True),
        recipients=None,
        allowed=within_limits(),
    )
    counted = (
        f"SELECT v.topic_id, COUNT(*) FROM ({sql} {_COMPUTE_ONCE}) v"  # noqa: S608
        f" WHERE v.reason IN ({_SENDING_REASONS}) GROUP BY v.topic_id"
    )
    return dict(_rows(counted, parameters))


@transaction.atomic
def resolve_campaign(*, campaign: Campaign, recipients: QuerySet[Recipient] | None = None) -> int:
    """Write a candidate for each of these recipients, or of all, in one statement.

    Recipients who have one keep it, so this may run again. Return how many were written.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # one at a time
    sql, parameters = _of_category(campaign.topic, recipients)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO preferences_candidate"  # noqa: S608
            " (campaign_id, recipient_id, send, reason, consent_id)"
            f" SELECT %s, v.recipient_id, v.reason IN ({_SENDING_REASONS}), v.reason, v.consent_id"
            f" FROM ({sql}) v WHERE NOT EXISTS (SELECT 1 FROM preferences_candidate x"
            " WHERE x.campaign_id = %s AND x.recipient_id = v.recipient_id)",
            [campaign.pk, *parameters, campaign.pk],
        )
        return cursor.rowcount


def _of_category(
    topic: Topic | None, recipients: QuerySet[Recipient] | None
) -> tuple[str, list[Any]]:
    if topic is None:
        return _bound(NOTICES, recipients=recipients)
    statement = PUBLIC_TOPICS if topic.is_public else TOPICS
    sql, parameters = _bound(
        statement,
        topics=[topic.pk],
        recipients=recipients,
        allowed=within_limits() if topic.resellers_only else None,
    )
    return f"{sql} {_COMPUTE_ONCE}", parameters
