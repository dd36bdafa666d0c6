"""The API of a person's own choices: the same as the preference page."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.http import PersonApiRequest, network_address
from portals.api.fields import StrictBooleanField, StrictSerializer
from preferences.choices import ConsentSource, Digest, Reason
from preferences.models import ConsentRecord, NoticeClass
from preferences.selectors import (
    MandatoryMail,
    TopicRow,
    consent_history,
    find_topic,
    preference_centre,
)
from preferences.services.choices import (
    TopicRefused,
    choose_topics,
    resume_optional,
    stop_all_optional,
)
from preferences.services.recipients import choose_digest, pause_optional_mail


class Mandatory(APIException):
    """409: a notice class was named in place of a topic, and it cannot be chosen (R40)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "mandatory"


class ChoiceSerializer(serializers.Serializer[Any]):
    """A topic with the person's choice."""

    topic = serializers.SlugField(source="topic.slug")
    name = serializers.CharField(source="topic.name")
    purpose = serializers.CharField(source="topic.purpose")
    cadence = serializers.CharField(source="topic.cadence")
    wants = serializers.BooleanField()
    comes = serializers.BooleanField(help_text="Whether it would be sent now.")
    reason = serializers.ChoiceField(Reason.choices, help_text="Why it comes, or does not.")
    chosen_at = serializers.DateTimeField(source="chosen.said_at", default=None, allow_null=True)


class NoticeClassSerializer(serializers.Serializer[Any]):
    """A class of mandatory email with its reason."""

    code = serializers.CharField()
    name = serializers.CharField(source="*")
    reason = serializers.CharField()
    legal_basis = serializers.CharField()


class DeliverySerializer(serializers.Serializer[Any]):
    """The settings for all my optional email."""

    paused_until = serializers.DateTimeField(allow_null=True)
    digest = serializers.ChoiceField(Digest.choices)
    all_stopped = serializers.BooleanField(
        source="is_stopped", help_text="Only topics chosen since then come."
    )


class DeliveryUpdateSerializer(StrictSerializer):
    """A pause, a digest, or both."""

    paused_until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="At most a year away; null ends the pause."
    )
    digest = serializers.ChoiceField(Digest.choices, required=False)


class ConsentSerializer(serializers.ModelSerializer[ConsentRecord]):
    """One yes or no of mine, as it was recorded."""

    topic = serializers.SlugField(
        source="topic.slug", default=None, allow_null=True, help_text="Null: all optional mail."
    )

    class Meta:
        model = ConsentRecord
        fields = ["id", "at", "topic", "wants", "basis", "source", "language", "wording"]


class CentreSerializer(serializers.Serializer[Any]):
    """All topics with my choices, and all mandatory classes with their reasons."""

    delivery = DeliverySerializer(source="recipient")
    topics = ChoiceSerializer(many=True)
    mandatory = NoticeClassSerializer(source="notices", many=True)


class ChoiceUpdateSerializer(StrictSerializer):
    """Yes or no; without either, nothing changes."""

    wants = StrictBooleanField(required=False)


class StoppedSerializer(serializers.Serializer[Any]):
    """The topics that were stopped, and the mandatory classes that are still sent."""

    stopped = serializers.ListField(child=serializers.SlugField())
    stays = NoticeClassSerializer(many=True)


class NothingSerializer(StrictSerializer):
    """A request without fields."""


def _row(request: PersonApiRequest, slug: str) -> TopicRow | None:
    rows = preference_centre(request.user).topics
    return next((row for row in rows if row.topic.slug == slug), None)


def _notices(notices: list[NoticeClass]) -> Any:
    return NoticeClassSerializer(notices, many=True).data


class ChoiceList(APIView):
    """My choices."""

    @extend_schema(operation_id="choices_list", responses=CentreSerializer)
    def get(self, request: PersonApiRequest) -> Response:
        """List the topics with my choices, my settings, and the mandatory classes."""
        return Response(CentreSerializer(preference_centre(request.user)).data)


class ChoiceDetail(APIView):
    """My choice of one topic."""

    @extend_schema(
        operation_id="choices_update",
        request=ChoiceUpdateSerializer,
        responses={
            200: ChoiceSerializer,
            409: OpenApiResponse(description="`mandatory`: a notice class cannot be chosen."),
        },
    )
    def patch(self, request: PersonApiRequest, topic: str) -> Response:
        """Say yes or no. A notice class in place of a topic is refused, and nothing changes."""
        try:
            chosen = find_topic(request.user.recipient, topic)
        except MandatoryMail as error:
            raise Mandatory(error.message) from error
        update = ChoiceUpdateSerializer(data=request.data)
        update.is_valid(raise_exception=True)
        if "wants" in update.validated_data:
            try:
                choose_topics(
                    actor=request.user,
                    topics=[chosen],
                    wants=update.validated_data["wants"],
                    source=ConsentSource.API,
                    network_address=network_address(request),
                )
            except TopicRefused as error:
                raise serializers.ValidationError({"topic": error.messages}) from error
        row = _row(request, topic) or TopicRow(chosen, False, False, Reason.NOT_THEIRS, None)
        return Response(ChoiceSerializer(row).data)


class ChoiceStop(APIView):
    """The stop of all optional email."""

    @extend_schema(
        operation_id="choices_stop_all", request=NothingSerializer, responses=StoppedSerializer
    )
    def post(self, request: PersonApiRequest) -> Response:
        """Stop all optional email; the answer lists what is still sent."""
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        stopped = stop_all_optional(
            actor=request.user,
            source=ConsentSource.API,
            network_address=network_address(request),
        )
        notices = preference_centre(request.user).notices
        return Response({"stopped": [topic.slug for topic in stopped], "stays": _notices(notices)})


class ChoiceResume(APIView):
    """The end of that stop."""

    @extend_schema(
        operation_id="choices_resume", request=NothingSerializer, responses=CentreSerializer
    )
    def post(self, request: PersonApiRequest) -> Response:
        """Lift the stop of all optional email: my earlier choices count again."""
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        resume_optional(
            actor=request.user,
            source=ConsentSource.API,
            network_address=network_address(request),
        )
        return Response(CentreSerializer(preference_centre(request.user)).data)


class Delivery(APIView):
    """The pause and the digest of my optional email."""

    @extend_schema(operation_id="delivery_get", responses=DeliverySerializer)
    def get(self, request: PersonApiRequest) -> Response:
        """Return my settings for all optional email."""
        return Response(DeliverySerializer(preference_centre(request.user).recipient).data)

    @extend_schema(
        operation_id="delivery_update",
        request=DeliveryUpdateSerializer,
        responses=DeliverySerializer,
    )
    @transaction.atomic
    def patch(self, request: PersonApiRequest) -> Response:
        """Pause, end the pause, or choose a digest. Mandatory email is still sent."""
        update = DeliveryUpdateSerializer(data=request.data)
        update.is_valid(raise_exception=True)
        if "paused_until" in update.validated_data:
            pause_optional_mail(actor=request.user, until=update.validated_data["paused_until"])
        if "digest" in update.validated_data:
            choose_digest(actor=request.user, digest=update.validated_data["digest"])
        return self.get(request)


class ConsentList(GenericAPIView[ConsentRecord]):
    """My consent records."""

    serializer_class = ConsentSerializer

    @extend_schema(operation_id="consents_list", responses=ConsentSerializer(many=True))
    def get(self, request: PersonApiRequest) -> Response:
        """Return a page of my consent records."""
        page = self.paginate_queryset(consent_history(request.user)) or []
        return self.get_paginated_response(ConsentSerializer(page, many=True).data)
