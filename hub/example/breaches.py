"""The example's breach exercise: a notice that reached Harbour's own staff, and its reports."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from compliance.selectors.notices import notices_of
from compliance.services.affected import add_by_hand
from compliance.services.breaches import assess_breach, note_breach
from compliance.services.letters import read_notice
from compliance.services.reports import decide_report
from compliance.services.waves import release_wave, write_wave
from hub.example import acts
from hub.example.post import deliver_campaign
from hub.example.story import TUE, WED, Story

OPERATOR, SUPPORT = "olive@harbour.example", "dana@harbour.example"
WEEKS_AGO = 5
TEXTS = {
    "circumstances_en": "In this exercise, a laptop with contact data was left on a train.",
    "circumstances_fr": "Dans cet exercice, un portable avec des coordonnées a été oublié.",
    "period_en": "This morning, between 8 and 9 am.",
    "period_fr": "Ce matin, entre 8 h et 9 h.",
    "items_en": "Names and email addresses. No passwords.",
    "items_fr": "Des noms et des adresses courriel. Aucun mot de passe.",
    "measures_en": "We locked the laptop and ended its access.",
    "measures_fr": "Nous avons verrouillé le portable et retiré son accès.",
    "advice_en": "Watch for email that asks for your password.",
    "advice_fr": "Méfiez-vous des courriels qui demandent votre mot de passe.",
    "contact_en": "Harbour, privacy officer, 1 Harbour Street.",
    "contact_fr": "Harbour, responsable de la vie privée, 1, rue du Port.",
}


def tell_breaches(story: Story) -> None:
    """Add the exercise, and Dana who reads its notice a day later."""
    story.on(WEEKS_AGO, TUE, "9:40", _run)
    story.on(WEEKS_AGO, WED, "10:10", _read)


def _run() -> None:
    olive: User = acts.person(OPERATOR)
    breach = note_breach(
        actor=olive,
        exercise=True,
        role="controller",
        aware_at=timezone.now() - timedelta(minutes=30),
        circumstances="A laptop with a copy of contact data was left on a train (exercise).",
        cause="Carried without encryption",
        items="Names and email addresses",
    )
    breach = assess_breach(
        actor=olive,
        breach=breach,
        risk="real",
        sensitivity="Contact data, no passwords.",
        probability="The laptop was not encrypted.",
        reasons="The addresses can be used for fraud.",
    )
    for address in (OPERATOR, SUPPORT):
        add_by_hand(actor=olive, breach=breach, address=address, why="Takes part in the exercise")
    for report in breach.reports.all():
        decide_report(actor=olive, report=report, needed="not_needed", why="It is an exercise.")
    wave = release_wave(
        actor=olive,
        wave=write_wave(actor=olive, breach=breach, **TEXTS),
        alone_reason="Harbour has one privacy officer.",
    )
    assert wave.campaign is not None  # noqa: S101 -- both have an address
    deliver_campaign(wave.campaign)


def _read() -> None:
    dana = acts.person(SUPPORT)
    read_notice(actor=dana, affected=notices_of(dana).get())
