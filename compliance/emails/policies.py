"""The emails about policies: announcements, reminders and what staff learn."""

from collections.abc import Mapping

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.emails import absolute, send_to
from accounts.models import User
from accounts.selectors import staff_with
from compliance.choices import AskedOf, Verb, Way
from compliance.models import Acceptance, PolicyVersion
from preferences.choices import NoticeCode

Texts = dict[str, str]  # by language


def version_path(version: PolicyVersion) -> str:
    """Return the path of a version's public page."""
    return reverse("compliance:policy-version", args=[version.policy.slug, version.number])


def announcement_texts(
    version: PolicyVersion, early_reasons: Mapping[str, str]
) -> tuple[Texts, Texts]:
    """Return the subjects and bodies that announce a version, by language."""
    subjects, bodies = {}, {}
    for language in Language.values:
        with translation.override(language):
            title, day = version.in_language("title", language), _day(version)
            subjects[language] = _("%(policy)s changes on %(day)s") % {"policy": title, "day": day}
            paragraphs = [
                _("%(brand)s changes this policy on %(day)s: %(policy)s. In short:")
                % {"brand": settings.HUB_BRAND_NAME, "day": day, "policy": title},
                version.in_language("summary", language).strip(),
            ]
            if early_reasons[language]:
                paragraphs.append(
                    _("You get less notice than usual. The reason: %(reason)s")
                    % {"reason": early_reasons[language]}
                )
            paragraphs += [
                _("Read it all, with the changes marked: %(link)s")
                % {"link": absolute(version_path(version))},
                _what_to_do(version, day),
            ]
            bodies[language] = "\n\n".join(paragraphs)
    return subjects, bodies


def _what_to_do(version: PolicyVersion, day: str) -> str:
    if version.policy.asked_of == AskedOf.NOBODY:
        return _("You have nothing to do.")
    if version.policy.asked_of == AskedOf.COMPANY:
        return _(
            "A Super User answers for your company when they sign in. Please do so by %(day)s."
        ) % {"day": day}
    return _("You can answer when you sign in. Please do so by %(day)s.") % {"day": day}


def withdrawal_texts(version: PolicyVersion, reasons: Mapping[str, str]) -> tuple[Texts, Texts]:
    """Return the subjects and bodies that tell that a version was withdrawn, by language."""
    subjects, bodies = {}, {}
    for language in Language.values:
        with translation.override(language):
            title, day = version.in_language("title", language), _day(version)
            subjects[language] = _("%(policy)s does not change on %(day)s") % {
                "policy": title,
                "day": day,
            }
            bodies[language] = "\n\n".join(
                [
                    _("We told you that this policy would change on %(day)s: %(policy)s.")
                    % {"policy": title, "day": day},
                    _("It does not. The reason: %(reason)s") % {"reason": reasons[language]},
                    _("You have nothing to do."),
                ]
            )
    return subjects, bodies


def _day(version: PolicyVersion) -> str:
    """Return the day on which a version takes effect, in the provider's time zone."""
    assert version.effective_at is not None  # noqa: S101 -- by constraint
    return date_format(timezone.localtime(version.effective_at, timezone.get_default_timezone()))


def send_policy_reminder(*, person: User, version: PolicyVersion) -> None:
    """Remind a person who has not answered a version that takes effect within a week."""
    send_to(
        person,
        "compliance/emails/policy_reminder",
        notice_class=NoticeCode.LEGAL,
        path=reverse("compliance:agree"),
        title=version.in_language("title", person.language),
        version=version,
        for_company=version.policy.asked_of == AskedOf.COMPANY,
    )


def send_answer_recorded(acceptance: Acceptance) -> None:
    """Tell a person, and the company's main Super User, that staff recorded their answer."""
    version, company = acceptance.version, acceptance.customer
    readers = [acceptance.person]
    names = company.memberships.names_at_work(acceptance.person) if company else {}
    if company is not None and company.main_super_user is not None:
        readers.append(company.main_super_user.user)
    for reader in dict.fromkeys(readers):
        send_to(
            reader,
            "compliance/emails/answer_recorded",
            notice_class=NoticeCode.LEGAL,
            path=reverse("compliance:agreements"),
            privacy_link=absolute(reverse("compliance:privacy")),
            title=version.in_language("title", reader.language),
            person=names.get(acceptance.person_id, acceptance.person),
            company=company,
            version=version,
            answer=Verb(acceptance.verb).label,
            way=Way(acceptance.way).label,
            day=acceptance.at.astimezone(timezone.get_default_timezone()).date(),
            reference=acceptance.reference,
            text_language=Language(acceptance.language).label,
        )


def send_declined(*, acceptance: Acceptance) -> None:
    """Tell the staff who publish policies that somebody declined one."""
    version = acceptance.version
    for reader in staff_with("publish_policyversion", app="compliance"):
        send_to(
            reader,
            "compliance/emails/policy_declined",
            notice_class=NoticeCode.LEGAL,
            path=reverse("compliance:provider-policy", args=[version.policy.slug]),
            title=version.in_language("title", reader.language),
            person=acceptance.person,
            company=acceptance.customer,
            number=version.number,
        )
