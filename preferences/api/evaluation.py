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

MOST_SUBJECTS = 10_000
SUBJECT_LENGTH = 255


class CategorySerializer(StrictSerializer):
    """What the mail is: exactly one of the two."""

    topic = TextField(required=False, help_text="A topic of yours, or of the provider.")
    notice_class = TextField(required=False, help_text="A class of mandatory mail.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ValidationError unless one of the two is named."""
        if ("topic" in attrs) == ("notice_class" in attrs):
            raise serializers.ValidationError(
                {"topic": [_("Name a topic or a notice class, one of the two.")]}
            )
        return attrs


class SubjectSerializer(StrictSerializer):
    """Whom it is for, as AuthZEN names people."""

    type = serializers.ChoiceField(["user"])
    id = TextField(help_text="The person's `sub`.")


class EvaluationSerializer(CategorySerializer):
    """One person."""

    subject = SubjectSerializer()


class SubjectsField(serializers.ListField):
    """Many texts, looked at one by one without a field each: ten thousand take no time."""

    def to_internal_value(self, data: Any) -> list[str]:
        """The texts. Raises ValidationError for anything else among them."""
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        if not 0 < len(data) <= MOST_SUBJECTS:
            raise serializers.ValidationError(_("Give 1 to %s people.") % MOST_SUBJECTS)
        for place, text in enumerate(data):
            if not isinstance(text, str) or not 0 < len(text) <= SUBJECT_LENGTH:
                raise serializers.ValidationError(
                    {place: [_("Give a person's sub.")]}  # type: ignore[dict-item]
                )
        return data


class EvaluationsSerializer(CategorySerializer):
    """Many people."""

    subjects = SubjectsField(
        child=serializers.CharField(), help_text="The people's `sub`s, up to 10,000."
    )


class ContextSerializer(serializers.Serializer[Any]):
    """Why, and when."""

    reason = serializers.ChoiceField(Reason.choices)
    digest = serializers.ChoiceField(
        Digest.choices, required=False, help_text="How the person wants optional mail gathered."
    )


class DecisionSerializer(serializers.Serializer[Any]):
    """Whether it may be sent now."""

    decision = serializers.BooleanField()
    context = ContextSerializer()  # type: ignore[assignment]


class DecisionsSerializer(serializers.Serializer[Any]):
    """The same for each person, in the order asked."""

    evaluations = DecisionSerializer(many=True)


_NOT_THEIRS = {"decision": False, "context": {"reason": Reason.NOT_THEIRS.value}}


def _decision(verdict: Verdict | None) -> dict[str, Any]:
    """Who is not the portal's looks like everybody else who is not in the audience."""
    if verdict is None:
        return _NOT_THEIRS
    context = {"reason": verdict.reason.value}
    if verdict.send and verdict.digest:
        context["digest"] = verdict.digest
    return {"decision": verdict.send, "context": context}


class _Asking(APIView):
    """What both share: the portal is the caller."""

    authentication_classes = [PortalAuthentication]
    permission_classes = [HasScope]
    scope = Scope.PREFERENCES_READ

    def decisions(self, values: dict[str, Any], subjects: list[str]) -> list[dict[str, Any]]:
        """One decision for each of these people. Raises UnknownCategory."""
        caller = self.request.auth
        assert isinstance(caller, Caller)  # noqa: S101  HasScope has seen to it
        named = {name: values[name] for name in ("topic", "notice_class") if name in values}
        category = find_category(caller.portal, **named)
        return [_decision(one) for one in verdicts_for_portal(caller.portal, category, subjects)]

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        """No cache keeps an answer: it holds now."""
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class Evaluation(_Asking):
    """POST: one person."""

    @extend_schema(
        operation_id="evaluate_preference",
        summary="May I send this to this person?",
        request=EvaluationSerializer,
        responses=DecisionSerializer,
    )
    def post(self, request: Request) -> Response:
        """Yes or no, and why."""
        asked = EvaluationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        [decision] = self.decisions(asked.validated_data, [asked.validated_data["subject"]["id"]])
        return Response(decision)


class Evaluations(_Asking):
    """POST: up to 10,000 people."""

    @extend_schema(
        operation_id="evaluate_preferences",
        summary="May I send this to these people?",
        request=EvaluationsSerializer,
        responses=DecisionsSerializer,
    )
    def post(self, request: Request) -> Response:
        """Yes or no for each, and why, in one statement."""
        asked = EvaluationsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        subjects = asked.validated_data["subjects"]
        return Response({"evaluations": self.decisions(asked.validated_data, subjects)})
