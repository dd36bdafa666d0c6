"""Asking the statement: verdicts, counts, and the candidates of a campaign."""

from collections.abc import Collection
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from portals.decision.checks import stored_time
from portals.decision.prepared import PLACEHOLDER
from preferences.audience import clocks
from preferences.audience.statement import EVERYBODYS, NOTICES, TOPICS
from preferences.choices import SENDING_REASONS, Reason
from preferences.models import Campaign, Recipient, Topic

_SENDING = ", ".join(
    f"'{reason}'" for reason in (*SENDING_REASONS, Reason.MANDATORY.value, Reason.ESCALATE.value)
)

# The reason is read twice, whether to send and why: behind a limit PostgreSQL works it out once.
_ONCE = f"LIMIT {2**63 - 1}"


class Verdict(NamedTuple):
    """What comes of one reader and one category."""

    recipient_id: int
    topic_id: int | None
    reason: Reason
    consent_id: int | None
    digest: str

    @property
    def send(self) -> bool:
        """Whether the mail goes out; optional mail perhaps in a digest."""
        return self.reason in SENDING_REASONS or self.reason in (Reason.MANDATORY, Reason.ESCALATE)


Bound = tuple[str, tuple[Any, ...]]
ALL: Bound = ("TRUE", ())
Rows = QuerySet[Any] | Collection[int]  # by a query, or by their keys


def _keys(rows: Rows) -> Bound:
    """The keys as a list, or as a subquery.

    Numbers stand in the text: to bind ten thousand of them, four times, takes longer than to ask.
    """
    if not isinstance(rows, QuerySet):
        return ", ".join(str(int(key)) for key in rows) or "NULL", ()
    try:
        return rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 0 WHERE FALSE", ()


def _bound(sql: str, *, topics: Rows | None = None, readers: Rows | None) -> tuple[str, list[Any]]:
    """The statement with its moments, keys and conditions, as the ORM's cursor takes it."""
    now = timezone.now()
    moments = {
        "now": now,
        "account_since": clocks.begins(now, clocks.ACCOUNT_MONTHS),
        "inquiry_since": clocks.begins(now, clocks.INQUIRY_MONTHS),
    }
    parts: dict[str, Bound] = {
        name: ("%s", (stored_time(moment),)) for name, moment in moments.items()
    }
    parts |= {"readers": ALL, "people": ALL}
    if topics is not None:
        parts["topics"] = _keys(topics)
    if readers is not None:
        keys, values = _keys(readers)
        people = f"SELECT r.user_id FROM preferences_recipient r WHERE r.id IN ({keys})"  # noqa: S608
        parts |= {
            "readers": (f"r.id IN ({keys})", values),
            "people": (f"m.user_id IN ({people})", values),
        }
    parameters = [value for name in PLACEHOLDER.findall(sql) for value in parts[name][1]]
    return PLACEHOLDER.sub(lambda match: parts[match[1]][0], sql), parameters


def _rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def topic_verdicts(*, topics: Rows, readers: Rows) -> list[Verdict]:
    """What comes of each of these topics for each of these readers, now."""
    sql, parameters = _bound(TOPICS, topics=topics, readers=readers)
    return [Verdict(r, t, Reason(why), c, d) for r, t, why, c, d in _rows(sql, parameters)]


def notice_verdicts(*, readers: Rows) -> list[Verdict]:
    """The same for mandatory mail: always sent; escalated where the address takes none."""
    sql, parameters = _bound(NOTICES, readers=readers)
    return [Verdict(r, t, Reason(why), c, d) for r, t, why, c, d in _rows(sql, parameters)]


def audience_counts(*, category: Topic | None, readers: QuerySet[Recipient]) -> dict[Reason, int]:
    """How many of these readers (None: of all) for each reason; without a topic, mandatory mail."""
    sql, parameters = _of_category(category, readers)
    rows = _rows(f"SELECT v.reason, COUNT(*) FROM ({sql}) v GROUP BY v.reason", parameters)  # noqa: S608
    return {Reason(reason): count for reason, count in rows}


@transaction.atomic
def resolve_campaign(*, campaign: Campaign, readers: QuerySet[Recipient] | None = None) -> int:
    """Decide about each of these readers, or of all, in one statement; out: how many are new rows.

    Who has a row keeps it, so that it may be run again.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # one at a time
    sql, parameters = _of_category(campaign.topic, readers)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO preferences_candidate"  # noqa: S608
            " (campaign_id, recipient_id, send, reason, consent_id)"
            f" SELECT %s, v.recipient_id, v.reason IN ({_SENDING}), v.reason, v.consent_id"
            f" FROM ({sql}) v WHERE NOT EXISTS (SELECT 1 FROM preferences_candidate x"
            " WHERE x.campaign_id = %s AND x.recipient_id = v.recipient_id)",
            [campaign.pk, *parameters, campaign.pk],
        )
        return cursor.rowcount


def _of_category(topic: Topic | None, readers: QuerySet[Recipient] | None) -> tuple[str, list[Any]]:
    if topic is None:
        return _bound(NOTICES, readers=readers)
    statement = EVERYBODYS if topic.is_public else TOPICS
    sql, parameters = _bound(statement, topics=[topic.pk], readers=readers)
    return f"{sql} {_ONCE}", parameters
