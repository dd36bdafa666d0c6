"""URLs of the referral and the reseller programme."""

from django.urls import path

from compliance.views import programmes

in_company = [
    path("c/<slug:customer>/programme/", programmes.programme, name="programme"),
    path("c/<slug:customer>/programme/join/", programmes.reseller_ask, name="reseller-ask"),
    path("c/<slug:customer>/programme/leave/", programmes.reseller_leave, name="reseller-leave"),
    path("c/<slug:customer>/programme/alerts/", programmes.reseller_alerts, name="reseller-alerts"),
]

referrals = [
    path("referral/<str:token>/", programmes.referral, name="referral"),
    path("provider/referrals/", programmes.referrals, name="referrals"),
    path(
        "provider/referrals/<uuid:referral>/joined/",
        programmes.referral_joined,
        name="referral-joined",
    ),
    path(
        "provider/reseller-requests/<uuid:reseller_request>/",
        programmes.reseller_request,
        name="reseller-request",
    ),
]

urlpatterns = [*in_company, *referrals]
