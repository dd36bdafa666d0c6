"""Pages of what a person receives."""

from django.urls import path

from preferences.views import centre, links

app_name = "preferences"

urlpatterns = [
    path("", centre.centre, name="centre"),
    path("choose/", centre.choose, name="choose"),
    path("stop/", centre.stop_all, name="stop-all"),
    path("unsubscribe/<str:token>/", links.unsubscribe_link, name="unsubscribe"),
]
