"""/api/v1/resources: a portal reports its resources."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.validators import validate_plain_text
from portals.api.authentication import Caller, HasScope, PortalAuthentication
from portals.api.fields import StrictBooleanField, StrictSerializer, TextField, printable_name
from portals.choices import ROOT_TYPE, Scope
from portals.models import Portal, Resource
from portals.services.resources import (
    KEEP,
    LIMIT,
    Report,
    delete_resource,
    put_resource,
    sync_resources,
)

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


class SyncSerializer(StrictSerializer):
    """All or some of a customer's resources of one type."""

    customer = TextField(help_text="The customer's short name.")
    type = TextField(help_text="A resource type of your manifest.")
    resources = serializers.ListField(child=ReportSerializer(), max_length=LIMIT)
    replace = StrictBooleanField(
        default=False, help_text="Delete what the customer has of this type and is not listed."
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    """The numbers of a synchronisation."""

    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    removed = serializers.IntegerField(help_text="With everything below them.")
    unchanged = serializers.IntegerField()


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


def _report(external_id: str, values: dict[str, Any]) -> Report:
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
            raise ValidationError({printable_name(name): [_("This parameter is not known here.")]})
        rows = self.get_queryset()
        for name, lookup in (
            ("type", "resource_type__code"),
            ("customer", "subscription__customer__slug"),
        ):
            if name in request.query_params:
                text = request.query_params[name]
                _refuse_control_characters(name, text)
                rows = rows.filter(**{lookup: text})
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([ResourceSerializer(row).data for row in page])


def _refuse_control_characters(name: str, text: str) -> None:
    try:
        validate_plain_text(text)
    except DjangoValidationError as error:
        raise ValidationError({name: error.messages}) from error


class ResourceSync(PortalView):
    """POST: report many resources of one type and customer."""

    @extend_schema(
        operation_id="sync_resources",
        summary="Report many resources, all or nothing",
        request=SyncSerializer,
        responses=OutcomeSerializer,
    )
    def post(self, request: Request) -> Response:
        """Add or update resources; with `replace`, also remove those not listed."""
        values = self.read(SyncSerializer)
        outcome = sync_resources(
            actor=self.portal,
            customer=values["customer"],
            type_code=values["type"],
            reports=[_report(row["id"], row) for row in values["resources"]],
            replace=values["replace"],
        )
        return Response(outcome._asdict())


class ResourceDetail(PortalView):
    """GET, PUT, DELETE: one resource by its type and the portal's own id."""

    def get_object(self) -> Resource:
        """Return the resource in the address. Raises Http404."""
        _refuse_control_characters("type", self.kwargs["type_code"])
        _refuse_control_characters("id", self.kwargs["external_id"])
        resources = self.get_queryset().filter(
            resource_type__code=self.kwargs["type_code"],
            external_id=self.kwargs["external_id"],
        )
        return get_object_or_404(resources)

    @extend_schema(
        operation_id="get_resource", summary="See one resource", responses=ResourceSerializer
    )
    def get(self, request: Request, type_code: str, external_id: str) -> Response:
        """Return the resource as the hub knows it."""
        return Response(ResourceSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="put_resource",
        summary="Report one resource",
        request=PutSerializer,
        responses={
            200: ResourceSerializer,
            201: OpenApiResponse(ResourceSerializer, description="It is new."),
        },
    )
    def put(self, request: Request, type_code: str, external_id: str) -> Response:
        """Add or update the resource."""
        _refuse_control_characters("type", type_code)
        types = self.portal.resource_types.exclude(code=ROOT_TYPE)
        get_object_or_404(types, code=type_code)
        values = self.read(PutSerializer)
        outcome = put_resource(
            actor=self.portal,
            customer=values["customer"],
            type_code=type_code,
            report=_report(external_id, values),
        )
        code = status.HTTP_201_CREATED if outcome.added else status.HTTP_200_OK
        return Response(ResourceSerializer(self.get_object()).data, status=code)

    @extend_schema(
        operation_id="delete_resource",
        summary="Delete one resource, its grants and everything below it",
        responses={204: None},
    )
    def delete(self, request: Request, type_code: str, external_id: str) -> Response:
        """Delete the resource."""
        delete_resource(actor=self.portal, resource=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
