"""The one email to an address that somebody referred (SOR/2013-221, section 4)."""

from django.db import transaction

from accounts.emails import Address
from accounts.models import User
from preferences.choices import ConsentBasis, ConsentSource, TopicBasis
from preferences.emails import send_topic_email
from preferences.models import ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hashes
from preferences.services.choices import record_consent
from preferences.services.recipients import get_or_create_subscriber

REFERRALS = "referrals"  # short name of the topic


def ever_refused(address: str) -> bool:
    """Return whether an address ever refused optional email, even if it subscribed again."""
    hashes = address_hashes(address)
    return ConsentRecord.objects.filter(address_hash__in=hashes, wants=False).exists()


def referral_topic() -> Topic:
    """Return the topic of referrals, which the first of them makes."""
    topic, _created = Topic.objects.get_or_create(
        basis=TopicBasis.REFERRAL,
        defaults={
            "slug": REFERRALS,
            "name_en": "Referrals",
            "name_fr": "Recommandations",
            "purpose_en": "One email after somebody who knows you referred you to us.",
            "purpose_fr": "Un seul courriel après qu’une personne qui vous connaît vous a"
            " recommandé à nous.",
            "cadence_en": "Once",
            "cadence_fr": "Une fois",
        },
    )
    return topic


def recipient_of(address: str) -> Recipient:
    """Return who gets the email of an address: by now perhaps a person with an account."""
    subscriber = Recipient.objects.filter(address=address, followed_by=None).first()
    return subscriber or Recipient.objects.get(user__email=address)


@transaction.atomic
def send_referral(
    *, actor: User, address: str, language: str, template: str, **context: object
) -> None:
    """Send an address its one email, with a consent record that names who referred it.

    The caller has made sure that it is the first one, and that nobody there ever refused.
    """
    topic = referral_topic()
    recipient = get_or_create_subscriber(address, language)
    record_consent(
        actor=actor,
        recipient=recipient,
        topic=topic,
        wants=True,
        source=ConsentSource.REFERRAL,
        basis=ConsentBasis.REFERRAL,
    )
    send_topic_email(topic=topic, to=Address(address, language), template=template, **context)
