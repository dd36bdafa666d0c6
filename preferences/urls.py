"""Pages of what a person receives, and of the staff who send it."""

from django.urls import include, path

from preferences.views import centre, firms, links, subscribe

app_name = "preferences"

own = [
    path("", centre.centre, name="centre"),
    path("choose/", centre.choose, name="choose"),
    path("stop/", centre.stop_all, name="stop-all"),
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

firm = [
    path("", firms.firm, name="firm"),
    path("contacts/", firms.contact_name, name="contact-name"),
    path("contacts/<int:contact>/remove/", firms.contact_remove, name="contact-remove"),
    path("added/", firms.recipient_add, name="firm-recipient-add"),
    path("added/<int:recipient>/remove/", firms.recipient_remove, name="firm-recipient-remove"),
    path("topics/<slug:topic>/deny/", firms.topic_deny, name="topic-deny"),
    path("topics/<slug:topic>/allow/", firms.topic_allow, name="topic-allow"),
]

urlpatterns = [
    path("c/<slug:customer>/mail/", include(firm)),
    path("preferences/", include(own)),
    path("subscribe/", include(public)),
]
