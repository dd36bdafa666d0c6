"""The table of contents: every mount, in the order a person meets them."""

from django.urls import include, path

from hub import views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
]
