"""The end of a consent, in the SQL of triggers that keep its record until then and longer."""

from accounts.intervals import days_between

KEPT_DAYS = 3 * 365  # after the consent ended


def ended_long_ago(row: str) -> str:
    """Return SQL: another record took the place of this one, more than three years ago.

    Only a yes ends, with the next answer about the same topic. A no stays: it keeps its address
    refused (R44), and free of referrals even after a yes (L62).
    """
    age = days_between("COALESCE(l.recorded_at, l.at)", "CURRENT_TIMESTAMP")
    return f"""EXISTS (SELECT 1 FROM preferences_consentrecord l
        WHERE l.recipient_id = {row}.recipient_id AND l.id > {row}.id
            AND COALESCE(l.topic_id, 0) = COALESCE({row}.topic_id, 0)
            AND {row}.wants AND {age} > {KEPT_DAYS})"""  # noqa: S608 -- ours
