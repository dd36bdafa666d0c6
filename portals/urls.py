"""URLs of the pages about access."""

from django.urls import path

from portals.models import PersonGrant, TeamGrant
from portals.views import (
    access_export,
    bulk_actions,
    copy_access,
    grant_changes,
    grant_expiry,
    invitations,
    invite,
    invite_report,
    offboarding,
    people_list,
    person,
    presets,
    provider,
    provider_requests,
    request_detail,
    requests,
    resources,
    reviews,
    services,
    teams,
)

app_name = "portals"
REQUEST = "c/<slug:customer>/requests/<uuid:access_request>"
INVITATIONS = "c/<slug:customer>/people/invitations"
TEAM = "c/<slug:customer>/teams/<uuid:team>"
EXPIRING = "c/<slug:customer>/expiring-access"
CHANGES = "c/<slug:customer>/changes/<slug:draft>"
PRESET = "c/<slug:customer>/presets/<uuid:preset>"
CUSTOMER = "provider/customers/<slug:slug>"
PROVIDER_REQUEST = "provider/requests/<uuid:access_request>"

urlpatterns = [
    path("c/<slug:customer>/people/invite/", invite.invite, name="invite"),
    path(
        "c/<slug:customer>/people/invite/report/", invite_report.invite_report, name="invite-report"
    ),
    path(f"{INVITATIONS}/", invitations.invitations, name="invitations"),
    path(f"{INVITATIONS}/resend/", invitations.invitations_resend, name="invitations-resend"),
    path(
        f"{INVITATIONS}/take-over/",
        invitations.invitations_take_over,
        name="invitations-take-over",
    ),
    path(f"{INVITATIONS}/revoke/", invitations.invitations_revoke, name="invitations-revoke"),
    path("c/<slug:customer>/people/", people_list.people, name="people"),
    path("c/<slug:customer>/people/export/", people_list.people_export, name="people-export"),
    path(
        "c/<slug:customer>/people/bulk/<slug:act>/",
        bulk_actions.people_bulk_action,
        name="people-bulk-action",
    ),
    path("c/<slug:customer>/people/<uuid:person>/", person.person, name="person"),
    path(
        "c/<slug:customer>/people/<uuid:person>/grants/<int:grant>/revoke/",
        person.grant_revoke,
        name="grant-revoke",
    ),
    path(
        "c/<slug:customer>/people/<uuid:person>/offboarding/",
        offboarding.offboarding,
        name="offboarding",
    ),
    path("c/<slug:customer>/requests/new/", requests.request_new, name="request-new"),
    path(
        "c/<slug:customer>/requests/portals/<slug:portal>/",
        requests.request_portal,
        name="request-portal",
    ),
    path(f"{REQUEST}/", request_detail.request, name="request"),
    path(f"{REQUEST}/approve/", request_detail.request_approve, name="request-approve"),
    path(f"{REQUEST}/refuse/", request_detail.request_refuse, name="request-refuse"),
    path("c/<slug:customer>/reviews/", reviews.reviews, name="reviews"),
    path("c/<slug:customer>/reviews/begin/", reviews.review_begin, name="review-begin"),
    path("c/<slug:customer>/reviews/<uuid:review>/", reviews.review, name="review"),
    path("c/<slug:customer>/reviews/<uuid:review>/save/", reviews.review_save, name="review-save"),
    path(
        "c/<slug:customer>/people/<uuid:person>/copy-access/",
        copy_access.copy_access,
        name="copy-access",
    ),
    path("c/<slug:customer>/presets/", presets.presets, name="presets"),
    path("c/<slug:customer>/presets/new/", presets.preset, name="preset-new"),
    path(f"{PRESET}/", presets.preset, name="preset"),
    path(f"{PRESET}/delete/", presets.preset_delete, name="preset-delete"),
    path(f"{PRESET}/apply/", presets.preset_apply, name="preset-apply"),
    path(f"{CHANGES}/", grant_changes.changes, name="changes"),
    path(f"{CHANGES}/review/", grant_changes.changes_review, name="changes-review"),
    path(f"{CHANGES}/discard/", grant_changes.changes_discard, name="changes-discard"),
    path(f"{TEAM}/", teams.team, name="team"),
    path(f"{TEAM}/delete/", teams.team_delete, name="team-delete"),
    path(f"{TEAM}/grants/<int:grant>/revoke/", teams.team_grant_revoke, name="team-grant-revoke"),
    path("c/<slug:customer>/access/export/", access_export.access_export, name="access-export"),
    path(
        "c/<slug:customer>/people/<uuid:person>/access/export/",
        access_export.person_access_export,
        name="person-access-export",
    ),
    path(
        "c/<slug:customer>/resources/<int:pk>/access/export/",
        access_export.resource_access_export,
        name="resource-access-export",
    ),
    path("c/<slug:customer>/resources/", resources.resource_list, name="resource-list"),
    path("c/<slug:customer>/resources/<int:pk>/", resources.resource, name="resource"),
    path("c/<slug:customer>/services/", services.service_list, name="service-list"),
    path(
        "c/<slug:customer>/services/<slug:portal>/request/",
        services.service_request,
        name="service-request",
    ),
    path("ask/", requests.ask, name="ask"),
    path(f"{EXPIRING}/", grant_expiry.expiring_access, name="expiring-access"),
    path(
        f"{EXPIRING}/people/<int:grant>/renew/",
        grant_expiry.grant_renew,
        {"model": PersonGrant},
        name="person-grant-renew",
    ),
    path(
        f"{EXPIRING}/teams/<int:grant>/renew/",
        grant_expiry.grant_renew,
        {"model": TeamGrant},
        name="team-grant-renew",
    ),
    path("provider/requests/", provider_requests.provider_requests, name="provider-requests"),
    path(f"{PROVIDER_REQUEST}/", provider_requests.provider_request, name="provider-request"),
    path(
        f"{PROVIDER_REQUEST}/approve/",
        provider_requests.provider_request_approve,
        name="provider-request-approve",
    ),
    path(
        f"{PROVIDER_REQUEST}/refuse/",
        provider_requests.provider_request_refuse,
        name="provider-request-refuse",
    ),
    path(
        f"{PROVIDER_REQUEST}/send-back/",
        provider_requests.provider_request_send_back,
        name="provider-request-send-back",
    ),
    path("provider/new-customer/", provider.customer_create, name="provider-customer-create"),
    path(f"{CUSTOMER}/", provider.customer, name="provider-customer"),
    path(f"{CUSTOMER}/subscribe/", provider.customer_subscribe, name="provider-subscribe"),
    path(
        f"{CUSTOMER}/subscriptions/<slug:portal>/",
        provider.customer_subscription,
        name="provider-subscription",
    ),
    path(f"{CUSTOMER}/invite/", provider.customer_invite, name="provider-invite"),
    path(
        f"{CUSTOMER}/invitation/resend/",
        provider.customer_invitation,
        {"act": "resend"},
        name="provider-invitation-resend",
    ),
    path(
        f"{CUSTOMER}/invitation/revoke/",
        provider.customer_invitation,
        {"act": "revoke"},
        name="provider-invitation-revoke",
    ),
    path(f"{CUSTOMER}/suspend/", provider.customer_suspend, name="provider-customer-suspend"),
    path(f"{CUSTOMER}/restore/", provider.customer_restore, name="provider-customer-restore"),
]
