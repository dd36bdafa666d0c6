"""Recovery of a company whose only Super User is gone: two of the staff, and time to object.

- `opening.py`: one proposes a new main Super User, another approves.
- `stopping.py`: anybody of the company stops it, or staff withdraw it.
- `effect.py`: after the waiting time the role is offered, and accepted.
"""

from accounts.services.recoveries.effect import (
    accept_recovery,
    finish_recovery,
    lapse_recoveries,
    offer_due_recoveries,
)
from accounts.services.recoveries.opening import (
    RecoveryRefused,
    approve_recovery,
    propose_recovery,
    tell_members_of_recovery,
)
from accounts.services.recoveries.stopping import stop_recovery, withdraw_recovery

__all__ = [
    "RecoveryRefused",
    "accept_recovery",
    "approve_recovery",
    "finish_recovery",
    "lapse_recoveries",
    "offer_due_recoveries",
    "propose_recovery",
    "stop_recovery",
    "tell_members_of_recovery",
    "withdraw_recovery",
]
