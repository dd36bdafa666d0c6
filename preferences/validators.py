"""Validators of this app's fields."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

RESERVED_SLUGS = ("new", "import", "digest")  # pages of staff, and the List-Id of digests


def validate_topic_slug(slug: str) -> None:
    """Refuse a short name that the hub needs. Raises ValidationError."""
    if slug in RESERVED_SLUGS:
        raise ValidationError(_("“%(word)s” is taken by a page of the hub."), params={"word": slug})
