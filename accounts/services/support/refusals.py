"""The refusal of the support desk."""

from django.core.exceptions import ValidationError


class SupportRefused(ValidationError):
    """The act is not possible; the message says why."""
