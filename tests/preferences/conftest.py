"""Fixtures for tests of topics, consent and email."""

import pytest
from django.core.mail import EmailMessage

from accounts.emails import NOTICE_CLASS_HEADER
from preferences.emails import send_topic_mail
from preferences.models import ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hash
from preferences.services.recipients import follow_address


@pytest.fixture
def newsletter(db):
    return Topic.objects.get(slug="newsletter")


@pytest.fixture
def promotions(db):
    return Topic.objects.get(slug="promotions")


@pytest.fixture
def send_legal():
    """Return a function that sends a legal notice to one person by Django's EmailMessage."""

    def send(person, subject="Our terms change", body="From May on."):
        headers = {NOTICE_CLASS_HEADER: "legal"}
        EmailMessage(subject, body, to=[person.email], headers=headers).send()

    return send


@pytest.fixture
def send_topic():
    def send(topic, person, subject="News", text="It is spring."):
        send_topic_mail(topic=topic, person=person, subject=subject, text=text)

    return send


@pytest.fixture
def consent(db):
    """Return a function that writes a consent record of any source."""

    def write(recipient, topic, *, wants=True, **values):
        return ConsentRecord.objects.create(
            **{
                "recipient": recipient,
                "address_hash": address_hash(recipient.email),
                "topic": topic,
                "wants": wants,
                "wording": "As the former list said it.",
                "wording_hash": "-",
                "language": "en",
                "source": "page",
                **values,
            }
        )

    return write


@pytest.fixture
def subscriber(db):
    """Return a function that creates a recipient without an account."""

    def create(address="sam@elsewhere.example", language="en"):
        recipient = Recipient.objects.create(address=address, language=language)
        follow_address(actor=None, recipient=recipient)
        return recipient

    return create
