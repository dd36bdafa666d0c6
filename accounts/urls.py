"""URLs of the pages about people and customers."""

from django.urls import path

from accounts.views import (
    activity,
    customers,
    desk,
    hand_overs,
    invitations,
    memberships,
    profile,
    provider,
    requests,
    teams,
    undo,
    unsent_forms,
)

app_name = "accounts"
PERSON = "c/<slug:customer>/people/<uuid:person>"
TEAM = "c/<slug:customer>/teams/<uuid:team>"
HAND_OVER = "c/<slug:customer>/company/hand-over/<uuid:hand_over>"

urlpatterns = [
    path("profile/", profile.profile, name="profile"),
    path("profile/history/", activity.history, name="history"),
    path("profile/history/export/<slug:form>/", activity.history_export, name="history-export"),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation-accept"),
    path(f"{PERSON}/suspend/", memberships.person_suspend, name="person-suspend"),
    path(f"{PERSON}/restore/", memberships.person_restore, name="person-restore"),
    path(f"{PERSON}/remove/", memberships.person_remove, name="person-remove"),
    path(f"{PERSON}/end/", memberships.person_end, name="person-end"),
    path(
        f"{PERSON}/offboarding/cancel/", memberships.offboarding_cancel, name="offboarding-cancel"
    ),
    path(f"{PERSON}/role/", memberships.person_role, name="person-role"),
    path(f"{PERSON}/details/", memberships.person_details, name="person-details"),
    path(f"{PERSON}/teams/", teams.person_team_add, name="person-team-add"),
    path(
        f"{PERSON}/teams/<uuid:team>/remove/", teams.person_team_remove, name="person-team-remove"
    ),
    path("c/<slug:customer>/teams/", teams.teams, name="teams"),
    path(f"{TEAM}/rename/", teams.team_rename, name="team-rename"),
    path(f"{TEAM}/members/", teams.team_member_add, name="team-member-add"),
    path(
        f"{TEAM}/members/<uuid:person>/remove/",
        teams.team_member_remove,
        name="team-member-remove",
    ),
    path("c/<slug:customer>/requests/", requests.requests, name="requests"),
    path(
        "c/<slug:customer>/requests/<uuid:access_request>/withdraw/",
        requests.request_withdraw,
        name="request-withdraw",
    ),
    path(
        "c/<slug:customer>/requests/<uuid:access_request>/pass/",
        requests.request_pass,
        name="request-pass",
    ),
    path("c/<slug:customer>/undo/<int:sequence>/", undo.undo, name="undo"),
    path("c/<slug:customer>/undo/<int:sequence>/<int:last>/", undo.undo, name="undo-all"),
    path("c/<slug:customer>/activity/", activity.activity, name="activity"),
    path(
        "c/<slug:customer>/activity/export/<slug:form>/",
        activity.activity_export,
        name="activity-export",
    ),
    path("c/<slug:customer>/company/", customers.company, name="company"),
    path(
        "c/<slug:customer>/company/hand-over/", hand_overs.hand_over_offer, name="hand-over-offer"
    ),
    path(f"{HAND_OVER}/", hand_overs.hand_over, name="hand-over"),
    path(f"{HAND_OVER}/accept/", hand_overs.hand_over_accept, name="hand-over-accept"),
    path(f"{HAND_OVER}/decline/", hand_overs.hand_over_decline, name="hand-over-decline"),
    path(f"{HAND_OVER}/withdraw/", hand_overs.hand_over_withdraw, name="hand-over-withdraw"),
    path("desk/", desk.desk, name="desk"),
    path("desk/<uuid:person>/", desk.desk_person, name="desk-person"),
    path("desk/<uuid:person>/reset-link/", desk.desk_reset_link, name="desk-reset-link"),
    path("desk/<uuid:person>/end-sessions/", desk.desk_end_sessions, name="desk-end-sessions"),
    path("provider/", provider.provider, name="provider"),
    path("unsent-form/discard/", unsent_forms.unsent_form_discard, name="unsent-form-discard"),
]
