"""All settings, read from HUB_… variables or `.env`; a missing required one stops the start."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from hub.billing import *  # noqa: F403 -- compliance reads them
from hub.brand import colour
from hub.cache import cache_settings
from hub.compliance import *  # noqa: F403 -- Django and compliance read them
from hub.content_policy import CONTENT_SECURITY_POLICY  # noqa: F401 -- Django reads it here
from hub.database import database
from hub.environment import (
    env,
    loopback_bind,
    mail_address,
    one_of,
    optional,
    parsed,
    required,
    secret,
    secrets,
    web_address,
)
from hub.limits import ACCOUNT_RATE_LIMITS  # noqa: F401 -- allauth reads it here
from hub.logs import LOGGING  # noqa: F401 -- Django reads it here
from hub.mail_route import dkim_key, mail_events, mail_transport
from hub.openapi import SPECTACULAR_SETTINGS  # noqa: F401 -- drf-spectacular reads it here
from hub.sign_in import *  # noqa: F403 -- allauth reads them here
from hub.sign_in import supported_factors
from hub.support import *  # noqa: F403 -- the support desk reads them

BASE_DIR = Path(__file__).resolve().parent.parent

if os.environ.get("HUB_ENV") != "test":  # tests do not read a demo's settings
    environ.Env.read_env(BASE_DIR / ".env")

HUB_ENV = required("HUB_ENV")
if HUB_ENV not in ("demo", "test", "production"):
    raise ImproperlyConfigured("HUB_ENV is one of: demo, test, production.")
PRODUCTION, DEMO = HUB_ENV == "production", HUB_ENV == "demo"

# --- Address and brand ---
HUB_BIND = optional("HUB_BIND", "127.0.0.1:8000")
if DEMO:
    parsed("HUB_BIND", HUB_BIND, loopback_bind)
# Passkeys refuse IP addresses, and browsers take localhost for this machine.
_own_address = f"http://localhost:{HUB_BIND.rpartition(':')[2]}"
HUB_BASE_URL = parsed(
    "HUB_BASE_URL",
    required("HUB_BASE_URL") if PRODUCTION else optional("HUB_BASE_URL", _own_address),
    web_address,
)
# The number of own proxies that append to X-Forwarded-For; with 0 the header is ignored.
ALLAUTH_TRUSTED_PROXY_COUNT = parsed(
    "HUB_TRUSTED_PROXIES", optional("HUB_TRUSTED_PROXIES", "0"), int
)
# Hosts of portals in a private network, to which the hub may post that a session ended.
HUB_PRIVATE_PORTALS = set(optional("HUB_PRIVATE_PORTALS", "").lower().replace(",", " ").split())
HUB_WORKERS = parsed("HUB_WORKERS", optional("HUB_WORKERS", "1"), int)
HUB_REQUEST_HOURS = parsed("HUB_REQUEST_HOURS", optional("HUB_REQUEST_HOURS", "72"), int)
HUB_BRAND_NAME = env.str("HUB_BRAND_NAME", default="Harbour" if not PRODUCTION else "Hub")
HUB_BRAND_ACCENT = parsed("HUB_BRAND_ACCENT", optional("HUB_BRAND_ACCENT", ""), colour)
HUB_BRAND_LOGO = env.str("HUB_BRAND_LOGO", default="")  # a URL on this host
HUB_BRAND_ADDRESS = optional("HUB_BRAND_ADDRESS", "" if PRODUCTION else "1 Harbour Street, Halifax")

_host = urlsplit(HUB_BASE_URL).hostname or ""
ALLOWED_HOSTS = [_host] if PRODUCTION else [_host, "127.0.0.1", "localhost", "testserver"]
SECRET_KEY = "test-only-" + "x" * 40
if HUB_ENV != "test":
    SECRET_KEY = parsed("HUB_SECRET_KEY", required("HUB_SECRET_KEY"), secret)
# Former keys: they verify old signatures and make no new ones.
SECRET_KEY_FALLBACKS = parsed(
    "HUB_SECRET_KEY_FALLBACKS", optional("HUB_SECRET_KEY_FALLBACKS", ""), secrets
)
CSRF_TRUSTED_ORIGINS = [HUB_BASE_URL]

# --- Apps and middleware ---
OUR_APPS = ["hub", "compliance", "preferences", "portals", "accounts"]  # imported this way
INSTALLED_APPS = [
    *OUR_APPS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin.apps.SimpleAdminConfig",  # only our own models, see hub/apps.py
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.idp.oidc",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials",
    "django_tasks",
    "django_tasks_db",
    "csp",
    "lucide",
]

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",  # pads its answers, against BREACH
    "hub.middleware.answer_programs_in_json",
    "hub.middleware.refuse_large_bodies",
    "django.middleware.security.SecurityMiddleware",
    "hub.middleware.answer_health_checks",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hub.middleware.SignInRequired",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hub.second_factor.RequireSecondFactor",
    "hub.policy_answers.RequirePolicyAnswers",
    "hub.middleware.ReadersTimeZone",
    "hub.middleware.keep_private",
    "hub.middleware.allow_return_to_portals",
    "hub.middleware.remember_devices",
    "hub.middleware.explain_405",
]

ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "hub.context_processors.brand",
                "hub.context_processors.navigation",
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                *[f"hub.templatetags.{n}" for n in ("addresses", "components", "icons", "people")],
            ],
        },
    }
]

# --- Database, cache and jobs ---
DATABASES = {
    "default": database(
        required("HUB_DATABASE_URL")
        if PRODUCTION
        else optional("HUB_DATABASE_URL", f"sqlite:///{BASE_DIR}/var/hub.sqlite3")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = cache_settings(optional("HUB_CACHE_URL", ""))
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- Email: every message passes the gate, which sends it by the transport ---
EMAIL_TIMEOUT = 20  # shorter than a worker's claim on a message
_transport = mail_transport(
    required("HUB_EMAIL_URL") if PRODUCTION else optional("HUB_EMAIL_URL", "")
)
HUB_MAIL_TRANSPORT = _transport.pop("EMAIL_BACKEND")
EMAIL_FILE_PATH = BASE_DIR / "var" / "mail"  # used without HUB_EMAIL_URL
vars().update(_transport)
EMAIL_BACKEND = "preferences.gate.GateBackend"
HUB_MAIL_FROM = mail_address("HUB_MAIL_FROM", "no-reply@harbour.example")
_domain = HUB_MAIL_FROM.rpartition("@")[2]
HUB_MAIL_FROM_TOPICS = mail_address("HUB_MAIL_FROM_TOPICS", f"news@{_domain}")
if HUB_MAIL_FROM_TOPICS == HUB_MAIL_FROM:  # or a complaint about news would harm notices (R12)
    raise ImproperlyConfigured("HUB_MAIL_FROM_TOPICS is another address than HUB_MAIL_FROM.")
HUB_MAIL_BOUNCES = mail_address("HUB_MAIL_BOUNCES", f"bounces@{_domain}")
HUB_MAIL_REPLY_TO = mail_address("HUB_MAIL_REPLY_TO", "")
HUB_INVITATION_REPLY_TO = one_of("HUB_INVITATION_REPLY_TO", "super_user", "provider")
DEFAULT_FROM_EMAIL = f"{HUB_BRAND_NAME} <{HUB_MAIL_FROM}>"
HUB_DKIM_SELECTOR = optional("HUB_DKIM_SELECTOR", "hub")
HUB_DKIM_KEY = parsed("HUB_DKIM_KEY_FILE", optional("HUB_DKIM_KEY_FILE", ""), dkim_key)
ANYMAIL, HUB_BOUNCE_MAILBOX = mail_events(), optional("HUB_BOUNCE_MAILBOX", "")

# --- Signing in ---
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "portals.backends.GrantBackend",  # first: it denies a privilege without a resource for good
    "accounts.backends.PersonBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "portals.hashers.KeyedHasher",  # for portals' random secrets, never for a password
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.validators.BreachedPasswordValidator"},
]
LOGIN_URL, LOGIN_REDIRECT_URL = "account_login", "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.openid.outgoing.ProviderAdapter"
MFA_SUPPORTED_TYPES = supported_factors(_host)
MFA_TOTP_ISSUER = HUB_BRAND_NAME
# Whether staff need a second factor; in the demo they sign in at one click.
HUB_STAFF_SECOND_FACTOR = one_of(
    "HUB_STAFF_SECOND_FACTOR", *(("yes", "no") if PRODUCTION else ("no", "yes"))
) == "yes"  # fmt: skip
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGOUT_ON_GET = ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]  # not allauth's emailed code
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(HUB_BASE_URL).scheme
USERSESSIONS_TRACK_ACTIVITY = False
PASSWORD_RESET_TIMEOUT = 60 * 60 * 2

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60 * 12
_secure = urlsplit(HUB_BASE_URL).scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _secure
SESSION_COOKIE_NAME = "__Host-session" if _secure else "hub_session"
CSRF_COOKIE_NAME = "__Host-csrf" if _secure else "hub_csrf"
TYPIST_COOKIE_NAME = "__Host-typist" if _secure else "hub_typist"  # accounts/unsent_forms.py
LANGUAGE_COOKIE_NAME = "hub_language"
DEVICE_COOKIE_NAME = "__Host-device" if _secure else "hub_device"
LANGUAGE_COOKIE_SAMESITE = "Lax"
if _secure:
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"

# --- Object permissions ---
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
# Our GrantBackend replaces guardian's, and hub/templatetags/i18n.py Django's tags.
SILENCED_SYSTEM_CHECKS = ["guardian.W001", "templates.W003"]
FORM_RENDERER = "hub.form_rendering.FormRenderer"

# --- Portals' sign-in and tokens ---
IDP_OIDC_ADAPTER = "portals.adapters.PortalTokenAdapter"
IDP_OIDC_PRIVATE_KEY = env.str("HUB_OIDC_PRIVATE_KEY", default="").replace("\\n", "\n")
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 3600
IDP_OIDC_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

# --- APIs ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["hub.api.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "hub.api.KeysetPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "hub.api.handle_error",
}
# No request has a larger body, files included: 10,000 resources in one call, a file of 2 MB.
BODY_LIMIT = DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# --- Language, time, files ---
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "hub.formats"
TIME_ZONE = env.str("HUB_TIME_ZONE", default="America/Toronto")
STATIC_URL, STATIC_ROOT = "/static/", BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
