"""The keys with which the hub signs, as they are rotated."""

from django.db import models
from django.utils import timezone

from accounts.encryption import cipher

_PURPOSE = "signing key"


class SigningKey(models.Model):
    """A key pair. Its private half is encrypted under the hub's secret key."""

    kid = models.CharField(max_length=43, unique=True)
    sealed_pem = models.TextField()
    issued_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["issued_at", "pk"]

    def __str__(self) -> str:
        return self.kid

    @property
    def pem(self) -> str:
        """The private key. Raises InvalidToken where the secret key is another one by now."""
        return cipher(_PURPOSE).decrypt(self.sealed_pem.encode()).decode()

    def seal(self, pem: str) -> None:
        """Keep a private key, encrypted."""
        self.sealed_pem = cipher(_PURPOSE).encrypt(pem.encode()).decode()
