"""The data items of email: choices, consent, messages and bounces."""

from django.utils.translation import gettext_lazy as _

from compliance.registry.items import (
    Basis,
    DataItem,
    Erase,
    NotPersonal,
    Purpose,
    Recipient,
    Retention,
    Source,
    Start,
    Table,
    Viewer,
)

ITEMS = [
    DataItem(
        code="email_settings",
        label=_("Email settings"),
        holds=_("Your address and language for email, which topics you get, pauses and digests."),
        whose=_("everybody who gets email from us, with or without an account"),
        sources=(Source.PERSON, Source.STAFF),
        purposes=(Purpose.NOTICES, Purpose.TOPICS, Purpose.PROGRAMMES),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.OPERATORS),
        recipients=(Recipient.MAIL_SERVICE,),
        retention=Retention(None, Start.ACCOUNT_END),
        erased_last=2,
        erase=Erase.BLANK,
        tables=(
            Table(
                "preferences.Recipient",
                "id user address language address_hash stopped paused_until digest digest_by_link"
                " unreachable_since unreachable_reason followed_by",
                person="user",
                address="address",
                hidden="address_hash",
                stays="address_hash",
            ),
            Table(
                "preferences.Choice",
                "id recipient topic wants consent",
                person="recipient__user",
                address="recipient__address",
            ),
        ),
    ),
    DataItem(
        code="consent_records",
        label=_("Consent"),
        holds=_(
            "Each time you subscribed or unsubscribed: the words you saw, when, and from which"
            " network address."
        ),
        whose=_("everybody who chose about optional email"),
        sources=(Source.PERSON, Source.STAFF),
        purposes=(Purpose.PROOF, Purpose.TOPICS),
        basis=Basis.LAW,
        seen_by=(Viewer.PERSON, Viewer.OPERATORS),
        retention=Retention(
            3 * 365, Start.CONSENT_END, by="compliance.services.retention.run_retention"
        ),
        addresses=Retention(365, Start.CREATED, by="compliance.services.retention.run_retention"),
        erase=Erase.KEEP,
        kept_why=_(
            "The law wants proof of consent. A fingerprint keeps a refused address refused."
        ),
        tables=(
            Table(
                "preferences.ConsentRecord",
                "id recipient address_hash topic wants basis wording wording_hash language source"
                " actor at recorded_at network_address",
                person="recipient__user",
                address="recipient__address",
                hidden="address_hash",
            ),
        ),
    ),
    DataItem(
        code="messages",
        label=_("Email we sent you"),
        holds=_(
            "Address, subject and time of each email, and whether it arrived. The text is erased"
            " once it is sent."
        ),
        whose=_("everybody who gets email from us"),
        sources=(Source.HUB, Source.MAIL_SERVER),
        purposes=(Purpose.NOTICES, Purpose.TOPICS, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.OPERATORS),
        recipients=(Recipient.MAIL_SERVICE,),
        retention=Retention(3 * 365, Start.SENT, by="compliance.services.retention.run_retention"),
        erased_last=1,
        erase=Erase.BLANK,
        tables=(
            Table(
                "preferences.Message",
                "id recipient address campaign notice_class topic in_digest subject sealed_content"
                " content_hash message_id state created_at due_at claimed_at claim attempts"
                " last_error",
                person="recipient__user",
                address="address",
                hidden="sealed_content content_hash claim",
                stays="content_hash message_id",
            ),
            Table(
                "preferences.DeliveryDecision",
                "message outcome reason consent detail at",
                person="message__recipient__user",
                address="message__address",
            ),
            Table(
                "preferences.DeliveryEvent",
                "id message kind at diagnostic reason event",
                person="message__recipient__user",
                address="message__address",
                stays="event",
            ),
            Table(
                "preferences.Escalation",
                "message recipient state opened_at due_at told_at ended_at how reason by",
                person="recipient__user",
                actor="by",
            ),
            Table(
                "preferences.DeliveryProbe",
                "message escalation address",
                person="message__recipient__user",
                address="address",
            ),
        ),
    ),
    DataItem(
        code="campaigns",
        label=_("Messages to many"),
        holds=_("The author of a message, and everybody considered for it, with the reason."),
        whose=_("staff who write, and the recipients"),
        sources=(Source.STAFF, Source.HUB),
        purposes=(Purpose.NOTICES, Purpose.TOPICS, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.OPERATORS,),
        retention=Retention(3 * 365, Start.SENT),
        erase=Erase.BLANK,
        tables=(
            Table(
                "preferences.Campaign",
                "id topic notice_class subject_en subject_fr body_en body_fr promotional urgent"
                " state starts_at resolved_at portal named confidential last_slice_at created_by"
                " created_at",
                actor="created_by",
            ),
            Table(
                "preferences.NamedRecipient",
                "id campaign recipient at",
                person="recipient__user",
                address="recipient__address",
            ),
            Table(
                "preferences.Candidate",
                "id campaign recipient send reason consent",
                person="recipient__user",
                address="recipient__address",
            ),
        ),
    ),
    DataItem(
        code="company_email",
        label=_("Email for your company"),
        holds=_("The notices you get for your company, and who decided that."),
        whose=_("contacts of a company, and the Super Users who named them"),
        sources=(Source.SUPER_USER,),
        purposes=(Purpose.NOTICES, Purpose.COMPANY),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.OPERATORS),
        retention=Retention(
            0,
            Start.MEMBERSHIP_END,
            by="preferences.services.customer_email.drop_mail_of_leaver",
        ),
        erase=Erase.DELETE,
        tables=(
            Table("preferences.CustomerTopicDenial", "id customer topic by at", actor="by"),
            Table(
                "preferences.CustomerRecipient",
                "id membership topic notice_class by at",
                person="membership__user",
                actor="by",
            ),
            Table(
                "preferences.ContactRole",
                "id membership kind by at",
                person="membership__user",
                actor="by",
            ),
        ),
    ),
]

NOT_PERSONAL = [
    NotPersonal("preferences.NoticeClass", "The closed list of required notices."),
    NotPersonal("preferences.Topic", "The list of topics."),
    NotPersonal("preferences.Reseller", "Which companies are resellers."),
]
