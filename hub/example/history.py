"""Six months of history: everybody joins, works, asks and is answered, until a moment ago."""

from django.db import transaction

from hub.example.alder import tell_alder
from hub.example.breaches import tell_breaches
from hub.example.clock import Clock
from hub.example.dogwood import tell_dogwood
from hub.example.harbour import tell_harbour
from hub.example.logs import tell_logs
from hub.example.neighbours import tell_neighbours
from hub.example.passwords import hashed_once
from hub.example.policies import tell_policies
from hub.example.privacy import tell_privacy
from hub.example.story import Story

TALES = (
    tell_harbour, tell_policies, tell_breaches, tell_alder, tell_neighbours, tell_dogwood,
    tell_privacy, tell_logs,
)  # fmt: skip


@transaction.atomic
def load_history() -> None:
    """Create the example with its history in an empty database, through the hub's own services."""
    story = Story(Clock())
    for tell in TALES:
        tell(story)
    with hashed_once():
        story.tell()
