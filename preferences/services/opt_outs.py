"""An opt-out that the browser keeps for its undo, signed."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta

from django.core import signing

UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class OptOut:
    """An opt-out and what its undo needs; the browser stores it, signed.

    `records` are the keys of its consent records that can be undone; `topics` those that a stop of
    everything added to an earlier stop; `before` and `after` the pause or the digest (`kind`).
    """

    recipient: int
    kind: str  # stop, pause, digest
    records: list[int] = field(default_factory=list)
    topics: list[int] = field(default_factory=list)
    before: str = ""
    after: str = ""

    @property
    def is_undoable(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self.records) or self.before != self.after


def sign_opt_out(opt_out: OptOut, purpose: str) -> str:
    """Return an opt-out for the browser to store, signed for one purpose."""
    return signing.dumps(asdict(opt_out), salt=purpose)


def read_opt_out(signed: str, purpose: str) -> OptOut | None:
    """Read an opt-out signed for this purpose in the last ten minutes; None for anything else."""
    try:
        return OptOut(**signing.loads(signed, salt=purpose, max_age=UNDO_WITHIN))
    except signing.BadSignature:
        return None
