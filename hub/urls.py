"""The table of contents: every mount, in the order a person meets them."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from hub import views
from hub.brand import brand_css

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("portals.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("brand.css", brand_css, name="brand-css"),
]

if settings.DEMO:
    urlpatterns += [path("demo/", include("hub.demo.urls"))]
