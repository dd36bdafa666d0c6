"""The personal words in the facts of events, which are sealed (accounts.models.audit).

A fact is named by its path in the event's data, such as `grants.reason`; what is declared for a
path holds for everything below it. A path may be declared for one kind alone: `team.renamed:team`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

# The owner of words, where no fact beside them says it.
PERSON = "the person"  # of the event
CONCERNED = "the only one concerned"
ACTOR = "the actor"
ABOUT = "the address of the person of the event"
ITSELF = "the address itself"
INVITED = "the address, whether or not it has an account"  # costs the same for both
OF_A_PERSON = (PERSON, CONCERNED, ACTOR)

ADDRESS_PATTERN = r"[^\s@<>\"'“”:;,()]+@[^\s@<>\"'“”:;,()]+"


class Word(Enum):
    """The kinds of personal words, which decide what readers see once they are erased."""

    NAME = "name"
    ADDRESS = "address"
    TEXT = "text"


@dataclass(frozen=True)
class Personal:
    """Personal words. `of` says whose they are: the first that is known.

    It holds PERSON, CONCERNED, ACTOR, ABOUT or ITSELF, or the name of a fact beside them, which has
    the `sub` of somebody or, if named `membership`, the uuid of a membership. With a fact named
    `unless` beside them, they are nobody's: a team has its name in the place of a person.
    """

    word: Word
    of: tuple[str, ...] = OF_A_PERSON
    unless: str = ""


PUBLIC = None  # no personal words; an address in them is sealed all the same
Declared = Personal | None

_NAME, _TEXT = Personal(Word.NAME), Personal(Word.TEXT)
_ADDRESS = Personal(Word.ADDRESS, (PERSON, ITSELF))
_INVITED = Personal(Word.ADDRESS, (INVITED,))

# Path → what its words are.
EVENT_WORDS: dict[str, Declared] = {
    "actor_name": Personal(Word.NAME, (ACTOR,)),
    "person": Personal(Word.NAME, (PERSON,)),
    "concerned.sub": PUBLIC,
    "concerned.name": Personal(Word.NAME, ("sub",)),
    "address": _ADDRESS,
    "invitation.sent:address": _INVITED,
    "invitation.resent:address": _INVITED,
    "invitation.revoked:address": _INVITED,
    "invitation.taken_over:address": _INVITED,
    "invitation.corrected:address": _INVITED,
    "invitation.corrected:previous": _INVITED,
    "support.invitation_corrected:address": _INVITED,
    "support.invitation_corrected:previous": _INVITED,
    "invitations.address": _INVITED,
    "invitations.invitation": PUBLIC,
    "planned.offboarding": PUBLIC,
    "planned.person": Personal(Word.NAME, ("person_sub",)),
    "planned.person_sub": PUBLIC,
    "planned.receiver": Personal(Word.NAME, ("receiver_sub",)),
    "planned.receiver_sub": PUBLIC,
    "proposer": Personal(Word.NAME, ("proposer_sub",)),
    "successor": Personal(Word.NAME, ("successor_sub", ABOUT, ITSELF)),
    "customer.main_super_user_changed:previous": Personal(Word.NAME, (CONCERNED,)),
    "invitation.taken_over:previous": Personal(Word.NAME, (CONCERNED,)),
    "address.changed:previous": _ADDRESS,
    "support.address_change_planned:previous": _ADDRESS,
    "support.address_correction_sent:previous": _ADDRESS,
    "support.address_correction_cancelled:previous": _ADDRESS,
    "factor.renamed:previous": _TEXT,
    "team.renamed:previous": PUBLIC,
    "customer.updated:differences": PUBLIC,  # the company's
    "differences.field": PUBLIC,
    "differences.before": _TEXT,
    "differences.after": _TEXT,
    **dict.fromkeys(
        [
            "evidence", "factor_name", "left_out", "phrase", "reason", "reassigned", "resources",
            "skipped",
        ],
        _TEXT,
    ),
    "filters": Personal(Word.TEXT, (ACTOR,)),
    **dict.fromkeys(
        [
            "act", "case", "company", "count", "customer", "customer_name", "customer_slug",
            "domain", "ends_at", "factor", "fields", "first_day", "format", "hand_over", "hours",
            "invitation", "issuer", "last_day", "left", "members", "members_missing", "membership",
            "outcome", "people", "plan_cancelled", "previous_end", "previous_role",
            "previous_start", "problem", "proof", "proposer_sub", "reassigned_teams", "recovery",
            "reference", "request", "request_id", "privileges", "role", "service", "slug", "step",
            "subject_keys", "successor_sub", "team", "team_uuid", "teams", "teams_missing",
            "ticket", "undoes", "verification",
        ],
        PUBLIC,
    ),
}  # fmt: skip


def register_event_words(words: Mapping[str, Declared], public: Iterable[str] = ()) -> None:
    """Add the facts of an upper app's events; `public` are the paths without personal words.

    Raises ValueError for a path that is declared otherwise.
    """
    added = {**dict.fromkeys(public, PUBLIC), **words}
    taken = [path for path in added.keys() & EVENT_WORDS if EVENT_WORDS[path] != added[path]]
    if taken:
        raise ValueError(f"words of events declared twice: {sorted(taken)}")
    EVENT_WORDS.update(added)


def is_declared(kind: str, path: str) -> bool:
    """Return whether something is declared for this very path in events of a kind."""
    return f"{kind}:{path}" in EVENT_WORDS or path in EVENT_WORDS


def declared(kind: str, path: str, otherwise: Declared) -> Declared:
    """Return what is declared for a path in events of a kind; `otherwise` where nothing is."""
    return EVENT_WORDS.get(f"{kind}:{path}", EVENT_WORDS.get(path, otherwise))
