"""Portals, their resource types and privileges, as their manifests declare them."""

from urllib.parse import urlsplit

from allauth.idp.oidc.models import Client
from django.contrib.auth.models import Permission
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portals.choices import ROOT_TYPE, PortalKind


class Labelled(models.Model):
    """A label in both languages."""

    label_en = models.CharField(max_length=100)
    label_fr = models.CharField(max_length=100)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The label in the reader's language."""
        return self.label_fr if (get_language() or "").startswith("fr") else self.label_en

    @property
    def labels(self) -> dict[str, str]:
        """The label in every language, as audit events keep it."""
        return {"en": self.label_en, "fr": self.label_fr}


class Portal(Labelled):
    """An application behind the hub."""

    slug = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=PortalKind)
    home_url = models.URLField(_("home page"))
    redirect_uris = models.JSONField(default=list)
    auto_register = models.BooleanField(
        default=False, help_text=_("New people of a subscribed customer may open it at once.")
    )
    explain = models.BooleanField(
        default=False, help_text=_("Each answer to a check carries its reason.")
    )
    uses_since = models.DateField(
        null=True, editable=False, help_text=_("The first day whose allowed checks were counted.")
    )
    client = models.OneToOneField(
        Client, null=True, blank=True, on_delete=models.SET_NULL, related_name="portal"
    )

    class Meta:
        ordering = ["slug"]

    @property
    def host(self) -> str:
        """The host name of its home page."""
        return urlsplit(self.home_url).hostname or ""


class ResourceType(Labelled):
    """A type of resource of a portal; its parent type is in the same portal."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="resource_types")
    code = models.CharField(max_length=100)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )

    class Meta:
        ordering = ["portal", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["portal", "code"], name="resource_type_once"),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=False) | models.Q(code=ROOT_TYPE),
                name="only_the_root_type_has_no_parent",
            ),
        ]


class Privilege(Labelled):
    """An act on resources of one type; its key is a Django permission, for guardian."""

    permission = models.OneToOneField(Permission, primary_key=True, on_delete=models.CASCADE)
    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="privileges")
    resource_type = models.ForeignKey(
        ResourceType, on_delete=models.CASCADE, related_name="privileges"
    )
    code = models.CharField(max_length=100)
    codename = models.CharField(max_length=201, help_text=_("type.code, as portals ask for it."))
    held_by_super_user = models.BooleanField(default=False)
    held_by_owner = models.BooleanField(default=False)
    sensitive = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["resource_type", "position"]
        constraints = [
            models.UniqueConstraint(fields=["portal", "codename"], name="privilege_once"),
        ]


class PrivilegeInclusion(models.Model):
    """One pair of the transitive closure of `includes`; each privilege includes itself."""

    privilege = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="inclusions")
    included = models.ForeignKey(Privilege, on_delete=models.CASCADE, related_name="included_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["included", "privilege"], name="inclusion_once"),
        ]

    def __str__(self) -> str:
        return f"{self.privilege_id} ⊇ {self.included_id}"
