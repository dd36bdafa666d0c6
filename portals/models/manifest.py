"""Portals, their resource types and privileges, as their manifests declare them."""

from typing import Any
from urllib.parse import urlsplit

from allauth.idp.oidc.models import Client
from django.contrib.auth.models import Permission
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.languages import in_each_language, in_readers_language
from portals.choices import LEVEL_WORDS, RESOURCE, ROOT_TYPE, PortalKind


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
        return str(in_readers_language(self.labels))

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
    post_logout_redirect_uris = models.JSONField(default=list)
    backchannel_logout_uri = models.URLField(blank=True)
    pkce = models.BooleanField(
        default=True, help_text=_("Signing in needs a code challenge (PKCE, S256).")
    )
    ask_consent = models.BooleanField(
        default=False, help_text=_("People agree once before this portal gets their details.")
    )
    refresh_grace = models.PositiveSmallIntegerField(
        default=0, help_text=_("Seconds for which a replaced refresh token still works.")
    )
    auto_register = models.BooleanField(
        default=False,
        help_text=_("New members of a subscribed company get portal access automatically."),
    )
    explain = models.BooleanField(
        default=False, help_text=_("Each answer to a check includes its reason.")
    )
    uses_since = models.DateField(
        null=True, editable=False, help_text=_("First day with counted checks.")
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

    def name_of(self, resource: Any) -> str:
        """Return how a permission of this type names its `Resource`.

        A portal's root resource has the company's name, so the portal is named instead. A resource
        of another type stands for every resource of this type inside it.
        """
        words = {"portal": self.portal, "resource": resource, "type": self.label.lower()}
        is_root = resource.parent_id is None
        if resource.resource_type_id != self.pk:
            if is_root:
                return gettext("every %(type)s, future ones too") % words
            return gettext("every %(type)s in %(resource)s, future ones too") % words
        return gettext("%(portal)s portal") % words if is_root else str(resource)


class Privilege(Labelled):
    """An act on resources of one type; its key is a Django permission, for guardian."""

    permission = models.OneToOneField(Permission, primary_key=True, on_delete=models.CASCADE)
    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="privileges")
    resource_type = models.ForeignKey(
        ResourceType, on_delete=models.CASCADE, related_name="privileges"
    )
    code = models.CharField(max_length=100)
    codename = models.CharField(max_length=201, help_text=_("type.code, as portals use it."))
    phrase_en = models.CharField(max_length=100, blank=True, help_text="renew {resource}")
    phrase_fr = models.CharField(max_length=100, blank=True)
    held_by_super_user = models.BooleanField(default=False)
    held_by_owner = models.BooleanField(default=False)
    sensitive = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["resource_type", "position"]
        constraints = [
            models.UniqueConstraint(fields=["portal", "codename"], name="privilege_once"),
        ]

    @property
    def short_label(self) -> str:
        """One word where there is a plain one, such as View; else its label."""
        return str(LEVEL_WORDS.get(self.code) or self.label)

    def names_of(self, resource: Any) -> str | dict[str, str]:
        """Return how an event names a `Resource`, in each language where it needs words."""
        if resource.parent_id is not None and resource.resource_type_id == self.resource_type_id:
            return str(resource)
        return in_each_language(lambda: self.resource_type.name_of(resource))

    def phrase(self, resource: object) -> str:
        """Return what it lets somebody do with a resource, for after "can" and "asks to".

        A privilege on the whole portal names the portal, because its resource has the company's
        name.
        """
        if self.codename.startswith(f"{ROOT_TYPE}."):
            resource = gettext("the %(portal)s portal") % {"portal": self.portal.label}
        phrase: str = in_readers_language({"en": self.phrase_en, "fr": self.phrase_fr})
        if phrase:
            return phrase.replace(RESOURCE, str(resource))
        return gettext("use “%(privilege)s” on %(resource)s") % {
            "privilege": self.label,
            "resource": resource,
        }


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
