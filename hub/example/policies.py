"""The example's policies: its privacy notice, and its terms of service with a change to come."""

from datetime import datetime, timedelta
from functools import partial

from django.utils import timezone

from accounts.models import User
from compliance.models import Policy, PolicyVersion
from compliance.selectors import people_to_answer
from compliance.services.announcements import announce_version
from compliance.services.answers import answer_version
from compliance.services.policies import (
    begin_version,
    create_policy,
    publish_version,
    update_version,
)
from hub.example import acts
from hub.example.post import deliver_campaign
from hub.example.story import MON, TUE, WED, Story

SLUG, OPERATOR = "terms", "olive@harbour.example"
ALONE = "Harbour has one privacy officer."
NOTICE_WEEK = 26  # ago, before anybody of a company joins
ANNOUNCED_WEEK, FIRST_WEEK = 25, 19  # ago: the first version is announced, then in force
DAYS_AHEAD = 41  # of the next version

TITLES = {"title_en": "Terms of service", "title_fr": "Conditions d’utilisation"}
FIRST = {
    **TITLES,
    "summary_en": "These are our first terms for the account service.",
    "summary_fr": "Voici nos premières conditions pour le service de compte.",
    "body_en": """# Your account

Your account is yours. Don't share it, and tell us if somebody else uses it.

# Logs

We keep logs of sign-ins for twelve months.

# Support

Our support desk answers on working days from 8 am to 6 pm.""",
    "body_fr": """# Votre compte

Votre compte est à vous. Ne le partagez pas, et dites-nous si quelqu’un d’autre s’en sert.

# Journaux

Nous gardons les journaux de connexion pendant douze mois.

# Assistance

Notre centre d’assistance répond les jours ouvrables de 8 h à 18 h.""",
}
NEXT = {
    **TITLES,
    "summary_en": "We keep logs of sign-ins for nine months instead of twelve.",
    "summary_fr": "Nous gardons les journaux de connexion neuf mois au lieu de douze.",
    "body_en": FIRST["body_en"].replace("twelve months", "nine months"),
    "body_fr": FIRST["body_fr"].replace("douze mois", "neuf mois"),
}

NOTICE = {
    "title_en": "Privacy notice",
    "title_fr": "Avis de confidentialité",
    "summary_en": "This is our first privacy notice.",
    "summary_fr": "Voici notre premier avis de confidentialité.",
    "body_en": """# What we hold

Your name, your addresses, what you may do in each portal, and a log of what was done. The page \
*Your data* lists everything, why we hold it and for how long.

# Emails

We send required notices to everybody, and other emails only to people who subscribed.

# Referrals

A Super User can refer somebody to us. That person gets one email, which names the Super User. \
We delete their name and address after 30 days.

# Reseller alerts

People of a company in our reseller programme can subscribe to alerts about prices and products. \
We use their email address for these alerts until they unsubscribe.

# Your rights

You can see, download and correct your data, and ask us to delete it.""",
    "body_fr": """# Ce que nous détenons

Votre nom, vos adresses, ce que vous pouvez faire dans chaque portail et un journal des actions. \
La page *Vos données* énumère tout, avec les raisons et les durées de conservation.

# Courriels

Nous envoyons les avis obligatoires à tout le monde, et les autres courriels seulement aux \
personnes qui se sont abonnées.

# Recommandations

Un super utilisateur peut nous recommander une personne. Elle reçoit un seul courriel, qui nomme \
ce super utilisateur. Nous supprimons son nom et son adresse après 30 jours.

# Alertes aux revendeurs

Les personnes d’une entreprise de notre programme de revente peuvent s’abonner à des alertes sur \
les prix et les produits. Nous utilisons leur adresse courriel pour ces alertes jusqu’à ce \
qu’elles se désabonnent.

# Vos droits

Vous pouvez consulter, télécharger et corriger vos données, et nous demander de les supprimer.""",
}


def load_policy() -> None:
    """Publish the terms, which ask nobody yet, and leave the next version a draft."""
    operator, at_once = acts.person(OPERATOR), timezone.now() + timedelta(seconds=1)
    version = _create(operator, at_once, material=False)
    publish_version(actor=operator, draft=version)
    _begin_next(timezone.now() + timedelta(days=DAYS_AHEAD))


def _publish_notice() -> None:
    """Publish the privacy notice, which states the uses in the registry of personal data.

    Everybody of a company joins after it, so that nobody has to be told of these uses by email.
    """
    operator = acts.person(OPERATOR)
    policy = create_policy(
        actor=operator,
        slug="privacy",
        kind="notice",
        asked_of="nobody",
        material=False,
        effective_at=timezone.now() + timedelta(minutes=1),
        **NOTICE,
    )
    publish_version(actor=operator, draft=policy.versions.get())


def _create(operator: User, effective_at: datetime, *, material: bool) -> PolicyVersion:
    policy = create_policy(
        actor=operator,
        slug=SLUG,
        kind="agreement",
        asked_of="person",
        material=material,
        effective_at=effective_at,
        **FIRST,
    )
    return policy.versions.get()


def _begin_next(effective_at: datetime) -> PolicyVersion:
    operator = acts.person(OPERATOR)
    draft = begin_version(actor=operator, policy=Policy.objects.get(slug=SLUG))
    return update_version(
        actor=operator, draft=draft, material=True, effective_at=effective_at, **NEXT
    )


def tell_policies(story: Story) -> None:
    """Add the privacy notice, and the terms: accepted by everybody, and a change to come."""
    story.on(NOTICE_WEEK, MON, "8:40", _publish_notice)
    in_force = story.clock.weekday(FIRST_WEEK, MON, "0:00")
    story.on(ANNOUNCED_WEEK, TUE, "14:00", partial(_announce_first, in_force))
    for week in range(1, FIRST_WEEK + 1):
        story.on(week, TUE, "8:20", _answer)
    story.on(1, WED, "14:00", partial(_announce_next, story.clock.end_of_day(DAYS_AHEAD - 1)))
    story.before_now(_answer, hours=2)


def _announce_first(effective_at: datetime) -> None:
    _publish_and_announce(_create(acts.person(OPERATOR), effective_at, material=True))


def _announce_next(effective_at: datetime) -> None:
    _publish_and_announce(_begin_next(effective_at))


def _publish_and_announce(draft: PolicyVersion) -> None:
    operator = acts.person(OPERATOR)
    version = publish_version(actor=operator, draft=draft)
    deliver_campaign(announce_version(actor=operator, version=version, alone_reason=ALONE).campaign)


def _answer() -> None:
    """Let everybody accept the first version who has not."""
    version = PolicyVersion.objects.select_related("policy").get(policy__slug=SLUG, number=1)
    for person in people_to_answer(version).order_by("pk"):
        answer_version(
            actor=person,
            version=version,
            sha256=version.sha256,
            verb="accepted",
            language=person.language,
        )
