"""A story: acts with their moments, told in the order of time whoever wrote them down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Invitation
from hub.example import acts
from hub.example.clock import Clock
from hub.example.post import deliver_waiting

MON, TUE, WED, THU, FRI = range(5)
TO_SEND = timedelta(hours=1)  # email of acts since then waits for the worker


@dataclass
class Story:
    """The acts of all companies, and what one act leaves for a later one."""

    clock: Clock
    steps: list[tuple[datetime, Callable[[], Any]]] = field(default_factory=list)
    invitations: dict[str, Invitation] = field(default_factory=dict)  # by address

    def on(self, weeks_ago: int, day: int, hour: str, act: Callable[[], Any]) -> None:
        """Add an act on a working day: weeks ago from this week, its day and its hour."""
        self.steps.append((self.clock.weekday(weeks_ago, day, hour), act))

    def before_now(self, act: Callable[[], Any], **ago: float) -> None:
        """Add an act of the last days, as a timedelta before the present."""
        self.steps.append((self.clock.present - timedelta(**ago), act))

    def invite(self, by: str, first: str, name: str) -> None:
        """Let a Super User invite a colleague, who may accept later."""
        invitation = acts.invite(by, first, name)
        self.invitations[invitation.address] = invitation

    def accept(self, address: str) -> None:
        """Let whoever was invited accept."""
        acts.accept(self.invitations.pop(address))

    def tell(self) -> None:
        """Do every act at its moment, and deliver the email that it sends."""
        with self.clock.running() as clock:
            for moment, act in sorted(self.steps, key=lambda step: step[0]):
                clock.show(moment)
                act()
                if moment < clock.present - TO_SEND:
                    deliver_waiting()
