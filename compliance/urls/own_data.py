"""URLs of personal data: the lists, a copy of one's own, requests, closing and retention."""

from django.urls import path

from compliance.views import closings, data, holds, privacy_requests, retention

own_data = [
    path("privacy/data/", data.data_registry, name="data-registry"),
    path("privacy/cookies/", data.cookie_list, name="cookie-list"),
    path("profile/data/", data.own_data, name="own-data"),
    path("profile/data/ask/", data.own_data_ask, name="own-data-ask"),
    path("profile/data/<uuid:file>/", data.own_data_download, name="own-data-download"),
]

privacy = [
    path("privacy/", privacy_requests.privacy, name="privacy"),
    path("privacy/confirm/<str:token>/", privacy_requests.privacy_confirm, name="privacy-confirm"),
    path("provider/privacy/", privacy_requests.privacy_requests, name="privacy-requests"),
    path(
        "provider/privacy/new/",
        privacy_requests.privacy_request_new,
        name="privacy-request-new",
    ),
    *(
        path(
            f"provider/privacy/<uuid:privacy_request>/{act}/",
            getattr(privacy_requests, f"privacy_request_{act}"),
            name=f"privacy-request-{act}",
        )
        for act in ("extend", "pause", "resume", "correct", "note", "keep")
    ),
    path(
        "provider/privacy/<uuid:privacy_request>/correct/<uuid:membership>/",
        privacy_requests.privacy_request_correct_work,
        name="privacy-request-correct-work",
    ),
    path(
        "provider/privacy/<uuid:privacy_request>/",
        privacy_requests.privacy_request,
        name="privacy-request",
    ),
]

erasures = [
    path("profile/close/", closings.close_account, name="close-account"),
    path("profile/close/keep/", closings.keep_account, name="keep-account"),
    path("provider/holds/", holds.legal_holds, name="legal-holds"),
    path("provider/holds/<uuid:hold>/", holds.legal_hold, name="legal-hold"),
    path("provider/retention/", retention.retention, name="retention"),
]

urlpatterns = [*own_data, *privacy, *erasures]
