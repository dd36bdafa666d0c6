"""`If-Match` on a resource: a program never overwrites what it has not read (RFC 9110, 13.1.1)."""

import hashlib
import json

from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from portals.api.resources import ResourceSerializer
from portals.models import Resource

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the resource as you read it. Where it has changed since, the call is"
    " refused with 412. `*` stands for whatever there is. Without it, the call is not refused.",
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201, 412],
    description="The resource's present version, for `If-Match`.",
)
STALE = OpenApiResponse(
    description="`changed`: it is no longer as you read it. Nothing changed; read it again."
)


class Stale(APIException):
    """412: the resource is no longer as the caller read it; `etag` is None where it is gone."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed"
    default_detail = gettext_lazy("The resource has changed since you read it. Read it again.")

    def __init__(self, etag: str | None) -> None:
        super().__init__()
        self.etag = etag


def etag_of(resource: Resource) -> str:
    """Return the version of a resource as its portal reads it, as a strong ETag."""
    text = json.dumps(ResourceSerializer(resource).data, sort_keys=True)
    return quote_etag(hashlib.sha256(text.encode()).hexdigest()[:32])


def require_match(request: Request, resource: Resource | None) -> None:
    """Raise Stale unless the resource is one of those that `If-Match` names; without it, pass.

    A weak ETag matches nothing. Raises ValidationError for a header without any ETag.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return
    etags = parse_etags(header)
    if not etags:
        raise ValidationError(
            {"If-Match": [_("Send the ETag exactly as received, with its quotation marks.")]}
        )
    etag = etag_of(resource) if resource is not None else None
    if etag is None or (etags != ["*"] and etag not in etags):
        raise Stale(etag)
