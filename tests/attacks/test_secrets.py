"""Secrets do not leak through log lines or filters of the admin."""

import logging

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.services.invitations import invite_person
from hub.logs import formatter

TOKEN = "sEcret-token_123"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("accounts:invitation-accept", [TOKEN]),
        ("account_confirm_email", [TOKEN]),
        ("account_reset_password_from_key", ["1", TOKEN]),
        ("preferences:unsubscribe", [TOKEN]),
    ],
)
def test_no_log_line_holds_a_mailed_link_K4(name, arguments):
    path = reverse(name, args=arguments)
    quoted = f"/accounts/login/?next={path.replace('/', '%2F')}"

    for text in (path, quoted):
        record = logging.makeLogRecord({"msg": "Forbidden: %s", "args": (text,)})

        assert TOKEN not in formatter().format(record)


def test_a_refused_request_logs_no_token_K4(as_, alice, alder, charlie, caplog):
    """Django logs the address of every refusal; this one still opens a membership."""
    offer = invite_person(actor=alice, customer=alder, address="gina@alder.example")

    as_(charlie).post(reverse("accounts:invitation-accept", args=[offer.token]))

    lines = [formatter().format(record) for record in caplog.records]
    assert any("/invitations/" in line for line in lines)
    assert not any(offer.token in line for line in lines)


@pytest.mark.parametrize(
    "question",
    [
        "accounts/user/?password__startswith=md5",
        "accounts/user/?session_epoch__isnull=0",
        "accounts/invitation/?token_hash__startswith=a",
        "preferences/message/?claim__isnull=1",
        "preferences/message/?sealed_content__isnull=0",
        "preferences/choice/?user__password__startswith=md5",
        "accounts/customer/?id__in=99999999999999999999",
    ],
)
def test_the_admin_does_not_filter_by_a_hidden_field(question, as_, olive):
    """A filter in the address tells a hash apart letter by letter, though no page shows it."""
    olive.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))

    assert as_(olive).get(f"/admin/{question}").status_code == 400


def test_the_admin_still_filters_by_what_it_offers(as_, olive):
    olive.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))

    for question in (
        "accounts/customer/?status__exact=active",
        "preferences/choice/?wants__exact=1",
    ):
        assert as_(olive).get(f"/admin/{question}").status_code == 200
