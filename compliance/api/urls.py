"""URLs of /api/v1/ of this app."""

from django.urls import path

from compliance.api import authorisations, charges, log_requests

app_name = "compliance-api"

urlpatterns = [
    path("log-requests", log_requests.LogRequestList.as_view(), name="log-request-list"),
    path("log-requests/preserve", log_requests.KeptLogs.as_view(), name="kept-logs"),
    path(
        "log-requests/<uuid:log_request>/claim",
        log_requests.LogRequestClaim.as_view(),
        name="log-request-claim",
    ),
    path(
        "log-requests/<uuid:log_request>/parts/<number:number>",
        log_requests.LogRequestPart.as_view(),
        name="log-request-part",
    ),
    path(
        "log-requests/<uuid:log_request>/result",
        log_requests.LogRequestResult.as_view(),
        name="log-request-result",
    ),
    path(
        "log-requests/<uuid:log_request>/failure",
        log_requests.LogRequestFailure.as_view(),
        name="log-request-failure",
    ),
    path(
        "charges/<uuid:charge>/payments", charges.ChargePayments.as_view(), name="charge-payments"
    ),
    path("authorisations", authorisations.AuthorisationList.as_view(), name="authorisation-list"),
]
