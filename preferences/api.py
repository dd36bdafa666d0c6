"""A person's choices for programs: the twin of the preference page."""

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.http import PersonApiRequest, network_address
from preferences.choices import ConsentSource, Reason
from preferences.models import NoticeClass
from preferences.selectors import MandatoryMail, TopicRow, find_topic, preference_centre
from preferences.services.choices import TopicRefused, choose_topics, stop_all_optional


class Mandatory(APIException):
    """409: what was named is a notice class, and no choice exists for one (R40)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "mandatory"


class StrictBooleanField(serializers.BooleanField):
    """`true` or `false`, nothing that merely looks like one."""

    def to_internal_value(self, data: Any) -> bool:
        """Refuse strings and numbers."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Name each unknown field."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(
                {name: [_("This field does not exist.")] for name in sorted(unknown)}
            )
        return attrs


class ChoiceSerializer(serializers.Serializer[Any]):
    """One topic as a person sees it."""

    topic = serializers.SlugField(source="topic.slug")
    name = serializers.CharField(source="topic.name")
    purpose = serializers.CharField(source="topic.purpose")
    cadence = serializers.CharField(source="topic.cadence")
    wants = serializers.BooleanField()
    chosen_at = serializers.DateTimeField(source="chosen.at", default=None, allow_null=True)


class NoticeClassSerializer(serializers.Serializer[Any]):
    """One class of mandatory mail and why it is."""

    code = serializers.CharField()
    name = serializers.CharField(source="*")
    reason = serializers.CharField()
    legal_basis = serializers.CharField()


class CentreSerializer(serializers.Serializer[Any]):
    """Everything optional with its choice, and everything mandatory with its reason."""

    topics = ChoiceSerializer(many=True)
    mandatory = NoticeClassSerializer(many=True)


class WishSerializer(StrictSerializer):
    """Yes or no."""

    wants = StrictBooleanField()


class StoppedSerializer(serializers.Serializer[Any]):
    """What was on and stopped, and what stays."""

    stopped = serializers.ListField(child=serializers.SlugField())
    stays = NoticeClassSerializer(many=True)


class NothingSerializer(StrictSerializer):
    """A call without fields."""


def _row(request: PersonApiRequest, slug: str) -> TopicRow | None:
    rows = preference_centre(request.user).topics
    return next((row for row in rows if row.topic.slug == slug), None)


def _notices(notices: list[NoticeClass]) -> Any:
    return NoticeClassSerializer(notices, many=True).data


class ChoiceList(APIView):
    """My choices."""

    @extend_schema(operation_id="choices_list", responses=CentreSerializer)
    def get(self, request: PersonApiRequest) -> Response:
        """Topics with my choice, and mandatory classes with their reason."""
        centre = preference_centre(request.user)
        return Response(
            {
                "topics": ChoiceSerializer(centre.topics, many=True).data,
                "mandatory": _notices(centre.notices),
            }
        )


class ChoiceDetail(APIView):
    """My choice of one topic."""

    @extend_schema(
        operation_id="choices_update",
        request=WishSerializer,
        responses={
            200: ChoiceSerializer,
            409: OpenApiResponse(description="`mandatory`: a notice class cannot be chosen."),
        },
    )
    def patch(self, request: PersonApiRequest, topic: str) -> Response:
        """Say yes or no. A notice class in place of a topic is refused, and nothing changes."""
        try:
            chosen = find_topic(request.user, topic)
        except MandatoryMail as error:
            raise Mandatory(error.message) from error
        wish = WishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        try:
            choose_topics(
                actor=request.user,
                topics=[chosen],
                wants=wish.validated_data["wants"],
                source=ConsentSource.API,
                network_address=network_address(request),
            )
        except TopicRefused as error:
            raise serializers.ValidationError({"topic": error.messages}) from error
        row = _row(request, topic) or TopicRow(chosen, False, Reason.NOT_THEIRS, None)
        return Response(ChoiceSerializer(row).data)


class ChoiceStop(APIView):
    """All of them at once."""

    @extend_schema(
        operation_id="choices_stop_all", request=NothingSerializer, responses=StoppedSerializer
    )
    def post(self, request: PersonApiRequest) -> Response:
        """Say no to everything optional; the answer lists what stays."""
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        stopped = stop_all_optional(
            actor=request.user,
            source=ConsentSource.API,
            network_address=network_address(request),
        )
        notices = preference_centre(request.user).notices
        return Response({"stopped": [topic.slug for topic in stopped], "stays": _notices(notices)})


app_name = "preferences-api"

urlpatterns = [
    path("choices/", ChoiceList.as_view(), name="choice-list"),
    path("stop-all-optional/", ChoiceStop.as_view(), name="choice-stop-all"),
    path("choices/<slug:topic>/", ChoiceDetail.as_view(), name="choice-detail"),
]
