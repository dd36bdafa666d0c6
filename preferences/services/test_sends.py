"""Test sends: staff send a campaign to themselves, under the rules of every email."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from preferences.emails import send_notice_text, send_topic_mail
from preferences.models import Campaign, NoticeClass, Recipient
from preferences.selectors import send_decision_for


class SendTestRefused(ValidationError):
    """The campaign cannot be sent to this person as a test; the message says why."""


@transaction.atomic
def send_test(*, actor: User, campaign: Campaign) -> int:
    """Send the actor a campaign in each language it has. Return how many emails.

    They are ordinary emails of its category: a topic that the actor does not want is not sent, nor
    is an inactive notice class. Raises PermissionDenied without
    `preferences.change_campaign`, SendTestRefused.
    """
    require_staff(actor, "preferences.change_campaign")
    campaign = Campaign.objects.select_related("topic", "notice_class").get(pk=campaign.pk)
    category = campaign.category
    if isinstance(category, NoticeClass):
        if not category.is_active:
            raise SendTestRefused(_("Two staff must activate this class first."), code="inactive")
    else:
        decision = send_decision_for(Recipient.objects.get(user=actor), category)
        if not decision.send:
            raise SendTestRefused(
                _("You don't get this topic yourself (%(reason)s), so no test can reach you.")
                % {"reason": decision.reason.label},
                code="unwanted",
            )
    texts = [
        (campaign.subject(language), campaign.body(language))
        for language in Language.values
        if campaign.subject(language).strip() and campaign.body(language).strip()
    ]
    if not texts:
        raise SendTestRefused(_("Write a subject and a text first."), code="empty")
    for subject, text in texts:
        test_subject = _("[Test] %(subject)s") % {"subject": subject}
        if isinstance(category, NoticeClass):
            send_notice_text(notice_class=category, person=actor, subject=test_subject, text=text)
        else:
            send_topic_mail(topic=category, person=actor, subject=test_subject, text=text)
    record_event(
        kind="campaign.test_sent",
        actor=actor,
        subject={"en": campaign.subject_en, "fr": campaign.subject_fr},
        campaign=campaign.pk,
    )
    return len(texts)
