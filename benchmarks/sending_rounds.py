"""The sending process of benchmarks.sending: messages and rounds as arguments, JSON as output."""

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
    """Create recipients who are subscribed to the topic."""
    recipients = Recipient.objects.bulk_create(
        Recipient(
            address=(address := f"recipient-{n}@elsewhere.example"),
            address_hash=address_hash(address),
            language="fr" if n % 3 else "en",
        )
        for n in range(mails)
    )
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            recipient=recipient, address_hash=address_hash(recipient.email), topic=topic,
            wants=True, wording="As asked.", wording_hash="-", language="en", source="import",
        )
        for recipient in recipients
    )  # fmt: skip


def compose(topic: Topic) -> Campaign:
    """Create a campaign whose audience is decided and whose messages are queued."""
    campaign = create_campaign(
        actor=User.objects.get(email="olive@harbour.example"), topic=topic, subject_en="News",
        subject_fr="Infos", body_en=TEXT, body_fr=TEXT,
    )  # fmt: skip
    campaign = schedule_campaign(actor=campaign.created_by, campaign=campaign)
    campaign_sending._resolved(campaign.pk)
    return campaign


def ours(campaign: Campaign) -> float:
    """Return messages a second with claims, choices, rows and decisions."""
    began, before = time.perf_counter(), _queued(campaign)
    while campaign_sending.dispatch(campaign.pk):
        pass
    assert _queued(campaign) == 0, "some messages were not sent"
    return before / (time.perf_counter() - began)


def bare(campaign: Campaign) -> float:
    """Return messages a second when they are only rendered and sent in a loop."""
    mails = list(
        Message.objects.filter(campaign=campaign).select_related(
            "recipient__user", "topic", "campaign"
        )
    )
    began = time.perf_counter()
    for message in mails:
        assert transport.send(rebuild(message)) == 1
    return len(mails) / (time.perf_counter() - began)


def _queued(campaign: Campaign) -> int:
    return Message.objects.filter(campaign=campaign, state="queued").count()


def main(mails: int, rounds: int) -> None:
    """Measure and print the figures."""
    topic = Topic.objects.get(slug="promotions")
    subscribe(mails, topic)
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    figures: dict[str, dict[str, list[float]]] = {}
    for _round in range(rounds):
        for signed, pem in (("unsigned", b""), ("signed", key)):
            settings.HUB_DKIM_KEY = pem
            campaign = compose(topic)
            ways = figures.setdefault(signed, {"bare": [], "ours": []})
            ways["bare"].append(bare(campaign))
            ways["ours"].append(ours(campaign))
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
