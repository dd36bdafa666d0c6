"""Every kind of event has a sentence in both languages.

conftest.py checks at every recorded event that it has the data of its sentence.
"""

import re

import pytest
from django.utils import translation

from accounts.choices import EVENT_CODES, EVENT_SENTENCES
from accounts.models import AuditEvent
from accounts.selectors import sentence_of

DOMAINS = {"en": "Domains", "fr": "Domaines"}
# What stands in an event's data, as the services write it.
DATA = {
    "verification": "call_back",
    "kid": "NzbLsXh8uDCcd",
    **dict.fromkeys(
        [
            "added",
            "changed",
            "ended",
            "complaints",
            "count",
            "kept",
            "overtaken",
            "people",
            "percent",
        ],
        3,
    ),
    **dict.fromkeys(["ended", "reduced", "refused", "removed", "privileges", "sent"], 12),
    **dict.fromkeys(["grantee", "person", "previous"], "Bob Tremblay"),
    **dict.fromkeys(["portal", "portal_name", "topic", "type"], DOMAINS),
    "act": "reset_link",
    "breach": "B-2026-001",
    "step": "verify_caller",
    "address": "bob@alder.example",
    "capacity": "officer",
    "category": "legal",
    "changes": "2 added.",
    "company": "Alder Dental",
    "contact": {"en": "Billing", "fr": "Facturation"},
    "customer_name": "Alder Dental",
    "digest": "weekly",
    "domain": "alder.example",
    "factor": "recovery_codes",
    "factor_name": "Work laptop",
    "fields": "name, work_phone",
    "first_day": {"en": "May 1, 2027", "fr": "1 mai 2027"},
    "format": "csv",
    "how": "phone",
    "number": 2,
    "title": {"en": "Terms of service", "fr": "Conditions d’utilisation"},
    "left": 9,
    "invoice": "INV-7",
    "money": "120.00 CAD",
    "platform": "Fotogram",
    "profile": "alder-dental",
    "issuer": "https://login.alder.example",
    "last_day": {"en": "May 1, 2027", "fr": "1 mai 2027"},
    "notice_class": {"en": "Legal", "fr": "Juridique"},
    "outcome": "helped",
    "preset": "Bookkeeper",
    "privacy_kind": "erasure",
    "problem": "other_subject",
    "proof": "dns",
    "privilege": {"en": "Renew domain", "fr": "Renouveler le domaine"},
    "reader": "b…@alder.example",
    "reason": "He asked by phone.",
    "reference": "RT 1042",
    "request": "phone",
    "reviewers": "Owen Clarke, Emma Roy",
    "resource": "alder.example",
    "role": "super_user",
    "rule": "messages",
    "status": {"en": "suspended", "fr": "suspendu"},
    "subject": {"en": "News", "fr": "Nouvelles"},
    "team": "Reception",
    "resources": "Reception, alder.example",
    "ticket": "T-1",
    "hours": 72,
    "evidence": "The register names her.",
    "proposer": "Dana Okafor",
    "successor": "Emma Roy",
    "until": "2027-05-01",
}


def event(kind: str) -> AuditEvent:
    return AuditEvent(kind=kind, actor_name="Alice Martin", data=DATA)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", EVENT_SENTENCES)
def test_every_event_kind_has_a_full_sentence(kind, language):
    with translation.override(language):
        said = sentence_of(event(kind))

    assert "—" not in said, "a word of it is not in DATA"
    assert said.endswith("."), said
    assert "%(" not in said
    assert "{" not in said, "a word in several languages stands there as data"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_sentence_contains_a_code(language):
    codes = {str(DATA[name]) for name in EVENT_CODES if name != "how"} | {"work_phone"}
    for kind in EVENT_SENTENCES:
        with translation.override(language):
            words = re.findall(r"\w+", sentence_of(event(kind)))
        assert not codes & set(words), kind
