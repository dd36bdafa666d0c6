"""URLs of representatives, log requests, charges and authorisations."""

from django.urls import path

from compliance.views import (
    authorisations,
    card_payments,
    log_requests,
    provider_logs,
    representatives,
)

_LOGS = "c/<slug:customer>/logs/"
_LOG = f"{_LOGS}<uuid:log_request>/"
_STAFF_LOG = "provider/log-requests/<uuid:log_request>/"
_CHARGE = "provider/charges/<uuid:charge>/"
_REPRESENTATIVES = "c/<slug:customer>/representatives/"
_STAFF = "provider/representatives/"
_GIVEN = "c/<slug:customer>/authorisations/"
_OF_COMPANY = "provider/customers/<slug:slug>/authorisations/"

logs = [
    path(_LOGS, log_requests.log_requests, name="log-requests"),
    path(f"{_LOGS}new/", log_requests.log_request_new, name="log-request-new"),
    path(_LOG, log_requests.log_request, name="log-request"),
    path(f"{_LOG}withdraw/", log_requests.log_request_withdraw, name="log-request-withdraw"),
    path(f"{_LOG}pay/", card_payments.log_request_pay, name="log-request-pay"),
    path(f"{_LOG}download/", log_requests.log_request_download, name="log-request-download"),
    path(f"{_LOG}receipt/", log_requests.log_request_receipt, name="log-request-receipt"),
    path("provider/log-requests/", provider_logs.provider_log_requests, name="provider-logs"),
    path(_STAFF_LOG, provider_logs.provider_log_request, name="provider-log-request"),
    path(f"{_STAFF_LOG}repeat/", provider_logs.log_request_repeat, name="log-request-repeat"),
    path(f"{_STAFF_LOG}close/", provider_logs.log_request_close, name="log-request-close"),
    path(_CHARGE, provider_logs.provider_charge, name="provider-charge"),
    path(f"{_CHARGE}waive/", provider_logs.charge_waive, name="charge-waive"),
    path(f"{_CHARGE}reverse/", provider_logs.payment_reverse, name="payment-reverse"),
    path("payments/events/stripe/", card_payments.stripe_events, name="stripe-events"),
    path("provider/rates/", provider_logs.rates, name="rates"),
]

on_file = [
    path(_REPRESENTATIVES, representatives.company_representatives, name="representatives"),
    path(
        f"{_REPRESENTATIVES}<uuid:representative>/end/",
        representatives.representative_end,
        name="representative-end",
    ),
    path(_STAFF, representatives.provider_representatives, name="provider-representatives"),
    path(
        f"{_STAFF}<uuid:representative>/confirm/",
        representatives.representative_confirm,
        name="representative-confirm",
    ),
    path(
        f"{_STAFF}<uuid:representative>/refuse/",
        representatives.representative_refuse,
        name="representative-refuse",
    ),
]

given = [
    path(_GIVEN, authorisations.company_authorisations, name="authorisations"),
    path(
        f"{_GIVEN}<uuid:authorisation>/give/",
        authorisations.authorisation_give,
        name="authorisation-give",
    ),
    path(
        f"{_GIVEN}<uuid:authorisation>/end/",
        authorisations.authorisation_end,
        name="authorisation-end",
    ),
    path(_OF_COMPANY, authorisations.provider_authorisations, name="provider-authorisations"),
    path(
        f"{_OF_COMPANY}<uuid:authorisation>/end/",
        authorisations.provider_authorisation_end,
        name="provider-authorisation-end",
    ),
]

urlpatterns = [*logs, *on_file, *given]
