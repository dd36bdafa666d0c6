"""The sentences of the activity log about topics and messages."""

from django.utils.translation import gettext_lazy as _

EVENT_SENTENCES = {
    "topic.wanted": _("%(actor)s subscribed to “%(topic)s”."),
    "topic.refused": _("%(actor)s unsubscribed from “%(topic)s”."),
    "topic.unsubscribed": _("The unsubscribe link of an email was used for “%(topic)s”."),
    "optional_mail.unsubscribed": _(
        "The link in an email was used to unsubscribe from all optional email."
    ),
    "topic.subscribed": _(
        "A recipient without an account confirmed the subscription to “%(topic)s”."
    ),
    "topic.entered": _(
        "Somebody subscribed to “%(topic)s” on the public page, without confirming."
    ),
    "topic.link_undone": _("Unsubscribing from “%(topic)s” by the link in an email was undone."),
    "topic.undone": _("%(actor)s undid unsubscribing from “%(topic)s”."),
    "optional_mail.undone": _("%(actor)s undid unsubscribing from all optional email."),
    "optional_mail.link_undone": _("The change made by the link in an email was undone."),
    "optional_mail.link_paused": _("The link in an email paused optional email until %(until)s."),
    "optional_mail.link_digest": _(
        "The link in an email changed how often optional email is sent: %(digest)s."
    ),
    "optional_mail.stopped": _("%(actor)s unsubscribed from all optional email."),
    "optional_mail.resumed": _("%(actor)s subscribed to optional email again."),
    "optional_mail.paused": _("%(actor)s paused optional email until %(until)s."),
    "optional_mail.unpaused": _("%(actor)s ended the pause of optional email."),
    "optional_mail.digest": _("%(actor)s changed how often optional email is sent: %(digest)s."),
    "campaign.created": _("%(actor)s wrote the message “%(subject)s” (%(category)s)."),
    "campaign.updated": _("%(actor)s changed the message “%(subject)s”: %(fields)s."),
    "campaign.scheduled": _("%(actor)s scheduled the message “%(subject)s” (%(category)s)."),
    "campaign.unscheduled": _("%(actor)s made the message “%(subject)s” a draft again."),
    "campaign.started": _("%(actor)s started sending “%(subject)s” (%(category)s)."),
    "campaign.paused": _("%(actor)s paused the message “%(subject)s”."),
    "campaign.resumed": _("%(actor)s resumed the message “%(subject)s”."),
    "campaign.cancelled": _(
        "%(actor)s cancelled the message “%(subject)s”. Emails not sent: %(count)s."
    ),
    "campaign.done": _("The message “%(subject)s” was sent to all its recipients."),
    "topic.imported": _(
        "%(actor)s imported a list into the topic “%(topic)s”: %(added)s subscribed, %(refused)s"
        " unsubscribed."
    ),
    "campaign.test_sent": _("%(actor)s sent themselves a test of “%(subject)s”."),
    "notice_class.approved": _(
        "%(actor)s approved the notice class “%(notice_class)s”; one more approval is needed."
    ),
    "notice_class.activated": _(
        "%(actor)s approved the notice class “%(notice_class)s”; it is now in use."
    ),
    "reseller.marked": _("%(actor)s marked the company as a reseller."),
    "reseller.unmarked": _("%(actor)s marked the company as no longer a reseller."),
    "evidence.exported": _("%(actor)s exported the email evidence of %(reader)s."),
    "topic.created": _("%(actor)s created the topic “%(topic)s”."),
    "topic.updated": _("%(actor)s changed the topic “%(topic)s”: %(fields)s."),
}
