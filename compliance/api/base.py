"""The base of these views: the caller is a portal, by its token."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from portals.api.authentication import Caller, HasScope, PortalAuthentication
from portals.api.fields import StrictSerializer
from portals.choices import Scope
from portals.models import Portal

# Refusals that say how things stand rather than what is wrong with the call.
CONFLICTS = ("late", "no_work", "taken")


class Conflict(APIException):
    """409: somebody else has the work, or it is done, or there is none."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class TooLarge(APIException):
    """413: a part is larger than the hub accepts."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The body is too large.")
    default_code = "too_large"


class BytesParser(BaseParser):
    """The body as it is."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the bytes. Raises TooLarge."""
        try:
            content: bytes = (parser_context or {})["request"]._request.body
        except RequestDataTooBig as error:
            raise TooLarge from error
        return content


class PortalView(GenericAPIView[Any]):
    """A view that only a portal with the scope may call; it says what holds at this moment."""

    authentication_classes = [PortalAuthentication]
    permission_classes = [HasScope]
    scope: Scope

    @property
    def portal(self) -> Portal:
        """The portal that calls."""
        caller = self.request.auth
        assert isinstance(caller, Caller)  # noqa: S101  HasScope requires it
        return caller.portal

    def read(self, serializer_class: type[StrictSerializer]) -> dict[str, Any]:
        """Return the validated body."""
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values

    def handle_exception(self, exc: Exception) -> Response:
        """Answer 409 where a service refuses for how things stand."""
        if isinstance(exc, DjangoValidationError) and getattr(exc, "code", None) in CONFLICTS:
            exc = Conflict(exc.messages[0], code=exc.code)
        return super().handle_exception(exc)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        """Forbid caching."""
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response
