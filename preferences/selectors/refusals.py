"""Refusals: the opt-outs that nobody but the recipient can undo (R44)."""

from collections.abc import Sequence

from preferences.choices import ConsentBasis
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hashes


def refuses(recipient: Recipient, choice: Choice | None) -> bool:
    """Return whether their latest answer to the topic, or to all optional email, is no."""
    if choice is not None and not choice.wants:
        return True
    return recipient.is_stopped and (
        choice is None or choice.consent_id < (recipient.stopped_id or 0)
    )


def refused_addresses(addresses: Sequence[str], topic: Topic) -> set[str]:
    """Return the addresses where the topic, or all optional email, is refused."""
    address_of = {digest: address for address in addresses for digest in address_hashes(address)}
    refused: dict[str, set[int | None]] = {address: set() for address in addresses}
    records = ConsentRecord.objects.filter(address_hash__in=address_of).order_by("pk")
    for record in records.only("address_hash", "topic_id", "wants", "basis"):
        if record.topic_id not in (None, topic.pk):
            continue
        open_refusals = refused[address_of[record.address_hash]]
        if not record.wants:
            open_refusals.add(record.topic_id)
        elif record.basis == ConsentBasis.EXPRESS:
            # A yes to the topic lifts both refusals, a yes to all only that of all.
            open_refusals.difference_update({None, record.topic_id})
    return {address for address, open_refusals in refused.items() if open_refusals}
