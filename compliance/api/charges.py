"""/api/v1/charges: a billing system reports that a charge is paid (L40)."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.base import Conflict, PortalView
from compliance.choices.log_requests import Currency, PaymentMethod, system_of_portal
from compliance.models import Charge
from compliance.models.charges import INVOICE_LENGTH
from compliance.models.rates import MOST_CENTS
from compliance.services.external_payments import Reporter, record_external_payment
from portals.api.fields import StrictCountField, StrictSerializer, TextField
from portals.choices import Scope


class PaymentSerializer(StrictSerializer):
    """The whole of a charge, as it came in."""

    external_id = TextField(help_text="Your own id of the payment: each is recorded once.")
    cents = StrictCountField(max_value=2 * MOST_CENTS, help_text="The amount in cents.")
    currency = serializers.ChoiceField(choices=Currency.choices)
    reference = TextField(required=False, default="", allow_blank=True, max_length=INVOICE_LENGTH)


class RecordedSerializer(serializers.Serializer[Any]):
    """The payment as the hub has it."""

    external_id = serializers.CharField()
    cents = serializers.IntegerField()


class ChargePayments(PortalView):
    """POST: a charge was paid."""

    scope = Scope.BILLING_WRITE
    serializer_class = RecordedSerializer

    @extend_schema(
        operation_id="record_payment",
        summary="Report that a charge is paid",
        request=PaymentSerializer,
        responses={
            200: OpenApiResponse(RecordedSerializer, description="It was recorded before."),
            201: OpenApiResponse(RecordedSerializer, description="It is recorded now."),
            409: OpenApiResponse(
                description="`payment_mismatch`: another amount or currency than what is due, or"
                " nothing is due. Nothing was recorded, and staff were warned."
            ),
        },
    )
    def post(self, request: Request, charge: UUID) -> Response:
        """Record the payment."""
        values = self.read(PaymentSerializer)
        outcome = record_external_payment(
            actor=Reporter(self.portal.label_en, system_of_portal(self.portal.slug)),
            charge=get_object_or_404(Charge, uuid=charge),
            method=PaymentMethod.BILLING,
            **values,
        )
        if outcome.payment is None:
            raise Conflict(_("This is not the amount that is due."), code="payment_mismatch")
        code = status.HTTP_201_CREATED if outcome.is_new else status.HTTP_200_OK
        return Response(RecordedSerializer(outcome.payment).data, status=code)
