"""The process that sends, for benchmarks.sending: mails and rounds as arguments, JSON on stdout."""

import json
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

import django

django.setup()

from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from cryptography.hazmat.primitives.serialization import (  # noqa: E402
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.conf import settings  # noqa: E402

from accounts.models import User  # noqa: E402
from preferences.gate import campaign_sending, transport  # noqa: E402
from preferences.gate.envelope import rebuild  # noqa: E402
from preferences.models import Campaign, ConsentRecord, Message, Recipient, Topic  # noqa: E402
from preferences.models.consent import address_hash  # noqa: E402
from preferences.services.campaigns import create_campaign, schedule_campaign  # noqa: E402

TEXT = "What is new at the provider, in a few lines that people like to read.\n" * 12


def subscribe(mails: int, topic: Topic) -> None:
    """So many readers who asked for the topic."""
    readers = Recipient.objects.bulk_create(
        Recipient(
            address=(address := f"reader-{n}@elsewhere.example"),
            address_hash=address_hash(address),
            language="fr" if n % 3 else "en",
        )
        for n in range(mails)
    )
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            recipient=reader, address_hash=address_hash(reader.email), topic=topic, wants=True,
            wording="As asked.", wording_hash="-", language="en", source="import",
        )
        for reader in readers
    )  # fmt: skip


def compose(topic: Topic) -> Campaign:
    """A campaign that is running and decided about; its messages wait."""
    campaign = create_campaign(
        actor=User.objects.get(email="olive@harbour.example"), topic=topic, subject_en="News",
        subject_fr="Infos", body_en=TEXT, body_fr=TEXT,
    )  # fmt: skip
    campaign = schedule_campaign(actor=campaign.created_by, campaign=campaign)
    campaign_sending._resolve(campaign.pk)
    return campaign


def ours(campaign: Campaign) -> float:
    """Mails a second through claims, choices, rows and decisions."""
    began, before = time.perf_counter(), _left(campaign)
    while campaign_sending.dispatch(campaign.pk):
        pass
    assert _left(campaign) == 0, "some mails did not leave"
    return before / (time.perf_counter() - began)


def bare(campaign: Campaign) -> float:
    """Mails a second of the same mails, rendered and sent in a loop."""
    mails = list(
        Message.objects.filter(campaign=campaign).select_related(
            "recipient__user", "topic", "campaign"
        )
    )
    began = time.perf_counter()
    for message in mails:
        assert transport.send(rebuild(message)) == 1
    return len(mails) / (time.perf_counter() - began)


def _left(campaign: Campaign) -> int:
    return Message.objects.filter(campaign=campaign, state="queued").count()


def main(mails: int, rounds: int) -> None:
    """Measure and print."""
    topic = Topic.objects.get(slug="promotions")
    subscribe(mails, topic)
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    found: dict[str, dict[str, list[float]]] = {}
    for _round in range(rounds):
        for signed, pem in (("unsigned", b""), ("signed", key)):
            settings.HUB_DKIM_KEY = pem
            campaign = compose(topic)
            ways = found.setdefault(signed, {"bare": [], "ours": []})
            ways["bare"].append(bare(campaign))
            ways["ours"].append(ours(campaign))
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
