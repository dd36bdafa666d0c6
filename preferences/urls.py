"""Pages of what a person receives, and of the staff who send it."""

from django.urls import include, path

from preferences.views import (
    campaigns,
    centre,
    evidence,
    firms,
    imports,
    links,
    resellers,
    returned,
    subscribe,
    topics,
    webhooks,
)

app_name = "preferences"
FIRM = "c/<slug:customer>/mail/"

own = [
    path("", centre.centre, name="centre"),
    path("returned/", returned.returned, name="returned"),
    path("choose/", centre.choose, name="choose"),
    path("stop/", centre.stop_all, name="stop-all"),
    path("undo/", centre.undo, name="undo"),
    path("resume/", centre.resume, name="resume"),
    path("pause/", centre.pause, name="pause"),
    path("digest/", centre.digest, name="digest"),
    path("language/", centre.language, name="language"),
    path("history/", centre.history, name="history"),
    path("receipt/", centre.receipt, name="receipt"),
    path("receipts/verify/", subscribe.receipt_verify, name="receipt-verify"),
    path("mail/<str:token>/", links.mail, name="mail"),
    path("unsubscribe/<str:token>/", links.unsubscribe_link, name="unsubscribe"),
]

public = [
    path("", subscribe.subscribe, name="subscribe"),
    path("confirm/<str:token>/", subscribe.confirm, name="confirm"),
    path("<slug:topic>/", subscribe.subscribe_to, name="subscribe-to"),
]

provider = [
    path("topics/", topics.topics, name="topics"),
    path("topics/new/", topics.topic_new, name="topic-new"),
    path("topics/import/", imports.topics_import, name="topics-import"),
    path("topics/import/report/", imports.import_report, name="import-report"),
    path("topics/<slug:slug>/", topics.topic, name="topic"),
    path("topics/<slug:slug>/edit/", topics.topic_edit, name="topic-edit"),
    path("topics/<slug:slug>/close/", topics.topic_active, {"active": False}, name="topic-close"),
    path("topics/<slug:slug>/reopen/", topics.topic_active, {"active": True}, name="topic-reopen"),
    path("classes/", topics.classes, name="classes"),
    path("classes/<slug:code>/activate/", topics.class_activate, name="class-activate"),
    path("messages/", campaigns.campaigns, name="campaigns"),
    path("messages/new/", campaigns.campaign_new, name="campaign-new"),
    path("messages/<int:campaign>/", campaigns.campaign, name="campaign"),
    path("messages/<int:campaign>/edit/", campaigns.campaign_edit, name="campaign-edit"),
    path("messages/<int:campaign>/check/", campaigns.campaign_check, name="campaign-check"),
    path("messages/<int:campaign>/try/", campaigns.campaign_try, name="campaign-try"),
    path("messages/<int:campaign>/people/", campaigns.campaign_people, name="campaign-people"),
    *(
        path(
            f"messages/<int:campaign>/{act}/",
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

firm = [
    path(FIRM, firms.firm, name="firm"),
    path(f"{FIRM}contacts/", firms.contact_name, name="contact-name"),
    path(f"{FIRM}contacts/<int:contact>/remove/", firms.contact_remove, name="contact-remove"),
    path(f"{FIRM}added/", firms.recipient_add, name="firm-recipient-add"),
    path(
        f"{FIRM}added/<int:recipient>/remove/", firms.recipient_remove, name="firm-recipient-remove"
    ),
    path(f"{FIRM}topics/<slug:topic>/deny/", firms.topic_deny, name="topic-deny"),
    path(f"{FIRM}topics/<slug:topic>/allow/", firms.topic_allow, name="topic-allow"),
]

urlpatterns = [
    path("mail/events/<slug:provider>/", webhooks.mail_events, name="mail-events"),
    path("provider/unreachable/", returned.unreachable, name="unreachable"),
    path(
        "provider/unreachable/<int:escalation>/",
        returned.unreachable_settle,
        name="unreachable-settle",
    ),
    *firm,
    path("preferences/", include(own)),
    path("subscribe/", include(public)),
    path("provider/", include(provider)),
    path("mandatory-mail/", evidence.mandatory_mail, name="mandatory-mail"),
]
