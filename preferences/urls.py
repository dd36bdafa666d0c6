"""Pages of what a person receives, and of the staff who send it."""

from django.urls import include, path

from preferences.views import centre, links

app_name = "preferences"

own = [
    path("", centre.centre, name="centre"),
    path("choose/", centre.choose, name="choose"),
    path("stop/", centre.stop_all, name="stop-all"),
    path("unsubscribe/<str:token>/", links.unsubscribe_link, name="unsubscribe"),
]

urlpatterns = [
    path("preferences/", include(own)),
]
