"""The URLs of the hub: every app is mounted here."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.urls import factor_urlpatterns
from accounts.views.sign_in import ForgotPassword, SignIn
from hub import views
from hub.health import healthz, readyz
from hub.stylesheet import style
from hub.version import version
from hub.viewing import viewing
from portals.api.discovery import authzen_configuration
from portals.api.evaluation import BATCH_PATH, evaluation, evaluations
from portals.api.search import ACTION, RESOURCE, SUBJECT, search_view
from portals.oidc import authorization, discovery, endpoints, forward, logout

# Staff sign in where everybody does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# In place of allauth's identity provider, under the names that allauth uses.
identity = [
    path("identity/o/authorize", authorization.authorize, name="authorization"),
    path("identity/o/authorize/continue", authorization.go_on, name="go-on"),
    path("identity/o/logout", logout.logout, name="logout"),
    *(
        path(f"identity/forward/<slug:portal>/{name}", view, name=f"forward-{name}")
        for name, view in {
            "check": forward.check,
            "start": forward.start,
            "callback": forward.callback,
            "sign-out": forward.sign_out,
        }.items()
    ),
    path("identity/o/api/token", endpoints.token, name="token"),
    path("identity/o/api/userinfo", endpoints.userinfo, name="userinfo"),
    path("identity/o/api/introspect", endpoints.introspect, name="introspect"),  # the front first
    path("identity/o/api/revoke", endpoints.revoke, name="revoke"),
    path(".well-known/openid-configuration", discovery.openid_configuration, name="configuration"),
    path(".well-known/jwks.json", discovery.jwks, name="jwks"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("my-access/", views.my_access, name="my-access"),
    path("", include("portals.urls")),
    path("", include("accounts.urls")),
    path("desk/viewings/<uuid:viewing>/<slug:page>/", viewing, name="viewing"),
    path("", include("compliance.urls")),
    path("", include("preferences.urls")),
    path("api/v1/", include("preferences.api.urls")),
    # A person without a password gets a link to choose one: that proves more than a session.
    path(
        "accounts/password/set/",
        RedirectView.as_view(pattern_name="account_reset_password"),
        name="account_set_password",
    ),
    path("accounts/login/", SignIn.as_view(), name="account_login"),
    path("accounts/password/reset/", ForgotPassword.as_view(), name="account_reset_password"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include(factor_urlpatterns)),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("style.css", style, name="style"),
    path("", include(([path("", include((identity, "oidc")))], "idp"))),
    path("api/v1/", include("portals.api.urls")),
    path("api/v1/", include("compliance.api.urls")),
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
    path(BATCH_PATH[1:], evaluations, name="access-evaluations"),
    path(SUBJECT.path[1:], search_view(SUBJECT), name="access-search-subject"),
    path(RESOURCE.path[1:], search_view(RESOURCE), name="access-search-resource"),
    path(ACTION.path[1:], search_view(ACTION), name="access-search-action"),
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
