"""What the gate takes in, and what it refuses (R39; security I7)."""

import pytest
from django.core.mail import EmailMessage, send_mail
from django.db import transaction

from accounts.emails import NOTICE_CLASS_HEADER
from preferences.emails import TOPIC_HEADER
from preferences.gate import MailRefused, UnclassifiedMail
from preferences.models import Message


def mail_to(*to, subject="Hello", headers=None, **kwargs):
    return EmailMessage(subject, "Text", to=list(to), headers=headers, **kwargs)


def test_reset_mail_of_allauth_passes_as_security(as_, bob, deliver):
    as_(None).post("/accounts/password/reset/", {"email": bob.email})

    [mail] = deliver()
    assert mail.to == [bob.email]
    assert "/accounts/password/reset/key/" in mail.body
    assert Message.objects.get().notice_class_id == "security"
    assert NOTICE_CLASS_HEADER not in mail.message()
