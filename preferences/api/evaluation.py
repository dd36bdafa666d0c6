"""/api/v1/preferences/evaluation: a portal asks whether it may send this mail to these people."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portals.api.authentication import Caller, HasScope, PortalAuthentication
from portals.api.fields import StrictSerializer, TextField
from portals.choices import Scope
from preferences.audience import Verdict
from preferences.choices import Digest, Reason
from preferences.selectors import find_category, verdicts_for_portal

MAX_SUBJECTS = 10_000
SUBJECT_LENGTH = 255


class CategorySerializer(StrictSerializer):
    """The category of the email: exactly one of the two fields."""

    topic = TextField(required=False, help_text="A topic of yours, or of the provider.")
    notice_class = TextField(required=False, help_text="A class of mandatory mail.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that exactly one of the two is named. Raises ValidationError."""
        if ("topic" in attrs) == ("notice_class" in attrs):
            raise serializers.ValidationError(
                {"topic": [_("Give either a topic or a notice class.")]}
            )
        return attrs


class SubjectSerializer(StrictSerializer):
    """The person it is for, in the form of AuthZEN."""

    type = serializers.ChoiceField(["user"])
    id = TextField(help_text="The person's `sub`.")


class EvaluationSerializer(CategorySerializer):
    """One person."""

    subject = SubjectSerializer()


class SubjectsField(serializers.ListField):
    """A list of texts, checked without a field for each: that would be slow for ten thousand."""

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the texts. Raises ValidationError naming the position of anything else."""
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        if not 0 < len(data) <= MAX_SUBJECTS:
            raise serializers.ValidationError(_("Give 1 to %s people.") % MAX_SUBJECTS)
        for position, text in enumerate(data):
            if not isinstance(text, str) or not 0 < len(text) <= SUBJECT_LENGTH:
                raise serializers.ValidationError(
                    {position: [_("Give a person's sub.")]}  # type: ignore[dict-item]
                )
        return data


class EvaluationsSerializer(CategorySerializer):
    """Many people."""

    subjects = SubjectsField(
        child=serializers.CharField(), help_text="The people's `sub`s, up to 10,000."
    )


class ContextSerializer(serializers.Serializer[Any]):
    """The reason, and the digest."""

    reason = serializers.ChoiceField(Reason.choices)
    digest = serializers.ChoiceField(
        Digest.choices, required=False, help_text="How the person wants optional mail gathered."
    )


class DecisionSerializer(serializers.Serializer[Any]):
    """Whether it may be sent now."""

    decision = serializers.BooleanField()
    context = ContextSerializer()  # type: ignore[assignment]


class DecisionsSerializer(serializers.Serializer[Any]):
    """The same for each person, in the order of `subjects`."""

    evaluations = DecisionSerializer(many=True)


_NOT_THEIRS = {"decision": False, "context": {"reason": Reason.NOT_THEIRS.value}}


def _decision(verdict: Verdict | None) -> dict[str, Any]:
    """Return the answer; people whom the portal does not serve look like others not offered it."""
    if verdict is None:
        return _NOT_THEIRS
    context = {"reason": verdict.reason.value}
    if verdict.send and verdict.digest:
        context["digest"] = verdict.digest
    return {"decision": verdict.send, "context": context}


class _PortalView(APIView):
    """The base of both views: the caller is a portal."""

    authentication_classes = [PortalAuthentication]
    permission_classes = [HasScope]
    scope = Scope.PREFERENCES_READ

    def decisions(self, values: dict[str, Any], subjects: list[str]) -> list[dict[str, Any]]:
        """Return one decision for each of these people. Raises UnknownCategory."""
        caller = self.request.auth
        assert isinstance(caller, Caller)  # noqa: S101 -- HasScope checks it
        named = {name: values[name] for name in ("topic", "notice_class") if name in values}
        category = find_category(caller.portal, **named)
        return [
            _decision(verdict) for verdict in verdicts_for_portal(caller.portal, category, subjects)
        ]

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        """Forbid caching: an answer is about this moment."""
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class Evaluation(_PortalView):
    """POST: one person."""

    @extend_schema(
        operation_id="evaluate_preference",
        summary="May I send this to this person?",
        request=EvaluationSerializer,
        responses=DecisionSerializer,
    )
    def post(self, request: Request) -> Response:
        """Answer yes or no, with the reason."""
        data = EvaluationSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        [decision] = self.decisions(data.validated_data, [data.validated_data["subject"]["id"]])
        return Response(decision)


class Evaluations(_PortalView):
    """POST: up to 10,000 people."""

    @extend_schema(
        operation_id="evaluate_preferences",
        summary="May I send this to these people?",
        request=EvaluationsSerializer,
        responses=DecisionsSerializer,
    )
    def post(self, request: Request) -> Response:
        """Answer yes or no for each person, with the reason."""
        data = EvaluationsSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        subjects = data.validated_data["subjects"]
        return Response({"evaluations": self.decisions(data.validated_data, subjects)})
