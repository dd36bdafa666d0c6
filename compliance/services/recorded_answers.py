"""Answers that came on paper or by email, which staff record."""

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.models import Customer, User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.timezones import start_of_day, today_of_provider
from compliance.choices import POSITIVE, RECORDED_WAYS, Verb, Way
from compliance.emails import send_answer_recorded, send_declined
from compliance.models import Acceptance, PolicyVersion
from compliance.permissions import PolicyRefused
from compliance.services.answers import lock_answers, refuse_other_verb
from compliance.services.policies import version_facts


@transaction.atomic
def record_answer(
    *,
    actor: User,
    version: PolicyVersion,
    person: User,
    verb: str,
    language: str,
    way: str,
    given_on: date,
    reference: str,
    customer: Customer | None = None,
) -> Acceptance:
    """Record the answer of a person, or of a Super User for the company, and tell them (L7).

    `reference` says where the paper or email is filed; `given_on` is its day in the provider's time
    zone. An earlier version can be answered too. Raises PermissionDenied without
    `compliance.add_acceptance`; PolicyRefused naming the field: for somebody who is not asked, the
    actor's own answer, a day before the version was published or to come, one that is on record.
    """
    require_staff(actor, "compliance.add_acceptance")
    if person == actor:
        raise PolicyRefused({"person": _("You can't record your own answer.")})
    try:
        given = lock_answers(person, version, customer)
    except PermissionDenied as error:
        raise PolicyRefused({"person": _not_asked(customer)}) from error
    refuse_other_verb(version, verb)
    if way not in RECORDED_WAYS:
        raise PolicyRefused({"way": _("Choose how the answer came.")})
    if not reference.strip():
        raise PolicyRefused({"reference": _("Say where the paper or email is filed.")})
    _refuse_day(version, given_on)
    if given.filter(verb=verb).exists():
        raise PolicyRefused(_("This answer is on record already."), code="recorded")
    if verb == Verb.DECLINED and given.filter(verb__in=POSITIVE).exists():
        raise PolicyRefused({"verb": _("They accepted this version already.")})
    acceptance = Acceptance(
        version=version,
        person=person,
        customer=customer,
        verb=verb,
        language=language,
        sha256=version.sha256,
        at=start_of_day(given_on, timezone.get_default_timezone()),
        way=way,
        reference=reference.strip(),
        recorded_by=actor,
        recorded_at=timezone.now(),
    )
    acceptance.full_clean(validate_constraints=False)
    acceptance.save(force_insert=True)
    record_event(
        kind=f"policy.{verb}_recorded",
        actor=actor,
        customer=customer,
        person=person,
        way=_names(Way(way)),
        filed=acceptance.reference,
        **version_facts(version),
        text_hash=version.sha256,
    )
    send_answer_recorded(acceptance)
    if verb == Verb.DECLINED:
        send_declined(acceptance=acceptance)
    return acceptance


def _names(way: Way) -> dict[str, str]:
    """Return the words for a way by language, for the event."""
    names = {}
    for language in Language.values:
        with translation.override(language):
            names[language] = str(way.label)
    return names


def _not_asked(customer: Customer | None) -> str:
    if customer is None:
        return _("This policy doesn't ask this person.")
    return _("Only a Super User answers for the company.")


def _refuse_day(version: PolicyVersion, given_on: date) -> None:
    if version.published_at is None or version.withdrawn_at is not None:
        raise PolicyRefused(_("Only a published version can be answered."), code="draft")
    zone = timezone.get_default_timezone()
    if given_on < timezone.localdate(version.published_at, zone):
        raise PolicyRefused({"given_on": _("Nobody could read this version on that day.")})
    if given_on > today_of_provider():
        raise PolicyRefused({"given_on": _("Choose a day that is not after today.")})
