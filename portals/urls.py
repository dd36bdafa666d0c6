"""URLs of the pages about access."""

from django.urls import path

from portals.models import PersonGrant, TeamGrant
from portals.views import (
    access_export,
    bulk_actions,
    copy_access,
    devices,
    give_access,
    grant_expiry,
    invitations,
    invite,
    invite_report,
    list_export,
    offboarding,
    options,
    people_list,
    person,
    presets,
    provider,
    provider_requests,
    request_detail,
    requests,
    requests_bulk,
    resources,
    reviews,
    services,
    teams,
)

app_name = "portals"
PERSON = "c/<slug:customer>/people/<uuid:person>"
REQUEST = "c/<slug:customer>/requests/<uuid:access_request>"
INVITATIONS = "c/<slug:customer>/people/invitations"
TEAM = "c/<slug:customer>/teams/<uuid:team>"
EXPIRING = "c/<slug:customer>/expiring-access"
GRANTS = "c/<slug:customer>/access/<slug:grants>"
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
    path(
        f"{INVITATIONS}/<uuid:invitation>/address/",
        invitations.invitation_address,
        name="invitation-address",
    ),
    path(f"{INVITATIONS}/revoke/", invitations.invitations_revoke, name="invitations-revoke"),
    path("c/<slug:customer>/people/", people_list.people, name="people"),
    path("c/<slug:customer>/people/export/", people_list.people_export, name="people-export"),
    path(
        "c/<slug:customer>/people/bulk/<slug:act>/",
        bulk_actions.people_bulk_action,
        name="people-bulk-action",
    ),
    path(f"{PERSON}/", person.person, name="person"),
    path(f"{PERSON}/teams/", person.person_teams, name="person-teams"),
    path(f"{PERSON}/details/", person.person_details, name="person-details"),
    path(f"{PERSON}/activity/", person.person_activity, name="person-activity"),
    path(f"{PERSON}/offboarding/", offboarding.offboarding, name="offboarding"),
    path(
        "c/<slug:customer>/requests/bulk/<slug:act>/",
        requests_bulk.requests_bulk_action,
        name="requests-bulk-action",
    ),
    path(
        "c/<slug:customer>/lists/<slug:listed>/export/", list_export.list_export, name="list-export"
    ),
    path("c/<slug:customer>/requests/new/", requests.request_new, name="request-new"),
    path(
        "c/<slug:customer>/requests/portals/<slug:portal>/",
        requests.request_portal,
        name="request-portal",
    ),
    path(f"{REQUEST}/", request_detail.request, name="request"),
    path(f"{REQUEST}/approve/", request_detail.request_approve, name="request-approve"),
    path(
        f"{REQUEST}/approve-as-asked/",
        request_detail.request_approve_as_asked,
        name="request-approve-as-asked",
    ),
    path(f"{REQUEST}/refuse/", request_detail.request_refuse, name="request-refuse"),
    path("c/<slug:customer>/reviews/", reviews.reviews, name="reviews"),
    path("c/<slug:customer>/reviews/begin/", reviews.review_begin, name="review-begin"),
    path("c/<slug:customer>/reviews/<uuid:review>/", reviews.review, name="review"),
    path("c/<slug:customer>/reviews/<uuid:review>/save/", reviews.review_save, name="review-save"),
    path(
        "c/<slug:customer>/reviews/<uuid:review>/remove-unused/",
        reviews.review_remove_unused,
        name="review-remove-unused",
    ),
    path(f"{PERSON}/copy-access/", copy_access.copy_access, name="copy-access"),
    path(
        "c/<slug:customer>/reviews/<uuid:review>/remind/",
        reviews.review_remind,
        name="review-remind",
    ),
    path("c/<slug:customer>/presets/", presets.presets, name="presets"),
    path("c/<slug:customer>/presets/new/", presets.preset, name="preset-new"),
    path(f"{PRESET}/", presets.preset, name="preset"),
    path(f"{PRESET}/delete/", presets.preset_delete, name="preset-delete"),
    path("c/<slug:customer>/teams/delete/", teams.teams_delete, name="teams-delete"),
    path(f"{TEAM}/", teams.team, name="team"),
    path(f"{TEAM}/delete/", teams.team_delete, name="team-delete"),
    path("c/<slug:customer>/access/who/", options.grantee_options, name="grantee-options"),
    path("c/<slug:customer>/access/what/", options.target_options, name="target-options"),
    path("c/<slug:customer>/access/give/", give_access.give_access, name="give-access"),
    path(f"{GRANTS}/change/", give_access.access_change, name="access-change"),
    path(f"{GRANTS}/remove/", give_access.access_remove, name="access-remove"),
    path("c/<slug:customer>/access/export/", access_export.access_export, name="access-export"),
    path(
        f"{PERSON}/access/export/",
        access_export.person_access_export,
        name="person-access-export",
    ),
    path(
        "c/<slug:customer>/resources/<number:pk>/access/export/",
        access_export.resource_access_export,
        name="resource-access-export",
    ),
    path("c/<slug:customer>/resources/options/", options.resource_options, name="resource-options"),
    path("c/<slug:customer>/resources/", resources.resource_list, name="resource-list"),
    path("c/<slug:customer>/resources/<number:pk>/", resources.resource, name="resource"),
    path("c/<slug:customer>/services/", services.service_list, name="service-list"),
    path(
        "c/<slug:customer>/services/<slug:portal>/request/",
        services.service_request,
        name="service-request",
    ),
    path("profile/devices/", devices.devices, name="devices"),
    path("ask/", requests.ask, name="ask"),
    path(f"{EXPIRING}/", grant_expiry.expiring_access, name="expiring-access"),
    path(
        f"{EXPIRING}/people/<number:grant>/renew/",
        grant_expiry.grant_renew,
        {"model": PersonGrant},
        name="person-grant-renew",
    ),
    path(
        f"{EXPIRING}/teams/<number:grant>/renew/",
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
