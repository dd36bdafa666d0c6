"""The answer of every URL to every kind of person; a URL that is not listed fails (A1, A2).

The people are nobody, Bob (a user of Alder), Alice (its Super User), Charlie (Super User of Birch),
Dana (support) and Olive (operator). Each URL is requested with Alder's ids, by its own method, with
and without htmx. `in` is an answer; the others are refusals.
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from tests.acts import ACTS, ELSEWHERE
from tests.savepoints import made_once

READERS = ("nobody", "bob", "alice", "charlie", "dana", "olive")

#                nobody      bob   alice  charlie dana  olive
PUBLIC = dict(zip(READERS, ("in", "in", "in", "in", "in", "in"), strict=True))
PERSON = dict(zip(READERS, ("sign in", "in", "in", "in", "in", "in"), strict=True))
SUPER_USER = dict(zip(READERS, ("sign in", 403, "in", 404, 404, 404), strict=True))
OF_EMMA = {**SUPER_USER, "bob": 404}
DESK = dict(zip(READERS, ("sign in", 403, 403, 403, "in", "in"), strict=True))
NOT_PASSED = {**DESK, "dana": 404, "olive": 404}
PROVIDER = dict(zip(READERS, ("sign in", 403, 403, 403, 403, "in"), strict=True))
STAFF = dict(zip(READERS, ("sign in", 403, 403, 403, "in", "in"), strict=True))
NO_STAFF_RIGHT = dict(zip(READERS, ("sign in", 403, 403, 403, 403, 403), strict=True))
PORTAL = dict.fromkeys(READERS, 401)  # a session never opens what portals ask
NO_PORTAL = dict.fromkeys(READERS, 404)  # the example's portals have no credentials yet
# An emailed code is no proof that it is still the same person.
NO_CODE_AGAIN = {**dict.fromkeys(READERS, 403), "nobody": "sign in"}
API_PERSON = {**PERSON, "nobody": 403}
NOBODYS = {**dict.fromkeys(READERS, 404), "nobody": "sign in"}
REGISTER = {**NOBODYS, "olive": "in"}  # of breaches: who may not see it learns nothing
NO_BREACH = {"reference": "B-1"}
NO_OWN_SIGN_IN = dict.fromkeys(READERS, 403)  # Alder has none that is on
GONE = dict.fromkeys(READERS, 410)
NOBODY = uuid.UUID(int=0)  # no row has it
NOT_OF_ALDER = {**SUPER_USER, "alice": 404}
NOT_OF_PROVIDER = {**PROVIDER, "olive": 404}


@dataclass
class Address:
    """How one address is tried, and what each reader gets."""

    who: dict[str, Any]
    arguments: dict[str, Any] = field(default_factory=dict)
    method: str = "GET"
    data: Any = None

    @property
    def reader(self) -> str | None:
        """Return the last of the readers who may open it."""
        return next((name for name in reversed(READERS) if self.who[name] == "in"), None)


def customer(**more: Any) -> dict[str, Any]:
    return {"customer": "alder", **more}


def of_alder(name: str, method: str = "GET", who: dict[str, Any] = SUPER_USER, **more: Any):
    return {name: Address(who, customer(**more), method)}


ADDRESSES: dict[str, Address] = {
    "home": Address(PERSON),
    "search": Address(PERSON),
    "my-access": Address(PERSON),
    **of_alder("portals:invite"),
    # Everyone sees their own page; Bob's is somebody else's to the others.
    **of_alder("portals:person", who={**SUPER_USER, "bob": "in"}, person="bob"),
    **of_alder("portals:copy-access", person="emma"),
    **of_alder("portals:presets"),
    **of_alder("portals:preset-new"),
    **of_alder("portals:preset", preset="preset"),
    **of_alder("portals:preset-delete", "POST", preset="preset"),
    **of_alder("portals:person-teams", who={**SUPER_USER, "bob": "in"}, person="bob"),
    **of_alder("portals:person-details", person="bob"),
    **of_alder("portals:person-activity", person="bob"),
    **of_alder("portals:grantee-options"),
    **of_alder("portals:target-options"),
    **of_alder("portals:give-access"),
    **of_alder("portals:access-change", grants="grants"),
    **of_alder("portals:access-remove", "POST", grants="grants"),
    **of_alder("portals:team", team="team"),
    **of_alder("portals:team-delete", team="team"),
    **of_alder("portals:teams-delete"),
    **of_alder("portals:list-export", "POST", listed="teams"),
    **of_alder("accounts:teams"),
    **of_alder("accounts:team-rename", team="team"),
    **of_alder("accounts:team-member-add", "POST", team="team"),
    **of_alder("accounts:team-member-remove", "POST", team="team", person="emma"),
    **of_alder("accounts:person-team-add", "POST", person="emma"),
    **of_alder("accounts:person-team-remove", "POST", person="emma", team="team"),
    **of_alder("portals:resource-list"),
    **of_alder("accounts:people-options"),
    **of_alder("accounts:team-options"),
    **of_alder("portals:resource-options"),
    **of_alder("portals:resource", pk="resource"),
    **of_alder("portals:people"),
    **of_alder("portals:people-export", "POST"),
    **of_alder("portals:access-export", "POST"),
    **of_alder("portals:person-access-export", "POST", person="bob"),
    **of_alder("portals:resource-access-export", "POST", pk="resource"),
    **of_alder("portals:people-bulk-action", act="suspend"),
    **of_alder("accounts:person-suspend", "POST", person="emma"),
    **of_alder("accounts:person-restore", "POST", person="emma"),
    **of_alder("accounts:person-remove", "POST", person="emma"),
    **of_alder("accounts:person-end", person="emma"),
    **of_alder("accounts:offboarding-cancel", "POST", person="emma"),
    **of_alder("portals:offboarding", person="emma"),
    **of_alder("accounts:person-role", "POST", person="emma"),
    **of_alder("accounts:person-details", "POST", person="emma"),
    **of_alder("portals:invitations"),
    **of_alder("portals:invitations-resend", "POST"),
    **of_alder("portals:invitations-take-over", "POST"),
    **of_alder("portals:invitation-address", invitation="invitation"),
    **of_alder("portals:invitations-revoke", "POST"),
    **of_alder("portals:invite-report", "POST"),
    # Emma's request: hers, and Alice's to answer; Bob finds nothing there.
    **of_alder("accounts:requests", who={**SUPER_USER, "bob": "in"}),
    **of_alder(
        "accounts:request-withdraw",
        "POST",
        {**OF_EMMA, "alice": 403},
        access_request="access_request",
    ),
    **of_alder("portals:request-new", who={**SUPER_USER, "bob": "in"}),
    **of_alder("portals:request-portal", "POST", {**SUPER_USER, "bob": "in"}, portal="domains"),
    **of_alder("accounts:request-pass", "POST", OF_EMMA, access_request="access_request"),
    **of_alder("portals:requests-bulk-action", "POST", act="refuse"),
    **of_alder("portals:expiring-access"),
    **of_alder("portals:person-grant-renew", "POST", grant="grant"),
    **of_alder("portals:team-grant-renew", "POST", grant="team grant"),
    **of_alder("portals:service-list"),
    **of_alder("portals:service-request", portal="domains"),
    **of_alder("portals:request", who=OF_EMMA, access_request="access_request"),
    **of_alder("portals:request-approve", "POST", OF_EMMA, access_request="access_request"),
    **of_alder(
        "portals:request-approve-as-asked", "POST", OF_EMMA, access_request="access_request"
    ),
    **of_alder("portals:request-refuse", "POST", OF_EMMA, access_request="access_request"),
    **of_alder("portals:reviews"),
    **of_alder("portals:review-begin", "POST"),
    **of_alder("portals:review-remind", "POST", review="review"),
    **of_alder("portals:review", review="review"),
    **of_alder("portals:review-save", "POST", review="review"),
    **of_alder("portals:review-remove-unused", "POST", review="review"),
    **of_alder("accounts:activity"),
    **of_alder("accounts:activity-export", "POST", form="jsonl"),
    "accounts:history": Address(PERSON),
    "accounts:history-export": Address(PERSON, {"form": "csv"}, "POST"),
    **of_alder("accounts:undo", "POST", sequence="sequence"),
    **of_alder("accounts:undo-all", "POST", sequence="sequence", last="sequence"),
    **of_alder("accounts:setup-skip", "POST"),
    "accounts:provider-setup-skip": Address(PROVIDER, {}, "POST"),
    **of_alder("accounts:company"),
    **of_alder("accounts:second-factor-demand", "POST"),
    **of_alder("accounts:second-factor-end", "POST"),
    **of_alder("accounts:company-sign-in"),
    # Nothing is connected yet: the page says so.
    **of_alder("accounts:company-sign-in-try"),
    **{
        name: Address(SUPER_USER, customer(), "POST")
        for name in (
            *(f"accounts:company-sign-in-{act}" for act in ("client", "start", "stop")),
            *(f"accounts:company-sign-in-{act}" for act in ("remove", "unlink")),
            "accounts:company-domain-add",
        )
    },
    **{
        f"accounts:company-domain-{act}": Address(
            {**SUPER_USER, "alice": 404}, customer(domain=uuid.UUID(int=0)), "POST"
        )
        for act in ("check", "email", "remove")  # a domain that isn't there
    },
    # Nobody was led there: the sign-in page leads on.
    "accounts:company-sign-in-ask": Address(dict.fromkeys(READERS, "sign in")),
    "accounts:company-sign-in-again": Address(PERSON),
    "accounts:company-sign-in-go": Address(NO_OWN_SIGN_IN, {"company": "alder"}),
    "accounts:company-sign-in-callback": Address(NO_PORTAL, {"company": "alder"}),
    "accounts:company-domain-confirm": Address(GONE, {"token": "x" * 43}),
    **of_alder("accounts:hand-over-offer", "POST"),
    **of_alder("accounts:hand-over", hand_over="hand over"),
    # Offered to Gina, by Alice: she may take it back, and nobody here may answer it.
    **of_alder(
        "accounts:hand-over-accept", "POST", {**SUPER_USER, "alice": 403}, hand_over="hand over"
    ),
    **of_alder(
        "accounts:hand-over-decline", "POST", {**SUPER_USER, "alice": 403}, hand_over="hand over"
    ),
    **of_alder("accounts:hand-over-withdraw", "POST", hand_over="hand over"),
    "accounts:profile": Address(PERSON),
    "accounts:time-zone-options": Address(PERSON),
    "accounts:unsent-form-discard": Address(PERSON, {}, "POST"),
    # No portal named: nothing to ask for. Who belongs nowhere finds nothing either.
    "portals:ask": Address({**dict.fromkeys(READERS, 404), "nobody": "sign in"}),
    "accounts:sign-in-code": Address(PUBLIC),
    "accounts:sign-in-code-enter": Address(PUBLIC),
    "accounts:invitation-accept": Address(GONE, {"token": "x" * 43}),
    "accounts:desk": Address(DESK),
    "accounts:desk-person": Address(DESK, {"person": "bob"}),
    "accounts:desk-open-case": Address(DESK, {"person": "bob"}, "POST"),
    # The case is Dana's: another agent's button is refused, an empty form shows its errors.
    **{
        f"accounts:case-{act}": Address(DESK, {"case": "case"}, "POST")
        for act in ("code", "call-back", "reference", "close")
    },
    **{
        f"accounts:case-{act}": Address({**DESK, "olive": 403}, {"case": "case"}, "POST")
        for act in ("email-code", "ask")
    },
    "accounts:case-act": Address({**DESK, "olive": 403}, {"case": "case", "act": "unlock"}, "POST"),
    "accounts:support-code": Address(PERSON),
    # Nobody is asked about a caller.
    "accounts:case-confirmation": Address(NOBODYS, {"question": uuid.UUID(int=0)}),
    "accounts:address-correction": Address(GONE, {"token": "forged"}),
    # Dana's case, with a caller who is not verified; and a viewing of hers.
    "accounts:desk-viewing-begin": Address({**DESK, "olive": 403}, {"case": "case"}, "POST"),
    "accounts:desk-viewing-end": Address({**DESK, "olive": 403}, {"viewing": "viewing"}, "POST"),
    "viewing": Address({**DESK, "olive": 403}, {"viewing": "viewing", "page": "home"}),
    "accounts:desk-recoveries": Address(DESK),
    "accounts:desk-recovery": Address(DESK, {"slug": "alder"}),
    "accounts:desk-recovery-approve": Address(DESK, {"recovery": "recovery"}, "POST"),
    "accounts:desk-recovery-withdraw": Address(DESK, {"recovery": "recovery"}, "POST"),
    # Any member sees and stops it; it is offered to Gina.
    **of_alder("accounts:recovery", who={**SUPER_USER, "bob": "in"}, recovery="recovery"),
    **of_alder("accounts:recovery-stop", "POST", {**SUPER_USER, "bob": "in"}, recovery="recovery"),
    **of_alder(
        "accounts:recovery-accept", "POST", {**SUPER_USER, "alice": 403}, recovery="recovery"
    ),
    "accounts:recovery-stop-by-link": Address(dict.fromkeys(READERS, 404), {"token": "forged"}),
    "accounts:delayed-act-by-link": Address(dict.fromkeys(READERS, 404), {"token": "forged"}),
    # Nothing waits for anybody.
    "accounts:delayed-act-cancel": Address(NOBODYS, {"delayed": uuid.UUID(int=0)}, "POST"),
    "accounts:desk-delayed-act-cancel": Address(NOT_PASSED, {"delayed": uuid.UUID(int=0)}, "POST"),
    "accounts:desk-delayed-act-hurry": Address(NOT_PASSED, {"delayed": uuid.UUID(int=0)}, "POST"),
    "accounts:provider": Address(PROVIDER),
    # Emma's request has not come to the provider: even who may answer finds none.
    "portals:provider-requests": Address(DESK),
    "portals:provider-request": Address(NOT_PASSED, {"access_request": "access_request"}),
    "portals:provider-request-approve": Address(
        NOT_PASSED, {"access_request": "access_request"}, "POST"
    ),
    "portals:provider-request-refuse": Address(
        NOT_PASSED, {"access_request": "access_request"}, "POST"
    ),
    "portals:provider-request-send-back": Address(
        NOT_PASSED, {"access_request": "access_request"}, "POST"
    ),
    "portals:provider-customer-create": Address(PROVIDER),
    "portals:provider-customer": Address(PROVIDER, {"slug": "alder"}),
    "accounts:provider-domain-release": Address(
        {**PROVIDER, "olive": 404}, {"slug": "alder", "domain": uuid.UUID(int=0)}, "POST"
    ),  # a domain that isn't there
    "portals:provider-subscribe": Address(PROVIDER, {"slug": "alder"}, "POST"),
    "portals:provider-subscription": Address(
        PROVIDER, {"slug": "alder", "portal": "domains"}, "POST"
    ),
    "portals:provider-invite": Address(PROVIDER, {"slug": "alder"}, "POST"),
    # No invitation waits at Alder, so even who may finds none.
    "portals:provider-invitation-resend": Address(
        {**PROVIDER, "olive": 404}, {"slug": "alder"}, "POST"
    ),
    "portals:provider-invitation-revoke": Address(
        {**PROVIDER, "olive": 404}, {"slug": "alder"}, "POST"
    ),
    "portals:provider-customer-suspend": Address(PROVIDER, {"slug": "alder"}, "POST"),
    "portals:provider-customer-restore": Address(PROVIDER, {"slug": "alder"}, "POST"),
    "preferences:topics": Address(PROVIDER),
    "preferences:topic-new": Address(PROVIDER),
    "preferences:topic": Address(PROVIDER, {"slug": "newsletter"}),
    "preferences:topic-edit": Address(PROVIDER, {"slug": "newsletter"}),
    "preferences:topic-close": Address(PROVIDER, {"slug": "newsletter"}, "POST"),
    "preferences:topic-reopen": Address(PROVIDER, {"slug": "newsletter"}, "POST"),
    "preferences:notice-classes": Address(PROVIDER),
    "preferences:notice-class-activate": Address(PROVIDER, {"code": "legal"}, "POST"),
    "preferences:campaigns": Address(PROVIDER),
    "preferences:campaign-new": Address(PROVIDER),
    "preferences:campaign": Address(PROVIDER, {"campaign": "campaign"}),
    "preferences:campaign-edit": Address(PROVIDER, {"campaign": "campaign"}),
    "preferences:campaign-check": Address(PROVIDER, {"campaign": "campaign"}),
    "preferences:campaign-preview": Address(
        PROVIDER, {"campaign": "campaign", "number": 0, "look": "dark"}
    ),
    "preferences:campaign-test-send": Address(PROVIDER, {"campaign": "campaign"}, "POST"),
    "preferences:campaign-people": Address(PROVIDER, {"campaign": "campaign"}),
    "preferences:campaign-unschedule": Address(PROVIDER, {"campaign": "campaign"}, "POST"),
    "preferences:campaign-pause": Address(PROVIDER, {"campaign": "campaign"}, "POST"),
    "preferences:campaign-resume": Address(PROVIDER, {"campaign": "campaign"}, "POST"),
    "preferences:campaign-cancel": Address(PROVIDER, {"campaign": "campaign"}, "POST"),
    "preferences:evidence": Address(PROVIDER),
    "preferences:reseller-mark": Address(PROVIDER, {"slug": "alder"}, "POST"),
    "preferences:reseller-unmark": Address(PROVIDER, {"slug": "alder"}, "POST"),
    "preferences:mandatory-mail": Address(PUBLIC),
    "compliance:data-registry": Address(PUBLIC),
    "compliance:cookie-list": Address(PUBLIC),
    "compliance:privacy": Address(PUBLIC),
    "compliance:privacy-confirm": Address(dict.fromkeys(READERS, 404), {"token": "forged"}),
    # Of the Privacy group: compliance/test_privacy_requests.py.
    "compliance:privacy-requests": Address(PROVIDER),
    "compliance:privacy-request": Address(
        {**PROVIDER, "olive": 404}, {"privacy_request": uuid.UUID(int=0)}
    ),
    "compliance:privacy-request-new": Address(PROVIDER),
    "compliance:privacy-request-correct-work": Address(
        {**PROVIDER, "olive": 404},
        {"privacy_request": uuid.UUID(int=0), "membership": uuid.UUID(int=0)},
    ),
    **{
        f"compliance:privacy-request-{act}": Address(
            {**PROVIDER, "olive": 404}, {"privacy_request": uuid.UUID(int=0)}, method
        )
        for act, method in {
            "extend": "GET",
            "correct": "GET",
            "note": "GET",
            "pause": "POST",
            "resume": "POST",
            "keep": "POST",
        }.items()
    },
    # Of the Privacy group: compliance/test_holds.py, compliance/test_retention.py.
    "compliance:legal-holds": Address(PROVIDER),
    "compliance:legal-hold": Address({**PROVIDER, "olive": 404}, {"hold": uuid.UUID(int=0)}),
    "compliance:retention": Address(PROVIDER),
    "compliance:close-account": Address(PERSON),
    "compliance:keep-account": Address(NOBODYS, {}, "POST"),
    "compliance:due": Address(PROVIDER),
    **of_alder("compliance:programme"),
    **of_alder("compliance:reseller-ask", "POST"),
    **of_alder("compliance:reseller-leave", "POST"),
    **of_alder("compliance:reseller-alerts", "POST"),
    "compliance:referral": Address(dict.fromkeys(READERS, 404), {"token": "forged"}),
    "compliance:referrals": Address(PROVIDER),
    "compliance:referral-joined": Address(
        {**PROVIDER, "olive": 404}, {"referral": uuid.UUID(int=0)}, "POST"
    ),
    "compliance:reseller-request": Address(
        {**PROVIDER, "olive": 404}, {"reseller_request": uuid.UUID(int=0)}
    ),
    # Nobody has this breach; who may do what with one: compliance/test_breaches.py.
    "compliance:breaches": Address(REGISTER),
    "compliance:breach-new": Address(REGISTER),
    "compliance:breach": Address(NOBODYS, NO_BREACH),
    "compliance:breach-edit": Address(NOBODYS, NO_BREACH),
    "compliance:breach-assess": Address(NOBODYS, NO_BREACH),
    "compliance:breach-hold": Address(NOBODYS, NO_BREACH),
    "compliance:hold-review": Address(NOBODYS, {**NO_BREACH, "hold": uuid.UUID(int=0)}, "POST"),
    "compliance:hold-end": Address(NOBODYS, {**NO_BREACH, "hold": uuid.UUID(int=0)}, "POST"),
    "compliance:breach-report": Address(NOBODYS, {**NO_BREACH, "regulator": "opc"}),
    "compliance:breach-report-file": Address(NOBODYS, {**NO_BREACH, "regulator": "opc"}, "POST"),
    "compliance:breach-company": Address(NOBODYS, NO_BREACH),
    "compliance:breach-close": Address(NOBODYS, NO_BREACH, "POST"),
    "compliance:breach-file": Address(NOBODYS, NO_BREACH, "POST"),
    "compliance:breach-people": Address(NOBODYS, NO_BREACH),
    "compliance:breach-add": Address(NOBODYS, {**NO_BREACH, "how": "hand"}),
    "compliance:breach-end": Address(NOBODYS, NO_BREACH),
    "compliance:breach-person": Address(NOBODYS, {**NO_BREACH, "affected": 1}),
    "compliance:affected-remove": Address(NOBODYS, {**NO_BREACH, "affected": 1}, "POST"),
    "compliance:breach-letter": Address(NOBODYS, {**NO_BREACH, "letter": 1}),
    "compliance:breach-wording": Address(NOBODYS, NO_BREACH),
    "compliance:breach-release": Address(NOBODYS, NO_BREACH),
    "compliance:own-notices": Address(PERSON),
    "compliance:own-notice": Address(NOBODYS, {"slug": "0"}, "POST"),
    "compliance:notice": Address(dict.fromkeys(READERS, 404), {"slug": "0"}),
    "compliance:own-data": Address(PERSON),
    # Without a fresh sign-in they are led to one.
    "compliance:own-data-ask": Address(PERSON, {}, "POST"),
    "compliance:own-data-download": Address(NOBODYS, {"file": uuid.UUID(int=0)}, "POST"),
    **of_alder("preferences:customer-email"),
    **of_alder("preferences:contact-add", "POST"),
    **of_alder("preferences:contact-remove", "POST", contact="contact"),
    **of_alder("preferences:customer-recipient-add", "POST"),
    **of_alder("preferences:customer-recipient-remove", "POST", recipient="added mail"),
    **of_alder("preferences:topic-deny", "POST", topic="newsletter"),
    **of_alder("preferences:topic-allow", "POST", topic="newsletter"),
    # The example's terms: version 1 is in force, version 2 a draft.
    "compliance:policies": Address(PUBLIC),
    "compliance:policy-feed": Address(PUBLIC),
    "compliance:policy": Address(PUBLIC, {"slug": "terms"}),
    "compliance:policy-version": Address(PUBLIC, {"slug": "terms", "number": 1}),
    "compliance:policy-text": Address(PUBLIC, {"slug": "terms", "number": 1}),
    "compliance:policy-json": Address(PUBLIC, {"slug": "terms", "number": 1}),
    "compliance:policy-comparison": Address(
        dict.fromkeys(READERS, 404), {"slug": "terms", "before": 1, "after": 2}
    ),
    **of_alder("compliance:representatives"),
    **of_alder("compliance:representative-end", "POST", NOT_OF_ALDER, representative=NOBODY),
    **of_alder("compliance:log-requests"),
    **of_alder("compliance:log-request-new"),
    **of_alder("compliance:log-request", who=NOT_OF_ALDER, log_request=NOBODY),
    **of_alder("compliance:log-request-withdraw", "POST", NOT_OF_ALDER, log_request=NOBODY),
    **of_alder("compliance:log-request-pay", "POST", NOT_OF_ALDER, log_request=NOBODY),
    **of_alder("compliance:log-request-download", "POST", NOT_OF_ALDER, log_request=NOBODY),
    **of_alder("compliance:log-request-receipt", who=NOT_OF_ALDER, log_request=NOBODY),
    **of_alder("compliance:authorisations"),
    **of_alder("compliance:authorisation-give", "POST", NOT_OF_ALDER, authorisation=NOBODY),
    **of_alder("compliance:authorisation-end", "POST", NOT_OF_ALDER, authorisation=NOBODY),
    "compliance:provider-representatives": Address(PROVIDER),
    **{
        f"compliance:representative-{act}": Address(
            NOT_OF_PROVIDER, {"representative": NOBODY}, "POST"
        )
        for act in ("confirm", "refuse")
    },
    "compliance:provider-logs": Address(PROVIDER),
    "compliance:provider-log-request": Address(NOT_OF_PROVIDER, {"log_request": NOBODY}),
    "compliance:log-request-repeat": Address(NOT_OF_PROVIDER, {"log_request": NOBODY}, "POST"),
    "compliance:log-request-close": Address(NOT_OF_PROVIDER, {"log_request": NOBODY}, "POST"),
    "compliance:provider-charge": Address(NOT_OF_PROVIDER, {"charge": NOBODY}),
    "compliance:charge-waive": Address(NOT_OF_PROVIDER, {"charge": NOBODY}, "POST"),
    "compliance:payment-reverse": Address(NOT_OF_PROVIDER, {"charge": NOBODY}, "POST"),
    "compliance:rates": Address(PROVIDER),
    "compliance:provider-authorisations": Address(PROVIDER, {"slug": "alder"}),
    "compliance:provider-authorisation-end": Address(
        NOT_OF_PROVIDER, {"slug": "alder", "authorisation": NOBODY}, "POST"
    ),
    "compliance-api:log-request-list": Address(PORTAL),
    "compliance-api:kept-logs": Address(PORTAL),
    "compliance-api:log-request-claim": Address(PORTAL, {"log_request": NOBODY}, "POST"),
    "compliance-api:log-request-part": Address(PORTAL, {"log_request": NOBODY, "number": 0}, "PUT"),
    "compliance-api:log-request-result": Address(PORTAL, {"log_request": NOBODY}, "PUT"),
    "compliance-api:log-request-failure": Address(PORTAL, {"log_request": NOBODY}, "POST"),
    "compliance-api:charge-payments": Address(PORTAL, {"charge": NOBODY}, "POST"),
    "compliance-api:authorisation-list": Address(PORTAL),
    "compliance:agree": Address(PERSON),
    "compliance:agree-answer": Address(
        {**dict.fromkeys(READERS, 404), "nobody": "sign in"}, {}, "POST"
    ),
    "compliance:agreements": Address(PERSON),
    "compliance:agreement-receipt": Address(NOBODYS, {"pk": 1}),
    "compliance:provider-policies": Address(PROVIDER),
    "compliance:policy-new": Address(PROVIDER),
    "compliance:provider-policy": Address(PROVIDER, {"slug": "terms"}),
    "compliance:version-begin": Address(PROVIDER, {"slug": "terms"}, "POST"),
    "compliance:provider-version": Address(PROVIDER, {"slug": "terms", "number": 2}),
    "compliance:version-edit": Address(PROVIDER, {"slug": "terms", "number": 2}),
    "compliance:version-withdraw": Address(PROVIDER, {"slug": "terms", "number": 2}),
    "compliance:version-unanswered": Address(PROVIDER, {"slug": "terms", "number": 1}),
    "compliance:version-record": Address(PROVIDER, {"slug": "terms", "number": 1}),
    "preferences:bounced-mail": Address(PERSON),
    # No secret is set, so nobody's events are taken.
    "compliance:stripe-events": Address(dict.fromkeys(READERS, 404), {}, "POST"),
    "preferences:mail-events": Address(
        dict.fromkeys(READERS, 404), {"provider": "mailgun"}, "POST"
    ),
    "preferences:unreachable": Address(PROVIDER),
    "preferences:unreachable-settle": Address({**PROVIDER, "olive": 404}, {"escalation": 1}),
    "preferences:topics-import": Address(PROVIDER),
    # Olive is let in and told that nothing is there: the list comes signed, with the press.
    "preferences:import-report": Address({**PROVIDER, "olive": 400}, {}, "POST"),
    "preferences:centre": Address(PERSON),
    "preferences:choose": Address(PERSON, {}, "POST"),
    "preferences:stop-all": Address(PERSON, {}, "POST"),
    "preferences:resume": Address(PERSON, {}, "POST"),
    "preferences:undo": Address(PERSON, {}, "POST"),
    "preferences:pause": Address(PERSON, {}, "POST"),
    "preferences:digest": Address(PERSON, {}, "POST"),
    "preferences:language": Address(PERSON, {}, "POST"),
    "preferences:history": Address(PERSON),
    "preferences:receipt": Address(PERSON),
    "preferences:receipt-verify": Address(PUBLIC),
    "preferences:mail": Address(dict.fromkeys(READERS, 404), {"token": "forged"}),
    "preferences:subscribe": Address(PUBLIC),
    "preferences:subscribe-to": Address(PUBLIC, {"topic": "newsletter"}),
    "preferences:confirm": Address(dict.fromkeys(READERS, 404), {"token": "forged"}),
    "preferences:unsubscribe": Address(dict.fromkeys(READERS, 404), {"token": "forged"}),
    "preferences-api:choice-list": Address(API_PERSON),
    "preferences-api:choice-stop-all": Address(API_PERSON, {}, "POST", {}),
    "preferences-api:choice-resume": Address(API_PERSON, {}, "POST", {}),
    "preferences-api:delivery": Address(API_PERSON),
    "preferences-api:consent-list": Address(API_PERSON),
    "preferences-api:evaluation": Address(PORTAL, {}, "POST", {}),
    "preferences-api:evaluations": Address(PORTAL, {}, "POST", {}),
    "preferences-api:choice-detail": Address(
        API_PERSON, {"topic": "newsletter"}, "PATCH", {"wants": False}
    ),
    "account_login": Address(PUBLIC),
    "account_logout": Address(PUBLIC),
    "account_inactive": Address(PUBLIC),
    "account_signup": Address(PUBLIC),  # says that accounts begin with an invitation
    "account_reauthenticate": Address(PERSON),
    "account_email": Address(PERSON),
    "account_email_verification_sent": Address(PUBLIC),
    "account_change_password": Address(PERSON),
    "account_set_password": Address(PERSON),
    "account_reset_password": Address(PUBLIC),
    "account_confirm_login_code": Address({**PUBLIC, "nobody": "sign in"}),
    "account_confirm_email": Address(PUBLIC, {"key": "forged"}),
    "account_reset_password_from_key": Address(PUBLIC, {"uidb36": "1", "key": "forged"}),
    "account_reset_password_from_key_done": Address(PUBLIC),
    "account_reset_password_done": Address(PUBLIC),
    "account_request_reauthentication_code": Address(NO_CODE_AGAIN, {}, "POST"),
    "account_confirm_reauthentication_code": Address(NO_CODE_AGAIN),
    "portals:devices": Address(PERSON),
    "mfa_index": Address(PERSON),
    "mfa_authenticate": Address({**PUBLIC, "nobody": "sign in"}),
    "mfa_reauthenticate": Address(PERSON),
    "mfa_activate_totp": Address(PERSON),
    # Nobody here has set anything up.
    "mfa_deactivate_totp": Address(NOBODYS),
    "mfa_view_recovery_codes": Address(NOBODYS),
    "mfa_generate_recovery_codes": Address(PERSON),
    "mfa_add_webauthn": Address(PERSON),
    "mfa_login_webauthn": Address({**PUBLIC, "nobody": "sign in"}),
    "mfa_reauthenticate_webauthn": Address(PERSON),
    "mfa_edit_webauthn": Address(PERSON, {"pk": 1}),
    "mfa_remove_webauthn": Address(PERSON, {"pk": 1}),
    "set_language": Address(PUBLIC, {}, "POST"),
    "style": Address(PUBLIC),
    "idp:oidc:authorization": Address(dict.fromkeys(READERS, 400)),  # of no portal
    "idp:oidc:go-on": Address({**dict.fromkeys(READERS, 400), "nobody": "sign in"}, {}, "POST"),
    "idp:oidc:logout": Address(PUBLIC),
    # A cookie of the portal's host opens these, never the hub's session.
    "idp:oidc:forward-check": Address(NO_PORTAL, {"portal": "domains"}),
    "idp:oidc:forward-start": Address(NO_PORTAL, {"portal": "domains"}),
    "idp:oidc:forward-callback": Address(NO_PORTAL, {"portal": "domains"}),
    "idp:oidc:forward-sign-out": Address(NO_PORTAL, {"portal": "domains"}),
    "idp:oidc:token": Address(dict.fromkeys(READERS, 400), {}, "POST"),
    "idp:oidc:userinfo": Address(PORTAL),
    "idp:oidc:introspect": Address(PORTAL, {}, "POST"),
    "idp:oidc:revoke": Address(PORTAL, {}, "POST"),
    "idp:oidc:configuration": Address(PUBLIC),
    "idp:oidc:jwks": Address(PUBLIC),
    "portals-api:resource-list": Address(PORTAL),
    "portals-api:resource-sync": Address(PORTAL, {}, "POST", {}),
    "portals-api:resource": Address(
        PORTAL, {"type_code": "domain", "external_id": "alder.example"}, "PUT", {}
    ),
    "api-schema": Address(PUBLIC),
    "api-docs": Address(PUBLIC),
    "access-evaluation": Address(PORTAL, {}, "POST", {}),  # the front: test_front.py
    "access-evaluations": Address(PORTAL, {}, "POST", {}),
    "access-search-subject": Address(PORTAL, {}, "POST", {}),
    "access-search-resource": Address(PORTAL, {}, "POST", {}),
    "access-search-action": Address(PORTAL, {}, "POST", {}),
    "authzen-configuration": Address(PUBLIC),
    "healthz": Address(PUBLIC),
    "readyz": Address(PUBLIC),
    "admin:index": Address(STAFF),
    "admin:login": Address({**STAFF, "nobody": "sign in"}),
    "admin:logout": Address(PERSON, {}, "POST"),
    "admin:password_change": Address(STAFF),
    "admin:password_change_done": Address(STAFF),
    "admin:autocomplete": Address(NO_STAFF_RIGHT),
    "admin:jsi18n": Address(STAFF),
    "admin:view_on_site": Address(
        {**STAFF, "dana": 404, "olive": 404}, {"content_type_id": 0, "object_id": 0}
    ),
    "admin:app_list": Address({**STAFF, "dana": 404}, {"app_label": "accounts"}),
}


def routes(patterns: Any, namespace: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = ":".join(filter(None, (namespace, pattern.namespace or "")))
            yield from routes(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield ":".join(filter(None, (namespace, pattern.name)))


def is_model_admin(name: str) -> bool:
    """The admin's generated pages; see test_model_admins."""
    suffixes = ("_changelist", "_add", "_history", "_delete", "_change")
    return name.startswith("admin:") and name.endswith(suffixes) and name not in ADDRESSES


def test_every_url_is_classified():
    found = set(routes(get_resolver().url_patterns))
    unlisted = {name for name in found - ADDRESSES.keys() if not is_model_admin(name)}

    assert not unlisted, "say in ADDRESSES who may open these"
    assert not ADDRESSES.keys() - found, "these no longer exist"


def ids_of_alder() -> dict[str, Any]:
    """Return Alder's ids, by the words used above."""
    from accounts.models import AccessRequest, AuditEvent, Customer, User
    from accounts.services.support import open_case
    from portals.models import PersonGrant, Resource, TeamGrant
    from preferences.models import NoticeClass
    from preferences.services.customer_email import add_recipient, name_contact

    alder = Customer.objects.get(slug="alder")
    alice, bob, emma = (
        User.objects.get(email=f"{name}@alder.example") for name in ("alice", "bob", "emma")
    )
    dana = User.objects.get(email="dana@harbour.example")
    return {
        "case": open_case(actor=dana, person=bob, ticket="T-1", reason="Lost telephone.").uuid,
        "invitation": pending_invitation(alice, alder).uuid,
        "sequence": AuditEvent.objects.filter(customer=alder).first().sequence,
        "bob": bob.sub,
        "emma": emma.sub,
        "grant": PersonGrant.objects.filter(user=bob).first().pk,
        "preset": alder.presets.first().uuid,
        "grants": f"p{PersonGrant.objects.filter(user=bob).first().pk}",
        "team": alder.teams.get().uuid,
        "team grant": TeamGrant.objects.get(group__team__customer=alder).pk,
        "resource": Resource.objects.get(
            resource_type__code="domain", external_id="alder.example"
        ).pk,
        "review": alder.access_reviews.get().uuid,
        "campaign": draft_of_a_newsletter().pk,
        "hand over": offer_to_newcomer(alice, alder).uuid,
        "recovery": waiting_recovery(dana, alder).uuid,
        "viewing": viewing_of(dana, emma).uuid,
        "access_request": AccessRequest.objects.get(membership__user=emma).uuid,
        "contact": name_contact(actor=alice, membership=bob.memberships.get(), kind="security").pk,
        "added mail": add_recipient(
            actor=alice,
            membership=bob.memberships.get(),
            category=NoticeClass.objects.get(code="legal"),
        ).pk,
    }


ids = made_once(ids_of_alder)


def sessions_of_readers() -> dict[str, str]:
    """Return the session key of each reader: signing in for each try takes as long as the try."""
    from accounts.models import User

    keys = {}
    for person in User.objects.filter(email__regex=rf"^({'|'.join(READERS)})@"):
        client = Client()
        client.force_login(person, backend="accounts.backends.PersonBackend")
        keys[person.email.partition("@")[0]] = client.session.session_key
    return keys


sessions = made_once(sessions_of_readers)


def draft_of_a_newsletter() -> Any:
    """What staff have composed and not sent."""
    from accounts.models import User
    from preferences.models import Topic
    from preferences.services.campaigns import create_campaign

    olive = User.objects.get(email="olive@harbour.example")
    return create_campaign(actor=olive, topic=Topic.objects.get(slug="newsletter"))


def waiting_recovery(dana: Any, alder: Any) -> Any:
    """Gina is to take over, if nobody at Alder stops it."""
    from accounts.models import User
    from accounts.services.recoveries import approve_recovery, propose_recovery

    now = timezone.now()
    recovery = propose_recovery(
        actor=dana,
        customer=alder,
        address="gina@alder.example",
        name="",
        ticket="T-2",
        evidence="The register names her.",
        proof="Extract 1",
        signed_in_at=now,
    )
    olive = User.objects.get(email="olive@harbour.example")
    return approve_recovery(actor=olive, recovery=recovery, signed_in_at=now)


def viewing_of(dana: Any, emma: Any) -> Any:
    """Dana looks at Emma's pages."""
    from accounts.services.support.viewings import begin_viewing
    from tests.cases import verified_case

    return begin_viewing(actor=dana, case=verified_case(dana, emma), signed_in_at=timezone.now())


def pending_invitation(alice: Any, alder: Any) -> Any:
    """An invitation that nobody has accepted."""
    from accounts.services.invitations import invite_person

    return invite_person(actor=alice, customer=alder, address="typo@alder.example")


def offer_to_newcomer(alice: Any, alder: Any) -> Any:
    """Gina, a Super User at Alder, is asked to become its main one."""
    from accounts.services.hand_overs import offer_hand_over
    from accounts.services.invitations import accept_invitation, invite_person

    invitation = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", role="super_user"
    )
    gina = accept_invitation(
        actor=None, token=invitation.token, name="Gina", password="three unrelated words"
    )
    return offer_hand_over(
        actor=alice,
        customer=alder,
        to=gina,
        confirmation_name=alder.name,
        signed_in_at=timezone.now(),
    )


def outcome(response: Any) -> Any:
    """`in`, `sign in`, or the status of a refusal."""
    if response.status_code == 302:
        path = response["Location"].split("?")[0]
        if path == reverse("admin:login"):
            return outcome(response.client.get(response["Location"]))
        return "sign in" if path == reverse(settings.LOGIN_URL) else "in"
    if response.status_code == 401 and "HX-Redirect" in response:
        return "sign in"
    return "in" if response.status_code < 400 else response.status_code


def arguments_of(address: Address, ids: dict[str, Any]) -> dict[str, Any]:
    return {
        key: ids.get(value, value) if isinstance(value, str) else value
        for key, value in address.arguments.items()
    }


def test_every_post_is_listed(as_, alice, ids):
    """An address that takes more than a look is in acts.py: OPTIONS says which do."""
    client, found = as_(alice), set()
    for name, address in ADDRESSES.items():
        if name.startswith("admin:"):
            continue  # it shows and never changes: below
        path = reverse(name, kwargs=arguments_of(address, ids))
        allowed = client.options(path, headers={"Accept": "application/json"}).get("Allow")
        if allowed is None or {"POST", "PUT", "PATCH", "DELETE"} & set(allowed.split(", ")):
            found.add(name)

    listed = ACTS.keys() | ELSEWHERE.keys()
    assert not found - listed, f"add a line to ACTS in tests/acts.py: {sorted(found - listed)}"
    assert not listed - found, f"these take no form (any more): {sorted(listed - found)}"
    for reason in ELSEWHERE.values():
        for file in re.findall(r"[a-z_/]+\.py", reason):
            assert (Path(__file__).parent / file).exists(), file


@pytest.mark.parametrize("reader", ["nobody", "alice", "olive"])
def test_no_address_takes_a_method_that_nobody_uses(reader, request, as_, ids):
    """RFC 9110, 15.5.6: 405 for a method of WebDAV, or the refusal of somebody who may not."""
    client = as_(None if reader == "nobody" else request.getfixturevalue(reader))
    taken = {}
    for name, address in ADDRESSES.items():
        if name.startswith(("admin:", "account_", "mfa_", "api-")) or name == "set_language":
            continue  # libraries answer there
        path = reverse(name, kwargs=arguments_of(address, ids))
        response = client.generic("PROPFIND", path, headers={"Accept": "application/json"})
        if outcome(response) not in (401, 403, 404, 405, 410, "sign in"):
            taken[name] = response.status_code
    assert not taken


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ADDRESSES)
def test_access_to_each_url(name, reader, db, ids, sessions):
    address = ADDRESSES[name]
    arguments = arguments_of(address, ids)
    content = {"data": json.dumps(address.data), "content_type": "application/json"}
    for headers in ({}, {"HX-Request": "true"}):
        client = Client()
        if reader in sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = sessions[reader]
        with transaction.atomic():
            response = client.generic(
                address.method,
                reverse(name, kwargs=arguments),
                **(content if address.data is not None else {}),
                headers=headers,
            )
            got = outcome(response)
            transaction.set_rollback(True)  # the next try finds everything as it was

        expected = address.who[reader]
        # What is wrong with an empty form or body is an answer too, for those who may send it.
        if expected == "in" and got in (400, 409, 422):
            got = "in"
        assert got == expected, (headers, response.content[:300])


@pytest.mark.parametrize("reader", READERS)
def test_model_admins_show_and_never_change(reader, request, as_, db):
    """Nothing the hub is about can be added, changed or deleted there (topics apart)."""
    person = None if reader == "nobody" else request.getfixturevalue(reader)
    client = as_(person)
    for name in filter(is_model_admin, routes(get_resolver().url_patterns)):
        arguments = [] if name.endswith(("_changelist", "_add")) else [1]
        path = reverse(name, args=arguments)
        for method in ("GET", "POST"):
            got = outcome(client.generic(method, path))
            if reader == "nobody":
                assert got == "sign in", name
            elif reader in ("bob", "alice", "charlie"):
                assert got == 403, name
            elif name.endswith(("_add", "_delete")) or method == "POST":
                assert got in (403, "in", 404), name
                if got == "in":
                    assert name.endswith(("_changelist", "_history")) or "topic" in name, name


def test_unknown_and_foreign_ids_get_the_same_answer(as_, charlie, ids):
    """A10: what one may not see and what is not there are the same page."""
    client = as_(charlie)
    for name in ("portals:person", "accounts:activity", "portals:resource", "portals:team"):
        address = ADDRESSES[name]
        foreign = {k: ids.get(v, v) for k, v in address.arguments.items()}
        unknown = {
            "customer": "nowhere",
            **({"person": uuid.uuid4()} if "person" in foreign else {}),
            **({"team": uuid.uuid4()} if "team" in foreign else {}),
            **({"pk": 10**9} if "pk" in foreign else {}),
        }
        theirs, nothing = (
            client.get(reverse(name, kwargs=kwargs)) for kwargs in (foreign, unknown)
        )
        assert theirs.status_code == nothing.status_code == 404
        assert without_what_varies(theirs) == without_what_varies(nothing)


def without_what_varies(response: Any) -> str:
    """A page without the asked path and the values that are new in every answer."""
    page = response.content.decode().replace(response.wsgi_request.path, "PATH")
    return re.sub(r'(nonce|value|hx-headers)=("[^"]*"|\'[^\']*\')', "", page)
