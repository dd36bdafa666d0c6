"""The admin site, which only shows: policies, their versions and the answers."""

from django.contrib import admin

from accounts.admin import ReadOnly
from compliance.models import Acceptance, LogRequest, Payment, Policy, PolicyVersion, Representative


@admin.register(Policy)
class PolicyAdmin(ReadOnly):
    """The policies; they are edited on the provider's pages."""

    list_display = ["slug", "kind", "asked_of"]


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnly):
    """The versions of policies."""

    list_display = ["policy", "number", "title_en", "effective_at", "published_at", "withdrawn_at"]
    list_filter = ["policy"]
    list_select_related = ["policy"]


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnly):
    """The answers to versions."""

    list_display = ["at", "person", "customer", "version", "verb", "language"]
    list_filter = ["verb"]
    list_select_related = ["person", "customer", "version"]
    search_fields = ["person__email__exact"]


@admin.register(Representative)
class RepresentativeAdmin(ReadOnly):
    """The representatives on file."""

    list_display = ["membership", "capacity", "until", "confirmed_at", "ended_at", "ending"]
    list_select_related = ["membership"]


@admin.register(LogRequest)
class LogRequestAdmin(ReadOnly):
    """The log requests."""

    list_display = ["customer", "portal", "first_day", "last_day", "state", "asked_at"]
    list_filter = ["state"]
    list_select_related = ["customer", "portal"]


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    """The payments and their reversals."""

    list_display = ["charge", "cents", "method", "day", "by"]
    list_select_related = ["charge", "by"]
