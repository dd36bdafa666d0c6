"""Presets: privileges that a customer gives together, under a name."""

import uuid

from django.db import models
from django.db.models import F
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from accounts.validators import validate_plain_text
from portals.models.manifest import Privilege


class Preset(models.Model):
    """A named set of privileges ("Bookkeeper"); applying it fills in a draft for review."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="presets")
    name = models.CharField(_("name"), max_length=100, validators=[validate_plain_text])

    class Meta:
        constraints = [
            models.UniqueConstraint(F("customer"), Lower("name"), name="preset_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class PresetLine(models.Model):
    """One privilege of a preset: on every resource of its type, or on those chosen when applied."""

    preset = models.ForeignKey(Preset, on_delete=models.CASCADE, related_name="lines")
    privilege = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="+")
    everywhere = models.BooleanField(
        default=False, help_text=_("On every resource of this type, future ones too.")
    )

    class Meta:
        ordering = ["privilege__portal__slug", "privilege__resource_type", "privilege__position"]
        constraints = [
            models.UniqueConstraint(fields=["preset", "privilege"], name="preset_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.preset}: {self.privilege}"
