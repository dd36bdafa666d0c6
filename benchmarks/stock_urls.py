"""The view and URL of *stock*."""

from typing import Any

from allauth.idp.oidc.contrib.rest_framework.authentication import TokenAuthentication
from allauth.idp.oidc.contrib.rest_framework.permissions import TokenPermission
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from portals.models import Resource


class Evaluation(APIView):
    """Check whether a person may do something to a resource, by guardian's backend."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [TokenPermission.has_scope("access:check")]

    def post(self, request: Request) -> Response:
        """Answer one check."""
        check: Any = request.data
        kind = check["resource"]["type"]
        portal = request.auth.client.portal
        user = User.objects.filter(sub=check["subject"]["id"]).first()
        resource = Resource.objects.filter(
            resource_type__portal=portal,
            resource_type__code=kind,
            external_id=check["resource"]["id"],
        ).first()
        name = f"portals.{portal.slug}.{kind}.{check['action']['name']}"
        decision = bool(user and resource and user.has_perm(name, resource))
        return Response({"decision": decision})


urlpatterns = [path("access/v1/evaluation", Evaluation.as_view())]
