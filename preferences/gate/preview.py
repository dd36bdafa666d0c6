"""Previews of a campaign: the email as each kind of recipient would get it.

The recipients here are not saved, so the links in these emails name nobody and do nothing.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from preferences.choices import Digest
from preferences.gate.digests import compose
from preferences.gate.envelope import mail_domain, rebuild
from preferences.gate.signing import SignedMail
from preferences.models import Campaign, Message, Recipient

ADDRESS = "reader@example.com"


@dataclass(frozen=True)
class Preview:
    """The email as one kind of recipient gets it."""

    kind: str
    language: str
    mail: SignedMail

    @property
    def html(self) -> str:
        """The HTML part."""
        return str(self.mail.alternatives[0][0])

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers that an email program acts on: the sender, and how to unsubscribe."""
        names = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")
        return [
            ("From", self.mail.from_email),
            *(
                (name, str(value))
                for name, value in self.mail.extra_headers.items()
                if name in names
            ),
        ]


def previews_of(campaign: Campaign) -> list[Preview]:
    """Return the emails of a campaign by kind of recipient, with footer and headers.

    A notice has two kinds: it goes to people with an account alone, and never in a digest.
    """
    people = [
        Preview(_("Reads English"), "en", rebuild(_message(campaign, _person("en")))),
        Preview(_("Reads French"), "fr", rebuild(_message(campaign, _person("fr")))),
    ]
    if campaign.topic is None:
        return people
    others = []
    if campaign.topic.is_public:
        subscriber = Recipient(address=ADDRESS, language="en")
        others.append(
            Preview(_("Without an account"), "en", rebuild(_message(campaign, subscriber)))
        )
    if not campaign.urgent:
        gathered = _message(campaign, _person("en"), in_digest=True)
        others.append(Preview(_("Gets digests"), "en", compose([gathered])))
    return people + others


def _person(language: str) -> Recipient:
    return Recipient(
        user=User(email=ADDRESS, language=language), digest=Digest.IMMEDIATE, language=""
    )


def _message(campaign: Campaign, recipient: Recipient, *, in_digest: bool = False) -> Message:
    return Message(
        recipient=recipient,
        address=ADDRESS,
        campaign=campaign,
        topic=campaign.topic,
        notice_class=campaign.notice_class,
        in_digest=in_digest,
        subject=campaign.subject_en,
        message_id=f"<preview@{mail_domain()}>",
    )
