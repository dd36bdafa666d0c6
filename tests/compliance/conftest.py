"""A policy, its writer and its releaser, and the steps from a draft to a version in force."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from compliance.models import Policy, PolicyVersion
from compliance.services.announcements import announce_version
from compliance.services.answers import answer_version
from compliance.services.policies import (
    begin_version,
    create_policy,
    publish_version,
    update_version,
)
from hub.example import acts
from preferences.services.campaigns import start_due_campaigns

AHEAD = timedelta(days=40)
WORDS = {
    "title_en": "Terms of service",
    "title_fr": "Conditions d’utilisation",
    "summary_en": "We now keep logs for 14 days.",
    "summary_fr": "Nous gardons maintenant les journaux 14 jours.",
    "body_en": "# Logs\n\nWe keep logs for nine days.\n\nNobody reads them.",
    "body_fr": "# Journaux\n\nNous gardons les journaux neuf jours.\n\nPersonne ne les lit.",
}


@pytest.fixture
def petra(db):
    """Who writes policies: she is in the Privacy group."""
    return acts.hire("petra", "Petra Lindqvist", "Privacy")


@pytest.fixture
def pascal(db):
    """Her colleague, who releases what she wrote."""
    return acts.hire("pascal", "Pascal Côté", "Privacy")


@pytest.fixture
def draft(petra):
    """A function that writes the next draft of a policy, and creates the policy at first."""

    def write(slug="terms-of-use", kind="agreement", asked_of="person", **values):
        values = {**WORDS, "material": True, "effective_at": timezone.now() + AHEAD, **values}
        policy = Policy.objects.filter(slug=slug).first()
        if policy is None:
            policy = create_policy(actor=petra, slug=slug, kind=kind, asked_of=asked_of, **values)
            return policy.versions.get()
        begun = begin_version(actor=petra, policy=policy)
        return update_version(actor=petra, draft=begun, **values)

    return write


@pytest.fixture
def published(draft, petra):
    """A function that publishes the next version of a policy."""
    return lambda **values: publish_version(actor=petra, draft=draft(**values))


@pytest.fixture
def corrected(published):
    """A function that brings a version without a material change into force."""

    def correct(**values):
        with time_machine.travel(timezone.now() - timedelta(minutes=30)):
            effective_at = timezone.now() + timedelta(minutes=10)
            return published(**{"material": False, "effective_at": effective_at, **values})

    return correct


@pytest.fixture
def announced(published, pascal, deliver):
    """A function that announces the next version and sends the email to everybody."""

    def announce(**values):
        version = published(**values)
        announce_version(actor=pascal, version=version)
        deliver()
        start_due_campaigns()  # which ends those that are sent
        return PolicyVersion.objects.get(pk=version.pk)

    return announce


@pytest.fixture
def in_force(announced):
    """A function that brings the next version of a policy into force."""

    def bring(**values):
        with time_machine.travel(timezone.now() - AHEAD - timedelta(hours=1)):
            return announced(**{"effective_at": timezone.now() + AHEAD, **values})

    return bring


@pytest.fixture
def answer():
    """A function that answers a version as the page would."""

    def give(person, version, verb="accepted", **more):
        more = {"sha256": version.sha256, "language": "en", **more}
        return answer_version(actor=person, version=version, verb=verb, **more)

    return give


@pytest.fixture
def officer(db):
    """Somebody of the Privacy group."""
    return acts.hire("paula", "Paula Ng", "Privacy")
