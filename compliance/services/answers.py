"""Answers: a person, or a Super User for the company, answers the text that was shown."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Customer, Invitation, User
from accounts.permissions import lock_customer
from accounts.services.audit import record_event
from compliance.choices import ANSWERS, POSITIVE, PolicyKind, Verb, Way
from compliance.emails import send_declined
from compliance.models import Acceptance, PolicyVersion
from compliance.models.answers import BROWSER_LENGTH
from compliance.permissions import PolicyRefused, require_answerer
from compliance.selectors import ToAnswer, policies_to_answer
from compliance.services.policies import version_facts


class OutdatedText(PolicyRefused):
    """The text that was shown is not the one to answer any more."""


@transaction.atomic
def answer_version(
    *,
    actor: User,
    version: PolicyVersion,
    sha256: str,
    verb: str,
    language: str,
    customer: Customer | None = None,
    network_address: str | None = None,
    browser: str = "",
    invitation: Invitation | None = None,
) -> Acceptance:
    """Record the answer to the text whose hash the form carried; a repeated one changes nothing.

    `language` is the one in which the text was shown; `invitation`, the one on whose page it was.

    Raises PermissionDenied for who is not asked; OutdatedText where a newer version took effect
    while the form was open, or the text was withdrawn (L8); PolicyRefused for a verb that the
    policy does not take, and for declining after accepting.
    """
    given = lock_answers(actor, version, customer)
    refuse_other_verb(version, verb)
    same = given.filter(verb=verb).first()
    if same is not None and sha256 == version.sha256:
        return same
    if verb == Verb.DECLINED and given.filter(verb__in=POSITIVE).exists():
        raise PolicyRefused(_("You already accepted this version."), code="accepted")
    _refuse_outdated(actor, version, customer, sha256)
    acceptance = Acceptance.objects.create(
        version=version,
        person=actor,
        customer=customer,
        verb=verb,
        language=language,
        sha256=sha256,
        network_address=network_address,
        browser=browser[:BROWSER_LENGTH],
        way=Way.INVITATION if invitation else Way.PAGE,
        invitation=invitation,
    )
    record_event(
        kind=f"policy.{verb}",
        actor=actor,
        customer=customer,
        person=None if customer else actor,
        **version_facts(version),
        text_hash=sha256,
    )
    if verb == Verb.DECLINED:
        send_declined(acceptance=acceptance)
    return acceptance


@transaction.atomic
def answer_with_invitation(
    *,
    actor: User,
    invitation: Invitation,
    customer: Customer,
    given: Iterable[tuple[ToAnswer, str]],
    **origin: Any,
) -> list[Acceptance]:
    """Record what somebody agreed to on the page of the invitation that they accept.

    `customer` is the company as they joined it, `given` has each text with the language in which it
    was shown, `origin` what answer_version takes of the request. It is part of the transaction that
    makes them a member: what is refused here, also undoes that. Raises like answer_version.
    """
    return [
        answer_version(
            actor=actor,
            version=item.version,
            sha256=item.version.sha256,
            verb=item.agreement,
            language=language,
            customer=customer if item.customer else None,
            invitation=invitation,
            **origin,
        )
        for item, language in given
    ]


def lock_answers(
    person: User, version: PolicyVersion, customer: Customer | None
) -> QuerySet[Acceptance]:
    """Return the answers to a version, of a person or a company: nobody else adds one meanwhile.

    Raises PermissionDenied for a person who is not asked.
    """
    require_answerer(person, version.policy, customer)
    if customer is None:
        User.objects.select_for_update(no_key=True, of=("self",)).get(pk=person.pk)
        return Acceptance.objects.filter(version=version, customer=None, person=person)
    customer = lock_customer(customer)
    require_answerer(person, version.policy, customer)
    return Acceptance.objects.filter(version=version, customer=customer)


def refuse_other_verb(version: PolicyVersion, verb: str) -> None:
    """Raise PolicyRefused for an answer that the policy does not take."""
    if verb not in ANSWERS[PolicyKind(version.policy.kind)]:
        raise PolicyRefused({"verb": _("Choose one of the answers shown.")})


def _refuse_outdated(
    actor: User, version: PolicyVersion, customer: Customer | None, sha256: str
) -> None:
    asked = [item.version for item in policies_to_answer(actor) if item.customer == customer]
    if version not in asked or sha256 != version.sha256:
        raise OutdatedText(
            _("The text changed after you opened the page. Read the new text, then answer."),
            code="outdated",
        )
