"""Pages of what a person receives."""

from django.urls import path

from preferences import views

app_name = "preferences"

urlpatterns = [
    path("", views.centre, name="centre"),
    path("choose/", views.choose, name="choose"),
    path("stop/", views.stop_all, name="stop-all"),
    path("unsubscribe/<str:token>/", views.unsubscribe_link, name="unsubscribe"),
]
