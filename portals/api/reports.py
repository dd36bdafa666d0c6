"""PUT, PATCH, DELETE and the synchronisation of /api/v1/resources: a portal reports what exists."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from portals.api.fields import StrictBooleanField, StrictCountField, StrictSerializer, TextField
from portals.api.preconditions import ETAG, IF_MATCH, STALE, Stale, etag_of, require_match
from portals.api.resources import (
    PortalView,
    PutSerializer,
    ReportSerializer,
    ResourceSerializer,
    refuse_control_characters,
    report_of,
)
from portals.choices import ROOT_TYPE
from portals.models import Resource
from portals.services.resources import (
    LIMIT,
    Removal,
    RemovalUnconfirmed,
    delete_resource,
    lock_portal,
    put_resource,
    rename_resource,
    sync_resources,
)


class PatchSerializer(StrictSerializer):
    """Another id, another name, or both; access stays."""

    id = TextField(required=False, help_text="The new id, in your portal from now on.")
    name = TextField(required=False, help_text="What people call it from now on.")


class ConfirmSerializer(StrictSerializer):
    """The losses of a report, as the refusal named them."""

    resources = StrictCountField(help_text="Resources that go, with everything below them.")
    grants = StrictCountField(help_text="Grants that end with them.")


class SyncSerializer(StrictSerializer):
    """All or some of a customer's resources of one type."""

    customer = TextField(help_text="The customer's short name.")
    type = TextField(help_text="A resource type of your manifest.")
    resources = serializers.ListField(child=ReportSerializer(), max_length=LIMIT)
    replace = StrictBooleanField(
        default=False, help_text="Remove what the customer has of this type and is not listed."
    )
    confirm = ConfirmSerializer(
        allow_null=True,
        default=None,
        help_text="The counts of a 409, repeated, where so much is really gone.",
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    """The numbers of a synchronisation."""

    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    removed = serializers.IntegerField(
        help_text="With everything below them. They come back with their access if you report them"
        " again within seven days."
    )
    unchanged = serializers.IntegerField()
    returned = serializers.IntegerField(
        help_text="Removed less than seven days ago, and back with their access."
    )
    moved = serializers.IntegerField(
        help_text="Resources of other customers, with everything below them, that ended because"
        " their ids were reported for this one."
    )
    grants_ended = serializers.IntegerField(help_text="With what was removed or moved.")


class UnconfirmedSerializer(serializers.Serializer[Any]):
    """The `error` of a report that takes away much."""

    code = serializers.CharField(default="removal_unconfirmed")
    message = serializers.CharField()
    confirm = ConfirmSerializer(help_text="Send the report again with this as `confirm`.")


class RefusedRemovalSerializer(serializers.Serializer[Any]):
    """The answer to a report that takes away much: nothing changed."""

    error = UnconfirmedSerializer()


class MovedSerializer(serializers.Serializer[Any]):
    """The access that ended in the customer to which a resource belonged before."""

    resources = serializers.IntegerField(help_text="The resource and everything below it.")
    grants_ended = serializers.IntegerField()


class PutAnswerSerializer(ResourceSerializer):
    """A reported resource as the hub knows it."""

    moved = MovedSerializer(
        required=False, help_text="Only where the id belonged to another customer."
    )


class ResourceSync(PortalView):
    """POST: report many resources of one type and customer."""

    @extend_schema(
        operation_id="sync_resources",
        summary="Report many resources, all or nothing",
        request=SyncSerializer,
        responses={
            200: OutcomeSerializer,
            409: OpenApiResponse(
                RefusedRemovalSerializer,
                description="It takes away from one customer all resources of a type, or, where a"
                " grant ends, more than 10 % of a type, here or below. Nothing changed; `confirm`"
                " has the counts to repeat.",
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Add or update resources; with `replace`, also remove those not listed."""
        values = self.read(SyncSerializer)
        confirm = values["confirm"]
        try:
            outcome = sync_resources(
                actor=self.portal,
                customer=values["customer"],
                type_code=values["type"],
                reports=[report_of(row["id"], row) for row in values["resources"]],
                replace=values["replace"],
                confirm=None if confirm is None else Removal(**confirm),
            )
        except RemovalUnconfirmed as refusal:
            error = {
                "code": "removal_unconfirmed",
                "message": refusal.message,
                "confirm": refusal.removal._asdict(),
            }
            return Response({"error": error}, status=status.HTTP_409_CONFLICT)
        return Response(outcome._asdict())


class ResourceDetail(PortalView):
    """GET, PUT, PATCH, DELETE: one resource by its type and the portal's own id.

    A change locks the portal before it compares `If-Match`, so that no other change comes between.
    """

    def resources(self) -> QuerySet[Resource]:
        """Return the resource in the address, or none."""
        refuse_control_characters("type", self.kwargs["type_code"])
        refuse_control_characters("id", self.kwargs["external_id"])
        return self.get_queryset().filter(
            resource_type__code=self.kwargs["type_code"],
            external_id=self.kwargs["external_id"],
        )

    def get_object(self) -> Resource:
        """Return the resource in the address. Raises Http404."""
        return get_object_or_404(self.resources())

    def handle_exception(self, exc: Exception) -> Response:
        """Tell the present version with a refusal for a former one."""
        response = super().handle_exception(exc)
        if isinstance(exc, Stale) and exc.etag is not None:
            response["ETag"] = exc.etag
        return response

    @extend_schema(
        operation_id="get_resource",
        summary="See one resource",
        parameters=[ETAG],
        responses=ResourceSerializer,
    )
    def get(self, request: Request, type_code: str, external_id: str) -> Response:
        """Return the resource as the hub knows it."""
        resource = self.get_object()
        return Response(ResourceSerializer(resource).data, headers={"ETag": etag_of(resource)})

    @extend_schema(
        operation_id="put_resource",
        summary="Report one resource",
        request=PutSerializer,
        parameters=[IF_MATCH, ETAG],
        responses={
            200: PutAnswerSerializer,
            201: OpenApiResponse(PutAnswerSerializer, description="It is new, or it is back."),
            412: STALE,
        },
    )
    @transaction.atomic
    def put(self, request: Request, type_code: str, external_id: str) -> Response:
        """Add or update the resource."""
        refuse_control_characters("type", type_code)
        types = self.portal.resource_types.exclude(code=ROOT_TYPE)
        get_object_or_404(types, code=type_code)
        values = self.read(PutSerializer)
        lock_portal(self.portal)
        require_match(request, self.resources().first())
        outcome = put_resource(
            actor=self.portal,
            customer=values["customer"],
            type_code=type_code,
            report=report_of(external_id, values),
        )
        is_new = outcome.added or outcome.returned
        resource = self.get_object()
        answer = dict(ResourceSerializer(resource).data)
        if outcome.moved:
            answer["moved"] = {"resources": outcome.moved, "grants_ended": outcome.grants_ended}
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(answer, status=code, headers={"ETag": etag_of(resource)})

    @extend_schema(
        operation_id="rename_resource",
        summary="Give one resource another id or name; its access stays",
        request=PatchSerializer,
        parameters=[IF_MATCH, ETAG],
        responses={200: ResourceSerializer, 412: STALE},
    )
    @transaction.atomic
    def patch(self, request: Request, type_code: str, external_id: str) -> Response:
        """Rename the resource."""
        lock_portal(self.portal)
        resource = self.get_object()
        values = self.read(PatchSerializer)
        require_match(request, resource)
        renamed = rename_resource(
            actor=self.portal,
            resource=resource,
            external_id=values.get("id"),
            name=values.get("name"),
        )
        resource = get_object_or_404(self.get_queryset(), pk=renamed.pk)
        return Response(ResourceSerializer(resource).data, headers={"ETag": etag_of(resource)})

    @extend_schema(
        operation_id="delete_resource",
        summary="Remove one resource with everything below it",
        description="Access to it ends at once. It comes back with its access if you report the"
        " same id for the same customer within seven days.",
        parameters=[IF_MATCH],
        responses={204: None, 412: STALE},
    )
    @transaction.atomic
    def delete(self, request: Request, type_code: str, external_id: str) -> Response:
        """Remove the resource."""
        lock_portal(self.portal)
        resource = self.get_object()
        require_match(request, resource)
        delete_resource(actor=self.portal, resource=resource)
        return Response(status=status.HTTP_204_NO_CONTENT)
