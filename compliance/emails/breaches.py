"""The emails about breaches: notices to affected people and to companies."""

from collections.abc import Mapping

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.emails import absolute
from accounts.models import Customer
from compliance.choices.breaches import PARTS
from compliance.emails.policies import Texts
from compliance.models import Breach, Wave


def wave_texts(wave: Wave) -> tuple[Texts, Texts]:
    """Return the subjects and bodies of a notice to affected people, by language.

    Its headings are those of California's form, and the only link leads to its public page (L28).
    """
    subjects, bodies = {}, {}
    for language in Language.values:
        with translation.override(language):
            subject = _("Notice of data breach: your personal information at %(brand)s") % {
                "brand": settings.HUB_BRAND_NAME
            }
            if wave.corrects is not None:
                subject = _("Correction: %(subject)s") % {"subject": subject}
            if wave.breach.exercise:
                subject = _("[Exercise] %(subject)s") % {"subject": subject}
            page = absolute(reverse("compliance:notice", args=[wave.slug]))
            parts = [f"# {wave_title()}", *filter(None, [correction_words(wave)])]
            parts += [f"## {heading}\n\n{text}" for heading, text in wave_sections(wave, language)]
            parts.append(
                _(
                    "You can check that this notice is ours: type the address of our site,"
                    " %(site)s, into your browser, then open this page: %(page)s"
                )
                % {"site": settings.HUB_BASE_URL, "page": page}
            )
            parts.append(_("We never ask for your password in an email."))
            subjects[language], bodies[language] = subject, "\n\n".join(parts)
    return subjects, bodies


def wave_title() -> str:
    """Return the title that California's form gives a notice, in the active language."""
    return _("Notice of data breach")


def correction_words(wave: Wave) -> str:
    """Return which notice a notice corrects, in the active language; "" for no correction."""
    corrected = wave.corrects
    if corrected is None or corrected.released_at is None:
        return ""
    day = timezone.localtime(corrected.released_at, timezone.get_default_timezone())
    return _("This corrects the notice that we sent you on %(day)s. Please read it again.") % {
        "day": date_format(day)
    }


def wave_sections(wave: Wave, language: str) -> list[tuple[str, str]]:
    """Return the headings and texts of a notice's six parts, in the active language."""
    headings = {
        "circumstances": _("What happened"),
        "period": _("When it happened"),
        "items": _("What information was involved"),
        "measures": _("What we are doing"),
        "advice": _("What you can do"),
        "contact": _("For more information"),
    }
    return [(headings[part], wave.text(part, language)) for part in PARTS]


def company_notice_texts(
    breach: Breach, customer: Customer, bodies: Mapping[str, str]
) -> tuple[Texts, Texts]:
    """Return the subjects and bodies of a notice to a company, by language; it names no other."""
    subjects, texts = {}, {}
    for language in Language.values:
        with translation.override(language):
            subjects[language] = _("Data breach that concerns %(company)s") % {
                "company": customer.name
            }
            paragraphs = [
                _("We process this data for %(company)s. Our reference: %(reference)s.")
                % {"company": customer.name, "reference": breach.reference},
                bodies[language],
                _("You decide who has to be told. Answer this email, and we will help you."),
            ]
            texts[language] = "\n\n".join(paragraphs)
    return subjects, texts
