"""The example provider's topics: its own, one for resellers and one of a portal."""

from accounts.models import Customer, User
from portals.models import Portal
from preferences.services.resellers import mark_reseller
from preferences.services.topics import create_topic

RESELLER = "cedar"  # a bookshop whose customers get their websites from it, too
TOPICS = {
    "newsletter": {
        "name_en": "Newsletter",
        "name_fr": "Infolettre",
        "purpose_en": "News from the provider, and how others use its services.",
        "purpose_fr": "Les nouvelles du fournisseur et ce qu’en font les autres.",
        "cadence_en": "Once a month",
        "cadence_fr": "Une fois par mois",
        "default_on": True,
        "basis": "implied",
    },
    "product-updates": {
        "name_en": "Product updates",
        "name_fr": "Nouveautés des produits",
        "purpose_en": "New features in the portals you use.",
        "purpose_fr": "Les nouvelles fonctions des portails que vous utilisez.",
        "cadence_en": "When something ships, at most twice a month",
        "cadence_fr": "À chaque parution, au plus deux fois par mois",
        "default_on": True,
        "basis": "implied",
    },
    "promotions": {
        "name_en": "Promotions",
        "name_fr": "Promotions",
        "purpose_en": "Discounts and offers for a limited time.",
        "purpose_fr": "Rabais et offres à durée limitée.",
        "cadence_en": "At most once a month",
        "cadence_fr": "Au plus une fois par mois",
        "default_on": False,
    },
    "reseller-alerts": {
        "name_en": "Reseller alerts",
        "name_fr": "Alertes aux revendeurs",
        "purpose_en": "Price lists and programme changes for those who resell our services.",
        "purpose_fr": "Tarifs et changements de programme pour qui revend nos services.",
        "cadence_en": "A few times a year",
        "cadence_fr": "Quelques fois par an",
        "default_on": False,
        "resellers_only": True,
    },
    "domain-market": {
        "name_en": "Domain market",
        "name_fr": "Marché des domaines",
        "purpose_en": "New endings, and names like yours that became free.",
        "purpose_fr": "Nouvelles extensions et noms proches des vôtres devenus libres.",
        "cadence_en": "Every Monday",
        "cadence_fr": "Tous les lundis",
        "default_on": False,
        "portal": "domains",
    },
}


def load_topics(actor: User) -> None:
    """Create the topics and mark the reseller; portals and customers must exist."""
    mark_as_reseller(actor, RESELLER)
    create_topics(actor)


def mark_as_reseller(actor: User, slug: str) -> None:
    """Mark a company as a reseller."""
    mark_reseller(actor=actor, customer=Customer.objects.get(slug=slug))


def create_topics(actor: User) -> None:
    """Create the topics; portals must exist."""
    for position, (slug, values) in enumerate(TOPICS.items()):
        portal = Portal.objects.get(slug=values["portal"]) if "portal" in values else None
        create_topic(actor=actor, slug=slug, **{**values, "portal": portal, "position": position})
