"""Pages of rights and things."""

from django.urls import path

from portals.views import people, resources

app_name = "portals"
urlpatterns = [
    path("c/<slug:customer>/people/invite/", people.invite, name="invite"),
    path("c/<slug:customer>/people/<uuid:person>/", people.person, name="person"),
    path("c/<slug:customer>/people/<uuid:person>/grants/", people.grant_give, name="grant-give"),
    path(
        "c/<slug:customer>/people/<uuid:person>/grants/<int:grant>/revoke/",
        people.grant_revoke,
        name="grant-revoke",
    ),
    path("c/<slug:customer>/resources/", resources.resource_list, name="resource-list"),
    path("c/<slug:customer>/resources/<int:resource>/", resources.resource, name="resource"),
]
