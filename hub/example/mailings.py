"""Six months of the provider's messages to everybody."""

from typing import NamedTuple


class Mailing(NamedTuple):
    """The text of a campaign, in both languages."""

    category: str  # a topic's short name, or a notice class
    subject_en: str
    subject_fr: str
    body_en: str
    body_fr: str

    def texts(self) -> dict[str, str]:
        """Return the subjects and bodies, by field."""
        return {name: value for name, value in self._asdict().items() if name != "category"}


def _newsletter(subject_en: str, subject_fr: str, body_en: str, body_fr: str) -> Mailing:
    return Mailing(
        "newsletter",
        subject_en,
        subject_fr,
        f"Hello,\n\n{body_en}\n\nHarbour",
        f"Bonjour,\n\n{body_fr}\n\nHarbour",
    )


NEWSLETTERS = [  # oldest first; the last one is still to be sent
    _newsletter(
        "One account for all portals",
        "Un seul compte pour tous les portails",
        "You now sign in once for email, domains, tickets and statistics. Your Super User decides"
        " who may open which portal.",
        "Une seule connexion suffit maintenant pour les courriels, les domaines, les billets et les"
        " statistiques. Votre superutilisateur décide qui ouvre quel portail.",
    ),
    _newsletter(
        "Usage reports by email every month",
        "Vos rapports d’utilisation chaque mois par courriel",
        "Usage reports can be sent on the first of each month. Choose it in the statistics portal.",
        "Les rapports d’utilisation peuvent être envoyés le premier de chaque mois. Choisissez-le"
        " dans le portail des statistiques.",
    ),
    _newsletter(
        "Hours of our support desk",
        "Les heures de notre centre d’assistance",
        "Tickets marked urgent are answered day and night. Other tickets wait until the next"
        " working day.",
        "Nous répondons jour et nuit aux billets urgents. Les autres attendent le jour ouvrable"
        " suivant.",
    ),
    _newsletter(
        "Passkeys: sign in without a password",
        "Clés d’accès : connectez-vous sans mot de passe",
        "Add a passkey under Profile, and sign in with your fingerprint or the PIN of your device.",
        "Ajoutez une clé d’accès dans votre profil, puis connectez-vous avec votre empreinte ou le"
        " NIP de votre appareil.",
    ),
    _newsletter(
        "Two new domain endings",
        "Deux nouvelles extensions de domaine",
        "The domains portal now registers .ca and .quebec within a minute.",
        "Le portail des domaines enregistre maintenant les .ca et les .quebec en une minute.",
    ),
    _newsletter(
        "What is new this month",
        "Les nouvelles du mois",
        "Two things are new this month: mailboxes can be searched by attachment, and usage reports"
        " can be read by everyone you choose.",
        "Deux nouveautés ce mois-ci : la recherche par pièce jointe dans les boîtes de courriel, et"
        " des rapports d’utilisation ouverts à qui vous voulez.",
    ),
    _newsletter(
        "A look ahead",
        "Ce qui vient",
        "The coming months bring larger mailboxes and a faster ticket portal. Prices stay"
        " the same.",
        "Les prochains mois apporteront de plus grandes boîtes de courriel et un portail de"
        " billets plus rapide. Les prix ne changent pas.",
    ),
]
MAINTENANCE = Mailing(
    "maintenance",
    "Webmail is unavailable on Sunday from 2 am to 4 am",
    "La messagerie sera indisponible dimanche de 2 h à 4 h",
    "Hello,\n\nWe replace the storage of our mail servers on Sunday from 2 am to 4 am, Toronto"
    " time. Email that arrives meanwhile is delivered afterwards.\n\nHarbour",
    "Bonjour,\n\nNous remplaçons le stockage de nos serveurs de courriel dimanche de 2 h à 4 h,"
    " heure de Toronto. Les courriels reçus entre-temps seront livrés ensuite.\n\nHarbour",
)
