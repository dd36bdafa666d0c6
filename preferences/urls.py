"""Pages of what a person receives, and of the staff who send it."""

from django.urls import include, path

from preferences.views import centre, firms, imports, links

app_name = "preferences"

own = [
    path("", centre.centre, name="centre"),
    path("choose/", centre.choose, name="choose"),
    path("stop/", centre.stop_all, name="stop-all"),
    path("unsubscribe/<str:token>/", links.unsubscribe_link, name="unsubscribe"),
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

# Before the topics, which are named by the same part of the address.
imported = [
    path("topics/import/", imports.topics_import, name="topics-import"),
    path("topics/import/report/", imports.import_report, name="import-report"),
]

urlpatterns = [
    path("provider/", include(imported)),
    path("c/<slug:customer>/mail/", include(firm)),
    path("preferences/", include(own)),
]
