"""One column of a row that stays, which a retention rule empties: its condition in triggers."""

from accounts.intervals import days_between


def only_blanked(column: str, *, others: str, at: str, days: int) -> str:
    """Return SQL: an update empties this column after so many days, and changes nothing else.

    `others` are all other columns of the table, `at` is SQL for the moment from which they count.
    """
    unchanged = " AND ".join(
        f"COALESCE(NEW.{name} = OLD.{name}, NEW.{name} IS NULL AND OLD.{name} IS NULL)"
        for name in others.split()
    )
    return (
        f"OLD.{column} IS NOT NULL AND NEW.{column} IS NULL AND {unchanged}"
        f" AND {days_between(at, 'CURRENT_TIMESTAMP')} > {days}"
    )
