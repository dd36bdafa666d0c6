"""A campaign tried on oneself, by the road and under the rules of every mail."""

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


class TestSendRefused(ValidationError):
    """The mail cannot be tried on this person; the message says why."""


@transaction.atomic
def send_test(*, actor: User, campaign: Campaign) -> int:
    """Send the actor each text a campaign has, as an ordinary mail of its category; out: how many.

    What the actor does not want is not sent to them either, and an inactive class not at all: a
    trial opens no other way past the rules. Raises PermissionDenied without
    `preferences.change_campaign`, TestSendRefused.
    """
    require_staff(actor, "preferences.change_campaign")
    campaign = Campaign.objects.select_related("topic", "notice_class").get(pk=campaign.pk)
    category = campaign.category
    if isinstance(category, NoticeClass):
        if not category.is_active:
            raise TestSendRefused(_("Two staff activate this class first."), code="inactive")
    else:
        answer = send_decision_for(Recipient.objects.get(user=actor), category)
        if not answer.send:
            raise TestSendRefused(
                _("You do not get this topic yourself (%(reason)s), so no trial can reach you.")
                % {"reason": answer.reason.label},
                code="unwanted",
            )
    texts = [
        (campaign.subject(language), campaign.body(language))
        for language in Language.values
        if campaign.subject(language).strip() and campaign.body(language).strip()
    ]
    if not texts:
        raise TestSendRefused(_("Write a subject and a text first."), code="empty")
    for subject, text in texts:
        test_sent = _("[Trial] %(subject)s") % {"subject": subject}
        if isinstance(category, NoticeClass):
            send_notice_text(notice_class=category, person=actor, subject=test_sent, text=text)
        else:
            send_topic_mail(topic=category, person=actor, subject=test_sent, text=text)
    record_event(
        kind="campaign.test_sent",
        actor=actor,
        subject={"en": campaign.subject_en, "fr": campaign.subject_fr},
        campaign=campaign.pk,
    )
    return len(texts)
