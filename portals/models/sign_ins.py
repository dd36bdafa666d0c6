"""A person's sign-in to portals: sessions, authorization codes, their tokens, and consent.

allauth's models hold the OAuth clients and the tokens; these rows say what a token belongs to, so
that everything a sign-in opened can end together.
"""

import uuid
from datetime import timedelta

from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Customer
from portals.choices import SessionEnd

MOST_ATTEMPTS = 12  # of a logout notice; the last one after some 34 hours
GIVE_UP_AFTER = timedelta(days=2)  # since the end of the session


class PortalSession(models.Model):
    """A person's session in one portal, begun from one hub session; its key is the `sid`.

    While it is live, there is one for each hub session and portal. It is locked for every act on
    its codes and tokens, so that those that come together happen one after the other.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="portal_sessions"
    )
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="sessions")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    hub_session = models.CharField(max_length=32)
    auth_time = models.DateTimeField()
    amr = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, choices=SessionEnd, blank=True)

    class Meta:
        indexes = [models.Index(fields=["ended_at", "started_at"], name="portal_session_by_end")]
        constraints = [
            models.UniqueConstraint(
                fields=["hub_session", "client"],
                condition=Q(ended_at=None),
                name="one_portal_session_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="")
                | Q(ended_at__isnull=False) & ~Q(end_reason=""),
                name="portal_session_end_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.client_id}"


class AuthorizationCode(models.Model):
    """One authorization: its code is redeemed once, and all its tokens descend from it."""

    session = models.ForeignKey(PortalSession, on_delete=models.CASCADE, related_name="codes")
    hash = models.CharField(max_length=64, unique=True)
    redirect_uri = models.CharField(max_length=2000)
    scopes = models.JSONField(default=list)
    claims = models.JSONField(default=dict)  # names asked for: {"id_token": […], "userinfo": […]}
    nonce = models.CharField(max_length=1000, blank=True)
    code_challenge = models.CharField(max_length=43, blank=True)  # S256
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    redeemed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"code of {self.session_id}"


class SessionToken(models.Model):
    """A person's token: the authorization it descends from, and when a newer one replaced it."""

    token = models.OneToOneField(
        Token, primary_key=True, on_delete=models.CASCADE, related_name="of_session"
    )
    code = models.ForeignKey(AuthorizationCode, on_delete=models.CASCADE, related_name="tokens")
    rotated_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.token_id} of {self.code_id}"


class LogoutNotice(models.Model):
    """A portal's notice that a session ended (back-channel logout), until the portal has it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(
        PortalSession, on_delete=models.CASCADE, related_name="logout_notice"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)  # for another job
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(sent_at=None), name="logout_notice_waiting")
        ]

    def __str__(self) -> str:
        return f"end of {self.session_id}"


class PortalConsent(models.Model):
    """The scopes that a person has agreed to give a portal, where its manifest asks for consent."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    scopes = models.JSONField(default=list)
    given_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "client"], name="portal_consent_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} to {self.client_id}"
