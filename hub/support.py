"""Settings of the support desk: how long a company can stop what staff do for it."""

from hub.environment import optional, parsed

__all__ = ["HUB_RECOVERY_HOURS", "HUB_SUPPORT_CASE_DAYS", "HUB_SUPPORT_DELAY_HOURS"]


def _at_least_one(text: str) -> int:
    """Return a number of hours or days, of which there is at least one."""
    number = int(text)
    if number < 1:
        raise ValueError("at least 1")
    return number


# Between the approval of a recovery and the offer of the role to a new main Super User.
HUB_RECOVERY_HOURS = parsed(
    "HUB_RECOVERY_HOURS", optional("HUB_RECOVERY_HOURS", "72"), _at_least_one
)
# Before the removal of a factor or a change of address takes effect, unless a Super User confirms.
HUB_SUPPORT_DELAY_HOURS = parsed(
    "HUB_SUPPORT_DELAY_HOURS", optional("HUB_SUPPORT_DELAY_HOURS", "24"), _at_least_one
)
# Without an act, after which an open case closes by itself.
HUB_SUPPORT_CASE_DAYS = parsed(
    "HUB_SUPPORT_CASE_DAYS", optional("HUB_SUPPORT_CASE_DAYS", "7"), _at_least_one
)
