"""The table of contents: every mount, in the order a person meets them."""

from django.conf import settings
from django.urls import include, path

from hub import views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
]

if settings.DEMO:
    urlpatterns += [path("demo/", include("hub.demo.urls"))]
