"""/api/v1/log-requests: a portal pulls paid work and sends the result (L44)."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.base import BytesParser, PortalView
from compliance.models import LogRequest
from compliance.models.log_requests import WORKER_LENGTH
from compliance.models.representatives import TEXT_LENGTH
from compliance.selectors.log_requests import MOST_RESOURCES, kept_logs, work_for
from compliance.services import tabulation
from portals.api.fields import StrictCountField, StrictSerializer, TextField, printable_name
from portals.choices import Scope

REFUSED = OpenApiResponse(
    description="`taken`: another worker has it. `late`: your lease is over, claim it again."
    " `no_work`: it is not paid, or done, or no request of yours."
)
LEASE = OpenApiParameter(
    "lease", OpenApiTypes.UUID, required=True, description="The `lease` of your claim."
)


class SpanSerializer(serializers.Serializer[Any]):
    """A resource, and the time for which its logs are wanted: from `from` on, before `until`."""

    type = serializers.CharField(source="tenure.type_code")
    id = serializers.CharField(source="tenure.external_id")

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add the two fields of which one has a word of Python as its name."""
        return {
            **super().get_fields(),
            "from": serializers.DateTimeField(source="starts_at"),
            "until": serializers.DateTimeField(source="ends_at"),
        }


class WorkSerializer(serializers.Serializer[LogRequest]):
    """One request for logs; a resource is listed once for each time the company had it."""

    id = serializers.UUIDField(source="uuid")
    customer = serializers.CharField(source="customer.slug")
    resources = SpanSerializer(many=True)


class ClaimedSerializer(WorkSerializer):
    """Work that is yours until the lease ends."""

    lease = serializers.UUIDField()
    lease_until = serializers.DateTimeField()


class ClaimSerializer(StrictSerializer):
    """The worker that asks."""

    worker = TextField(
        max_length=WORKER_LENGTH, help_text="Its name: the same one gets the same answer again."
    )


class CountSerializer(StrictSerializer):
    """The lines of one resource."""

    type = TextField(help_text="Its resource type.")
    id = TextField(help_text="Your own id of it.")
    lines = StrictCountField(help_text="Lines of it in the file.")


class ResultSerializer(StrictSerializer):
    """The totals of the uploaded parts."""

    lease = serializers.UUIDField(help_text="The `lease` of your claim.")
    sha256 = serializers.RegexField(
        r"^[0-9a-fA-F]{64}$", help_text="The SHA-256 of all parts in their order, in hexadecimal."
    )
    resources = serializers.ListField(
        child=CountSerializer(),
        max_length=MOST_RESOURCES,
        help_text="Each resource of the request once, with its lines; 0 for none.",
    )


class FailureSerializer(StrictSerializer):
    """Why it can't be done."""

    lease = serializers.UUIDField(help_text="The `lease` of your claim.")
    reason = TextField(max_length=TEXT_LENGTH, help_text="For the provider's staff.")


class StateSerializer(serializers.Serializer[LogRequest]):
    """The state of a request."""

    id = serializers.UUIDField(source="uuid")
    state = serializers.CharField()


class _LogView(PortalView):
    scope = Scope.LOGS_TABULATE
    serializer_class = WorkSerializer

    def get_queryset(self) -> QuerySet[LogRequest]:
        """Return the portal's own requests."""
        return LogRequest.objects.filter(portal=self.portal)

    def log_request(self, number: UUID) -> LogRequest:
        """Return a request of the portal. Raises Http404."""
        return get_object_or_404(self.get_queryset(), uuid=number)


class LogRequestList(_LogView):
    """GET: the paid work that waits for the portal, page by page."""

    @extend_schema(
        operation_id="list_log_requests",
        summary="List the log requests that wait for you",
        description="Only paid ones, or those whose fee is waived, that no worker has now.",
        parameters=[OpenApiParameter("state", str, enum=["paid"], description="Always `paid`.")],
        responses=WorkSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return a page of the work."""
        for name in request.query_params.keys() - {"after", "limit", "state"}:
            raise ValidationError({printable_name(name): [_("Unknown parameter.")]})
        if request.query_params.get("state", "paid") != "paid":
            raise ValidationError({"state": [_("Only paid requests are listed.")]})
        page: Any = self.paginate_queryset(work_for(self.portal)) or []
        return self.get_paginated_response(WorkSerializer(page, many=True).data)


class LogRequestClaim(_LogView):
    """POST: take the work for an hour."""

    @extend_schema(
        operation_id="claim_log_request",
        summary="Take a log request for an hour",
        request=ClaimSerializer,
        responses={200: ClaimedSerializer, 409: REFUSED},
    )
    def post(self, request: Request, log_request: UUID) -> Response:
        """Return the work with its lease."""
        values = self.read(ClaimSerializer)
        claimed = tabulation.claim_log_request(
            actor=self.portal, request=self.log_request(log_request), worker=values["worker"]
        )
        return Response(ClaimedSerializer(claimed).data)


class LogRequestPart(_LogView):
    """PUT: one part of the file."""

    parser_classes = [BytesParser]

    @extend_schema(
        operation_id="put_log_part",
        summary="Send a part of the file",
        description="Number the parts from 0. Each has up to 4 MiB. A part sent again replaces the"
        " former one.",
        parameters=[LEASE],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={204: None, 409: REFUSED},
    )
    def put(self, request: Request, log_request: UUID, number: int) -> Response:
        """Keep the part."""
        content: Any = request.data
        tabulation.store_part(
            actor=self.portal,
            request=self.log_request(log_request),
            lease=_lease(request),
            number=number,
            content=content,
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


def _lease(request: Request) -> UUID:
    try:
        return UUID(request.query_params.get("lease", ""))
    except ValueError as error:
        raise ValidationError({"lease": [_("Name the lease of your claim.")]}) from error


class LogRequestResult(_LogView):
    """PUT: the parts are the file."""

    @extend_schema(
        operation_id="put_log_result",
        summary="Finish a log request",
        description="The file is taken whole, or refused whole: where the parts have another hash"
        " or number of lines, or a resource is missing or none of the request's.",
        request=ResultSerializer,
        responses={200: StateSerializer, 409: REFUSED},
    )
    def put(self, request: Request, log_request: UUID) -> Response:
        """Take the file."""
        values = self.read(ResultSerializer)
        lines = {(row["type"], row["id"]): row["lines"] for row in values["resources"]}
        if len(lines) < len(values["resources"]):
            raise ValidationError({"resources": [_("A resource is named twice.")]})
        finished = tabulation.finish_log_request(
            actor=self.portal,
            request=self.log_request(log_request),
            lease=values["lease"],
            sha256=values["sha256"],
            lines=lines,
        )
        return Response(StateSerializer(finished).data)


class LogRequestFailure(_LogView):
    """POST: it can't be done."""

    @extend_schema(
        operation_id="fail_log_request",
        summary="Give a log request back: it can't be done",
        request=FailureSerializer,
        responses={200: StateSerializer, 409: REFUSED},
    )
    def post(self, request: Request, log_request: UUID) -> Response:
        """Note the failure for staff."""
        values = self.read(FailureSerializer)
        failed = tabulation.fail_log_request(
            actor=self.portal, request=self.log_request(log_request), **values
        )
        return Response(StateSerializer(failed).data)


class KeptLogs(PortalView):
    """GET: the logs that the portal keeps from rotation."""

    scope = Scope.LOGS_TABULATE
    serializer_class = SpanSerializer

    @extend_schema(
        operation_id="list_kept_logs",
        summary="List the logs to keep from rotation",
        description="Of the requests that the provider approved and that are not released yet.",
        responses=SpanSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return a page of resources with their times."""
        for name in request.query_params.keys() - {"after", "limit"}:
            raise ValidationError({printable_name(name): [_("Unknown parameter.")]})
        page = self.paginate_queryset(kept_logs(self.portal)) or []
        return self.get_paginated_response(SpanSerializer(page, many=True).data)
