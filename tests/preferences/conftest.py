"""Short words for what these tests do over and over."""

import pytest
from django.core.mail import EmailMessage

from accounts.emails import NOTICE_CLASS_HEADER
from preferences.emails import send_topic_mail
from preferences.models import Topic


@pytest.fixture
def newsletter(db):
    return Topic.objects.get(slug="newsletter")


@pytest.fixture
def promotions(db):
    return Topic.objects.get(slug="promotions")


@pytest.fixture
def send_legal():
    """A legal notice to one person, through Django's ordinary mail call."""

    def send(person, subject="Our terms change", body="From May on."):
        headers = {NOTICE_CLASS_HEADER: "legal"}
        EmailMessage(subject, body, to=[person.email], headers=headers).send()

    return send


@pytest.fixture
def send_topic():
    def send(topic, person, subject="News", text="It is spring."):
        send_topic_mail(topic=topic, person=person, subject=subject, text=text)

    return send
