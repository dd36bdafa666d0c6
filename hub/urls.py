"""The table of contents: every mount, in the order a person meets them."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from hub import views
from hub.brand import brand_css
from hub.health import healthz, readyz
from portals.api.discovery import authzen_configuration
from portals.api.evaluation import evaluation

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("portals.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("brand.css", brand_css, name="brand-css"),
    path("access/v1/evaluation", evaluation, name="access-evaluation"),  # hub.wsgi answers first
    path(".well-known/authzen-configuration", authzen_configuration, name="authzen-configuration"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]

if settings.DEMO:
    urlpatterns += [path("demo/", include("hub.demo.urls"))]
