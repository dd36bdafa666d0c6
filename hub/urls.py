"""The URLs of the hub: every app is mounted here."""

from allauth.account.decorators import secure_admin_login
from allauth.idp.oidc.views import jwks
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from hub import views
from hub.brand import brand_css
from hub.health import healthz, readyz
from hub.version import version
from portals.api import tokens
from portals.api.discovery import authzen_configuration
from portals.api.evaluation import evaluation

# Staff sign in where everybody does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Only these parts of allauth's identity provider are mounted, under the names that allauth uses.
identity = [
    path("identity/o/api/token", tokens.token, name="token"),
    path(".well-known/openid-configuration", tokens.openid_configuration, name="configuration"),
    path(".well-known/jwks.json", jwks, name="jwks"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("portals.urls")),
    path("", include("accounts.urls")),
    path("", include("preferences.urls")),
    path("api/v1/", include("preferences.api.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("brand.css", brand_css, name="brand-css"),
    path("", include(([path("", include((identity, "oidc")))], "idp"))),
    path("api/v1/", include("portals.api.urls")),
    # The version is set here; otherwise any visitor could choose it with ?version=….
    path("api/v1/schema/", SpectacularAPIView.as_view(api_version=version()), name="api-schema"),
    path(
        "api/v1/docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="api-schema",
            template_name="hub/api_docs.html",
            metadata_class=None,  # OPTIONS would answer JSON, for which a page has no template
        ),
        name="api-docs",
    ),
    path("access/v1/evaluation", evaluation, name="access-evaluation"),  # hub.wsgi answers first
    path(".well-known/authzen-configuration", authzen_configuration, name="authzen-configuration"),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]

handler400 = "hub.views.bad_request"
handler500 = "hub.views.server_error"
handler403 = "accounts.views.access.permission_denied"

if settings.DEMO:
    urlpatterns += [path("demo/", include("hub.demo.urls"))]
