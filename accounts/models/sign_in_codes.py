"""Codes that are emailed to sign in."""

import uuid

from django.db import models
from django.utils import timezone


class SignInCode(models.Model):
    """A code that was asked for in one browser, whose session holds `uuid`.

    It is deleted by its use, by the last wrong try, and once it is too old. The row says nothing of
    whether anybody has the address.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.EmailField()
    code_hash = models.CharField(max_length=64)  # under a key of the hub
    tries_left = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.uuid)
