"""The email about a person's own data."""

from django.urls import reverse

from accounts.emails import send_to
from accounts.models import User
from compliance.models import SealedFile


def send_export_made(*, file: SealedFile, person: User) -> None:
    """Tell a person that the file with their data is made. It links to the page, not the file."""
    send_to(
        person,
        "compliance/emails/export_made",
        notice_class="security",
        path=reverse("compliance:own-data"),
        asked_at=file.asked_at,
        expires_at=file.expires_at,
    )
