"""/api/v1/authorisations: what companies allow the provider to do, at this moment (L47)."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.validators import validate_plain_text
from compliance.api.base import PortalView
from compliance.choices.authorisations import ManagedAct
from compliance.models import Authorisation
from compliance.selectors.authorisations import live_for_portal
from compliance.services.authorisations import ends_at
from portals.api.fields import printable_name
from portals.choices import Scope

FILTERS = {
    "customer": "customer__slug",
    "platform": "platform__iexact",
    "profile": "profile__iexact",
}


class AuthorisationSerializer(serializers.Serializer[Authorisation]):
    """One authorisation that holds now. No entry is a no."""

    id = serializers.UUIDField(source="uuid")
    customer = serializers.CharField(source="customer.slug")
    platform = serializers.CharField()
    profile = serializers.CharField()
    may = serializers.ListField(child=serializers.ChoiceField(choices=ManagedAct.choices))
    until = serializers.SerializerMethodField(method_name="end_of")
    sha256 = serializers.CharField(help_text="The hash of its terms.")

    def end_of(self, authorisation: Authorisation) -> str:
        """Return when it ends, as it stands now."""
        return ends_at(authorisation).isoformat()


class AuthorisationList(PortalView):
    """GET: what holds now, of the companies that use the portal."""

    scope = Scope.AUTHORISATIONS_READ
    serializer_class = AuthorisationSerializer

    @extend_schema(
        operation_id="list_authorisations",
        summary="List what companies authorise now",
        description="Ask before each act: an authorisation can end at any moment.",
        parameters=[
            OpenApiParameter(name, str, description=f"Only of this {name}.") for name in FILTERS
        ],
        responses=AuthorisationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return a page of live authorisations."""
        for name in request.query_params.keys() - {"after", "limit", *FILTERS}:
            raise ValidationError({printable_name(name): [_("Unknown parameter.")]})
        rows = live_for_portal(self.portal)
        for name, lookup in FILTERS.items():
            if name in request.query_params:
                validate_plain_text(request.query_params[name])
                rows = rows.filter(**{lookup: request.query_params[name]})
        page: Any = self.paginate_queryset(rows) or []
        return self.get_paginated_response(AuthorisationSerializer(page, many=True).data)
