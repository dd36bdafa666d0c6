"""What stands against a yes that the reader did not give themselves (R44)."""

from collections.abc import Sequence

from preferences.choices import ConsentBasis
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hashes


def refuses(reader: Recipient, choice: Choice | None) -> bool:
    """Whether their latest word on the topic, or on everything, is no."""
    if choice is not None and not choice.wants:
        return True
    return reader.is_stopped and (choice is None or choice.consent_id < (reader.stopped_id or 0))


def refused_addresses(addresses: Sequence[str], topic: Topic) -> set[str]:
    """Those at which the topic, or everything, was refused, and not asked for again."""
    whose = {digest: address for address in addresses for digest in address_hashes(address)}
    refused: dict[str, set[int | None]] = {address: set() for address in addresses}
    records = ConsentRecord.objects.filter(address_hash__in=whose).order_by("pk")
    for record in records.only("address_hash", "topic_id", "wants", "basis"):
        if record.topic_id not in (None, topic.pk):
            continue
        standing = refused[whose[record.address_hash]]
        if not record.wants:
            standing.add(record.topic_id)
        elif record.basis == ConsentBasis.EXPRESS:
            # a yes to the topic takes both back, a yes to all only the stop of all
            standing.difference_update({None, record.topic_id})
    return {address for address, standing in refused.items() if standing}
