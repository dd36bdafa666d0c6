"""The admin site, which only shows: every change goes through a service."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import AuditEvent, Customer, Invitation, Membership, User


class ReadOnly(admin.ModelAdmin):
    """Lists and shows rows, without their secrets; nobody adds, changes or deletes."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only the filters of the page; others would let a secret be guessed by letters."""
        filters = {str(name) for name in self.list_filter}
        return lookup.split("__")[0] in filters and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    """People, without password or session epoch."""

    list_display = ["name", "email", "is_active", "is_staff"]
    fields = [
        "sub", "email", "name", "language", "is_active", "is_staff", "groups", "last_login",
        "created_at",
    ]  # fmt: skip


@admin.register(Customer)
class CustomerAdmin(ReadOnly):
    """Customers."""

    list_display = ["name", "slug", "status"]
    list_filter = ["status"]


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    """Memberships."""

    list_display = ["work_name", "customer", "role", "suspended_at", "ended_at"]
    list_select_related = ["customer"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """Invitations, without the hash of their token."""

    list_display = ["address", "customer", "role", "expires_at", "accepted_at", "revoked_at"]
    list_select_related = ["customer"]
    exclude = ["token_hash"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """Audit events; the database refuses changes too."""

    list_display = ["at", "chain", "sequence", "kind", "actor_name"]
