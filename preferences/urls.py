"""URLs of the pages about email, for people and for staff."""

from django.urls import include, path

from preferences.views import (
    bounces,
    campaigns,
    centre,
    customer_email,
    evidence,
    import_report,
    imports,
    links,
    resellers,
    topic_signup,
    topics,
    webhooks,
)

app_name = "preferences"
CUSTOMER_EMAIL = "c/<slug:customer>/mail/"

own = [
    path("", centre.centre, name="centre"),
    path("bounces/", bounces.bounced_mail, name="bounced-mail"),
    path("choose/", centre.choose, name="choose"),
    path("stop/", centre.stop_all, name="stop-all"),
    path("undo/", centre.undo, name="undo"),
    path("resume/", centre.resume, name="resume"),
    path("pause/", centre.pause, name="pause"),
    path("digest/", centre.digest, name="digest"),
    path("language/", centre.language, name="language"),
    path("history/", centre.history, name="history"),
    path("receipt/", centre.receipt, name="receipt"),
    path("receipts/verify/", topic_signup.receipt_verify, name="receipt-verify"),
    path("mail/<str:token>/", links.mail, name="mail"),
    path("unsubscribe/<str:token>/", links.unsubscribe_link, name="unsubscribe"),
]

public = [
    path("", topic_signup.subscribe, name="subscribe"),
    path("confirm/<str:token>/", topic_signup.confirm, name="confirm"),
    path("<slug:topic>/", topic_signup.subscribe_to, name="subscribe-to"),
]

provider = [
    path("topics/", topics.topics, name="topics"),
    path("topics/new/", topics.topic_new, name="topic-new"),
    path("topics/import/", imports.topics_import, name="topics-import"),
    path("topics/import/report/", import_report.import_report, name="import-report"),
    path("topics/<slug:slug>/", topics.topic, name="topic"),
    path("topics/<slug:slug>/edit/", topics.topic_edit, name="topic-edit"),
    path("topics/<slug:slug>/close/", topics.topic_active, {"active": False}, name="topic-close"),
    path("topics/<slug:slug>/reopen/", topics.topic_active, {"active": True}, name="topic-reopen"),
    path("notice-classes/", topics.notice_classes, name="notice-classes"),
    path(
        "notice-classes/<slug:code>/activate/",
        topics.notice_class_activate,
        name="notice-class-activate",
    ),
    path("messages/", campaigns.campaigns, name="campaigns"),
    path("messages/new/", campaigns.campaign_new, name="campaign-new"),
    path("messages/<number:campaign>/", campaigns.campaign, name="campaign"),
    path("messages/<number:campaign>/edit/", campaigns.campaign_edit, name="campaign-edit"),
    path("messages/<number:campaign>/check/", campaigns.campaign_check, name="campaign-check"),
    path(
        "messages/<number:campaign>/preview/<number:number>/<str:look>/",
        campaigns.campaign_preview,
        name="campaign-preview",
    ),
    path(
        "messages/<number:campaign>/test-send/",
        campaigns.campaign_test_send,
        name="campaign-test-send",
    ),
    path("messages/<number:campaign>/people/", campaigns.campaign_people, name="campaign-people"),
    *(
        path(
            f"messages/<number:campaign>/{act}/",
            campaigns.campaign_act,
            {"act": act},
            name=f"campaign-{act}",
        )
        for act in ("unschedule", "pause", "resume", "cancel")
    ),
    path("evidence/", evidence.evidence, name="evidence"),
    path(
        "customers/<slug:slug>/reseller/mark/",
        resellers.reseller,
        {"marked": True},
        name="reseller-mark",
    ),
    path(
        "customers/<slug:slug>/reseller/unmark/",
        resellers.reseller,
        {"marked": False},
        name="reseller-unmark",
    ),
]

customer = [
    path(CUSTOMER_EMAIL, customer_email.customer_email_page, name="customer-email"),
    path(f"{CUSTOMER_EMAIL}contacts/", customer_email.contact_add, name="contact-add"),
    path(
        f"{CUSTOMER_EMAIL}contacts/<number:contact>/remove/",
        customer_email.contact_remove,
        name="contact-remove",
    ),
    path(
        f"{CUSTOMER_EMAIL}recipients/",
        customer_email.recipient_add,
        name="customer-recipient-add",
    ),
    path(
        f"{CUSTOMER_EMAIL}recipients/<number:recipient>/remove/",
        customer_email.recipient_remove,
        name="customer-recipient-remove",
    ),
    path(
        f"{CUSTOMER_EMAIL}topics/<slug:topic>/deny/", customer_email.topic_deny, name="topic-deny"
    ),
    path(
        f"{CUSTOMER_EMAIL}topics/<slug:topic>/allow/",
        customer_email.topic_allow,
        name="topic-allow",
    ),
]

urlpatterns = [
    path("mail/events/<slug:provider>/", webhooks.mail_events, name="mail-events"),
    path("provider/unreachable/", bounces.unreachable, name="unreachable"),
    path(
        "provider/unreachable/<number:escalation>/",
        bounces.unreachable_settle,
        name="unreachable-settle",
    ),
    *customer,
    path("preferences/", include(own)),
    path("subscribe/", include(public)),
    path("provider/", include(provider)),
    path("mandatory-mail/", evidence.mandatory_mail, name="mandatory-mail"),
]
