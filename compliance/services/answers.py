"""Answers: a person, or a Super User for the company, answers the text that was shown."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from accounts.permissions import lock_customer
from accounts.services.audit import record_event
from compliance.choices import ANSWERS, POSITIVE, PolicyKind, Verb
from compliance.emails import send_declined
from compliance.models import Acceptance, PolicyVersion
from compliance.models.answers import BROWSER_LENGTH
from compliance.permissions import PolicyRefused, require_answerer
from compliance.selectors import policies_to_answer
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
) -> Acceptance:
    """Record the answer to the text whose hash the form carried; a repeated one changes nothing.

    `language` is the one in which the text was shown.

    Raises PermissionDenied for who is not asked; OutdatedText where a newer version took effect
    while the form was open, or the text was withdrawn (L8); PolicyRefused for a verb that the
    policy does not take, and for declining after accepting.
    """
    require_answerer(actor, version.policy, customer)
    # One answer at a time, of the person or of the company.
    if customer is not None:
        customer = lock_customer(customer)
        require_answerer(actor, version.policy, customer)
    else:
        User.objects.select_for_update(no_key=True, of=("self",)).get(pk=actor.pk)
    if verb not in ANSWERS[PolicyKind(version.policy.kind)]:
        raise PolicyRefused(_("Choose one of the answers shown."), code="verb")
    whose = {"customer": customer} if customer else {"customer": None, "person": actor}
    given = Acceptance.objects.filter(version=version, **whose)
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


def _refuse_outdated(
    actor: User, version: PolicyVersion, customer: Customer | None, sha256: str
) -> None:
    asked = [item.version for item in policies_to_answer(actor) if item.customer == customer]
    if version not in asked or sha256 != version.sha256:
        raise OutdatedText(
            _("The text changed after you opened the page. Read the new text, then answer."),
            code="outdated",
        )
