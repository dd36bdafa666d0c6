"""/api/v1/resources: the shape of a resource, and the list; `reports` has the changes."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.validators import validate_plain_text
from portals.api.authentication import Caller, HasScope, PortalAuthentication
from portals.api.fields import StrictSerializer, TextField, printable_name
from portals.choices import ROOT_TYPE, Scope
from portals.models import Portal, Resource
from portals.services.resources import KEEP, Report

_QUERY_NAMES = {"after", "limit", "type", "customer"}


class ParentSerializer(StrictSerializer):
    """The parent of a resource."""

    type = TextField(help_text="The parent's resource type.")
    id = TextField(help_text="The parent's own id in your portal.")


class OwnerSerializer(StrictSerializer):
    """The person whose resource it is: an active member of the customer."""

    id = TextField(help_text="The person's sub, or a verified email address of theirs.")


_OWNER_HELP = "Null where it is shared; left out, the owner stays as it is."


class PutSerializer(StrictSerializer):
    """One resource; type and id are in the address."""

    customer = TextField(help_text="The customer's short name.")
    name = TextField(help_text="What people call it.")
    parent = ParentSerializer(
        allow_null=True, default=None, help_text="Null directly below the subscription."
    )
    owner = OwnerSerializer(allow_null=True, required=False, help_text=_OWNER_HELP)


class ReportSerializer(StrictSerializer):
    """One resource in a synchronisation."""

    id = TextField(help_text="Your own id of it; unique within the type.")
    name = TextField(help_text="What people call it.")
    parent = ParentSerializer(allow_null=True, default=None)
    owner = OwnerSerializer(allow_null=True, required=False, help_text=_OWNER_HELP)


class ResourceSerializer(serializers.Serializer[Resource]):
    """One resource as the hub knows it."""

    type = serializers.CharField(source="resource_type.code")
    id = serializers.CharField(source="external_id")
    name = serializers.CharField()
    customer = serializers.CharField(source="subscription.customer.slug")
    parent = serializers.SerializerMethodField(method_name="parent_of")  # type: ignore[assignment]
    owner = serializers.SerializerMethodField(method_name="owner_of")

    @extend_schema_field(ParentSerializer(allow_null=True))
    def parent_of(self, resource: Resource) -> dict[str, str] | None:
        """Return the parent's type and id; null directly below the subscription."""
        parent = resource.parent
        if parent is None or parent.resource_type.code == ROOT_TYPE:
            return None
        return {"type": parent.resource_type.code, "id": parent.external_id}

    @extend_schema_field(OwnerSerializer(allow_null=True))
    def owner_of(self, resource: Resource) -> dict[str, str] | None:
        """Return the owner's sub; null where the resource is shared."""
        return {"id": str(resource.owner.user.sub)} if resource.owner else None


class PortalView(GenericAPIView[Resource]):
    """Base of these views: the caller is a portal and sees its own resources only."""

    authentication_classes = [PortalAuthentication]
    permission_classes = [HasScope]
    scope = Scope.RESOURCES_WRITE
    serializer_class = ResourceSerializer

    def get_queryset(self) -> QuerySet[Resource]:
        """Return the portal's own resources."""
        return (
            Resource.objects.filter(resource_type__portal=self.portal)
            .exclude(resource_type__code=ROOT_TYPE)
            .select_related(
                "resource_type", "subscription__customer", "parent__resource_type", "owner__user"
            )
        )

    @property
    def portal(self) -> Portal:
        """The portal that calls."""
        caller = self.request.auth
        assert isinstance(caller, Caller)  # noqa: S101  HasScope requires it
        return caller.portal

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        """Forbid caching of a portal's resources."""
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def read(self, serializer_class: type[StrictSerializer]) -> dict[str, Any]:
        """Return the validated body."""
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values


def report_of(external_id: str, values: dict[str, Any]) -> Report:
    """Return the report in a validated body or row."""
    parent, owner = values["parent"], values.get("owner", {"id": KEEP})
    return Report(
        external_id,
        values["name"],
        parent and (parent["type"], parent["id"]),
        owner and owner["id"],
    )


class ResourceList(PortalView):
    """GET: the resources this portal has reported, page by page."""

    @extend_schema(
        operation_id="list_resources",
        summary="List what you have reported",
        parameters=[
            OpenApiParameter("type", str, description="Only of this type."),
            OpenApiParameter("customer", str, description="Only of this customer."),
        ],
        responses=ResourceSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return a page of the portal's own resources."""
        for name in request.query_params.keys() - _QUERY_NAMES:
            raise ValidationError({printable_name(name): [_("Unknown parameter.")]})
        rows = self.get_queryset()
        for name, lookup in (
            ("type", "resource_type__code"),
            ("customer", "subscription__customer__slug"),
        ):
            if name in request.query_params:
                text = request.query_params[name]
                refuse_control_characters(name, text)
                rows = rows.filter(**{lookup: text})
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([ResourceSerializer(row).data for row in page])


def refuse_control_characters(name: str, text: str) -> None:
    """Raise ValidationError naming the part of the address that has a control character."""
    try:
        validate_plain_text(text)
    except DjangoValidationError as error:
        raise ValidationError({name: error.messages}) from error
