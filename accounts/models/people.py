"""People who sign in."""

import uuid
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.choices.erasures import ERASED_DOMAIN
from accounts.models.search import (
    SearchEntry,
    SearchKeyField,
    SearchWordsField,
    matching,
)
from accounts.timezones import zone_called
from accounts.triggers import search_entries
from accounts.validators import (
    NAME_LENGTH,
    address_as_stored,
    normalise_address,
    validate_name,
    validate_time_zone,
)


class UserQuerySet(models.QuerySet["User"]):
    """People, and their search."""

    def matching(self, text: str) -> "UserQuerySet":
        """Return those found by the words of a text, of name and address; all for no text."""
        return matching(self, text)


class UserManager(BaseUserManager["User"]):
    """Creates people; there is no superuser (see the constraint `no_superuser`)."""

    def get_queryset(self) -> UserQuerySet:
        """Return people with their search."""
        return UserQuerySet(self.model, using=self._db)

    def matching(self, text: str) -> UserQuerySet:
        """Return as UserQuerySet.matching."""
        return self.get_queryset().matching(text)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person. Raises ValidationError for a bad address."""
        user = self.model(email=normalise_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person with this address, as it is typed at the sign-in."""
        return self.get(email=address_as_stored(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person; the email address is the user ID, and `sub` is how portals know them."""

    sub = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=NAME_LENGTH, validators=[validate_name])
    language = models.CharField(
        _("language"), max_length=2, choices=Language, default=Language.ENGLISH
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, validators=[validate_time_zone]
    )
    search_shortcut = models.BooleanField(_("search shortcut"), default=True)
    is_active = models.BooleanField(default=True)
    # By the support desk, which can restore the account; None for one that is closed for good.
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Part of every session's hash: a new value ends all sessions, whatever store they are in.
    session_epoch = models.UUIDField(default=uuid.uuid4, editable=False)
    search_name = SearchKeyField(of="name", max_length=600)
    search_words = SearchWordsField(of=("name", "email"))

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            # Django says yes for a superuser before it asks any backend.
            models.CheckConstraint(condition=models.Q(is_superuser=False), name="no_superuser"),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="address_is_lower_case"
            ),
            models.CheckConstraint(
                condition=models.Q(suspended_at=None) | models.Q(is_active=False),
                name="suspended_account_is_not_active",
            ),
        ]
        indexes = [
            models.Index(fields=["search_name", "id"], name="person_by_name"),
        ]
        permissions = [
            ("use_desk", "May use the support desk"),
            ("use_provider", "May use the provider's pages"),
        ]

    def __str__(self) -> str:
        if self.email.endswith(f"@{ERASED_DOMAIN}"):
            return gettext("a former member")
        return self.name or self.email

    @property
    def zone(self) -> tzinfo:
        """The person's time zone; the provider's if none was chosen."""
        return zone_called(self.time_zone)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the search keys too where only some fields are saved, as allauth does."""
        fields = kwargs.get("update_fields")
        if fields is not None and not {"name", "email"}.isdisjoint(fields):
            kwargs["update_fields"] = {*fields, "search_name", "search_words"}
        super().save(*args, **kwargs)

    def get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Return the hash of a valid session, which changes with the password and the epoch."""
        return salted_hmac(
            "accounts.User.session",
            f"{self.password}:{self.session_epoch}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the hash under each former secret key."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self.get_session_auth_hash(secret)

    def get_full_name(self) -> str:
        """Return what Django's admin and emails show."""
        return str(self)


class UserSearchEntry(SearchEntry):
    """A word by which a person is found."""

    row = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, related_name="search_entries", db_index=False
    )

    class Meta:
        constraints = [*search_entries("accounts_user", entries="accounts_usersearchentry")]
        indexes = [
            models.Index(fields=["entry", "row"], name="person_by_word"),
            models.Index(fields=["row", "entry"], name="words_of_person"),
        ]
