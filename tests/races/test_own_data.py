"""A person's data asked for, made, confirmed and corrected at one moment, on PostgreSQL."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership, User
from accounts.services.memberships import suspend_membership
from compliance.models import PrivacyRequest, SealedFile
from compliance.services.corrections import correct_account
from compliance.services.exports import ask_for_own_data, make_own_data
from compliance.services.privacy_requests import confirm_privacy_request, settle_privacy_request
from compliance.services.sealed_files import content_of, record_download
from compliance.tokens import privacy_token
from hub.example import acts
from preferences.models import Message
from tests.races.meeting import race_at
from tests.races.test_races import (
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]
EIGHT = range(8)


@pytest.fixture
def person() -> User:
    return User.objects.get(email="bob@alder.example")


def test_eight_who_ask_at_once_get_one_file_and_one_email_L51(person):
    now = timezone.now()
    results = race(*(lambda: ask_for_own_data(actor=person, signed_in_at=now) for _one in EIGHT))
    assert won(results) == 1
    file = SealedFile.objects.get()

    made = race(*(lambda: make_own_data(actor=None, file=file.uuid) for _one in EIGHT))

    assert sorted(made) == [False] * 7 + [True]
    assert Message.objects.filter(subject__contains="ready to download").count() == 1
    assert AuditEvent.objects.filter(kind="own_data.made").count() == 1
    key = record_download(actor=person, file=file, signed_in_at=now)
    file.refresh_from_db()
    assert sum(map(len, content_of(file, key))) == file.size


def test_a_link_confirmed_by_eight_at_once_is_one_request_L52(person):
    token = privacy_token(
        address=person.email, kind="access", language="en", at=timezone.now().timestamp()
    )

    results = race(*(lambda: confirm_privacy_request(actor=None, token=token) for _one in EIGHT))

    assert won(results) == 8
    assert PrivacyRequest.objects.count() == 1
    assert AuditEvent.objects.filter(kind="privacy.received").count() == 1


@pytest.fixture
def correction(person) -> PrivacyRequest:
    """A request of the person to correct their data."""
    token = privacy_token(
        address=person.email, kind="correction", language="en", at=timezone.now().timestamp()
    )
    return confirm_privacy_request(actor=None, token=token)


def test_a_corrected_name_undoes_no_suspension_L59(person, correction):
    place = Membership.objects.select_related("customer__main_super_user__user").get(user=person)
    officer = acts.hire("paula", "Paula Ng", "Privacy")

    results = race_at(
        "accounts.services.memberships.save_membership",
        lambda: correct_account(actor=officer, request=correction, name="Robert Tremblay"),
        lambda: suspend_membership(actor=place.customer.main_super_user.user, membership=place),
    )

    assert won(results) == 2
    place.refresh_from_db()
    assert place.work_name == "Robert Tremblay"
    assert place.suspended_at is not None


def test_nothing_is_corrected_once_the_answer_is_sent_L59(person, correction):
    officer = acts.hire("paula", "Paula Ng", "Privacy")

    race_at(
        "accounts.services.audit.seal_words",
        lambda: correct_account(actor=officer, request=correction, name="Robert Tremblay"),
        lambda: settle_privacy_request(
            actor=officer, request=correction, outcome="answered", answer="Done."
        ),
    )

    kinds = AuditEvent.objects.filter(kind__in=["data.corrected", "privacy.answered"])
    assert kinds.order_by("at").last().kind == "privacy.answered"
