"""The example's campaigns: one that is sent and one draft."""

from accounts.models import User
from preferences.models import Topic
from preferences.services.campaigns import create_campaign, schedule_campaign

SENT = {
    "subject_en": "What is new this month",
    "subject_fr": "Les nouvelles du mois",
    "body_en": (
        "Hello,\n\nTwo things are new this month: mailboxes can be searched by attachment, and"
        " usage reports can be read by everyone you choose.\n\nHarbour"
    ),
    "body_fr": (
        "Bonjour,\n\nDeux nouveautés ce mois-ci : la recherche par pièce jointe dans les boîtes de"
        " courriel, et des rapports d’utilisation ouverts à qui vous voulez.\n\nHarbour"
    ),
}
DRAFT = {
    "subject_en": "Your statistics, week by week",
    "body_en": "Hello,\n\nUsage reports now show every week beside every month.\n\nHarbour",
}


def load_campaigns() -> None:
    """Schedule one campaign, which the worker sends, and leave another a draft without French."""
    olive = User.objects.get(email="olive@harbour.example")
    newsletter, updates = (
        Topic.objects.get(slug=slug) for slug in ("newsletter", "product-updates")
    )
    sent = create_campaign(actor=olive, topic=newsletter, **SENT)
    schedule_campaign(actor=olive, campaign=sent)
    create_campaign(actor=olive, topic=updates, **DRAFT)
