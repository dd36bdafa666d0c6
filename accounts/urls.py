"""URLs of the pages about people and customers."""

from allauth.mfa.base.views import reauthenticate
from django.urls import path

from accounts.views import (
    activity,
    callers,
    cases,
    company_sign_in,
    company_sign_in_settings,
    customers,
    delays,
    desk,
    desk_recoveries,
    factors,
    hand_overs,
    invitations,
    memberships,
    options,
    profile,
    provider,
    recoveries,
    requests,
    second_factor,
    setup,
    sign_in_codes,
    teams,
    undo,
    unsent_forms,
    viewings,
)

app_name = "accounts"
PERSON = "c/<slug:customer>/people/<uuid:person>"
TEAM = "c/<slug:customer>/teams/<uuid:team>"
OWN_SIGN_IN = "c/<slug:customer>/company/sign-in"
RECOVERY = "c/<slug:customer>/recovery/<uuid:recovery>"
HAND_OVER = "c/<slug:customer>/company/hand-over/<uuid:hand_over>"

urlpatterns = [
    path("profile/", profile.profile, name="profile"),
    path("profile/history/", activity.history, name="history"),
    path("profile/history/export/<slug:form>/", activity.history_export, name="history-export"),
    path("accounts/login/code/", sign_in_codes.sign_in_code, name="sign-in-code"),
    path("accounts/login/code/enter/", sign_in_codes.sign_in_code_enter, name="sign-in-code-enter"),
    path("accounts/company/", company_sign_in.company_sign_in_ask, name="company-sign-in-ask"),
    path(
        "accounts/company/again/",
        company_sign_in.company_sign_in_again,
        name="company-sign-in-again",
    ),
    path(
        "accounts/company/<slug:company>/go/",
        company_sign_in.company_sign_in_go,
        name="company-sign-in-go",
    ),
    path(
        "accounts/company/<slug:company>/callback/",
        company_sign_in.company_sign_in_callback,
        name="company-sign-in-callback",
    ),
    path(
        "accounts/domains/<str:token>/",
        company_sign_in_settings.company_domain_confirm,
        name="company-domain-confirm",
    ),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation-accept"),
    path(f"{PERSON}/suspend/", memberships.person_suspend, name="person-suspend"),
    path(f"{PERSON}/restore/", memberships.person_restore, name="person-restore"),
    path(f"{PERSON}/remove/", memberships.person_remove, name="person-remove"),
    path(f"{PERSON}/end/", memberships.person_end, name="person-end"),
    path(
        f"{PERSON}/offboarding/cancel/", memberships.offboarding_cancel, name="offboarding-cancel"
    ),
    path(f"{PERSON}/role/", memberships.person_role, name="person-role"),
    path(f"{PERSON}/details/edit/", memberships.person_details, name="person-details"),
    path(f"{PERSON}/teams/add/", teams.person_team_add, name="person-team-add"),
    path(
        f"{PERSON}/teams/<uuid:team>/remove/", teams.person_team_remove, name="person-team-remove"
    ),
    path("time-zones/options/", options.time_zone_options, name="time-zone-options"),
    path("c/<slug:customer>/people/options/", options.people_options, name="people-options"),
    path("c/<slug:customer>/teams/options/", options.team_options, name="team-options"),
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
    path("c/<slug:customer>/undo/<number:sequence>/", undo.undo, name="undo"),
    path("c/<slug:customer>/undo/<number:sequence>/<number:last>/", undo.undo, name="undo-all"),
    path("c/<slug:customer>/activity/", activity.activity, name="activity"),
    path(
        "c/<slug:customer>/activity/export/<slug:form>/",
        activity.activity_export,
        name="activity-export",
    ),
    path("c/<slug:customer>/company/", customers.company, name="company"),
    path(f"{OWN_SIGN_IN}/", company_sign_in_settings.company_sign_in, name="company-sign-in"),
    *(
        path(
            f"{OWN_SIGN_IN}/{act}/",
            getattr(company_sign_in_settings, f"company_sign_in_{act}"),
            name=f"company-sign-in-{act}",
        )
        for act in ("client", "try", "start", "stop", "remove", "unlink")
    ),
    path(
        f"{OWN_SIGN_IN}/domains/",
        company_sign_in_settings.company_domain_add,
        name="company-domain-add",
    ),
    *(
        path(
            f"{OWN_SIGN_IN}/domains/<uuid:domain>/{act}/",
            getattr(company_sign_in_settings, f"company_domain_{act}"),
            name=f"company-domain-{act}",
        )
        for act in ("check", "email", "remove")
    ),
    path(
        "c/<slug:customer>/company/second-factor/",
        second_factor.second_factor_demand,
        name="second-factor-demand",
    ),
    path(
        "c/<slug:customer>/company/second-factor/end/",
        second_factor.second_factor_end,
        name="second-factor-end",
    ),
    path(
        "c/<slug:customer>/company/hand-over/", hand_overs.hand_over_offer, name="hand-over-offer"
    ),
    path(f"{HAND_OVER}/", hand_overs.hand_over, name="hand-over"),
    path(f"{HAND_OVER}/accept/", hand_overs.hand_over_accept, name="hand-over-accept"),
    path(f"{HAND_OVER}/decline/", hand_overs.hand_over_decline, name="hand-over-decline"),
    path(f"{HAND_OVER}/withdraw/", hand_overs.hand_over_withdraw, name="hand-over-withdraw"),
    path("delayed/<uuid:delayed>/cancel/", delays.delayed_act_cancel, name="delayed-act-cancel"),
    path("delayed/<str:token>/", delays.delayed_act_by_link, name="delayed-act-by-link"),
    path(
        "desk/delayed/<uuid:delayed>/cancel/",
        delays.desk_delayed_act_cancel,
        name="desk-delayed-act-cancel",
    ),
    path(
        "desk/delayed/<uuid:delayed>/hurry/",
        delays.desk_delayed_act_hurry,
        name="desk-delayed-act-hurry",
    ),
    path(f"{RECOVERY}/", recoveries.recovery, name="recovery"),
    path(f"{RECOVERY}/accept/", recoveries.recovery_accept, name="recovery-accept"),
    path(f"{RECOVERY}/stop/", recoveries.recovery_stop, name="recovery-stop"),
    path("recoveries/<str:token>/", recoveries.recovery_stop_by_link, name="recovery-stop-by-link"),
    path("desk/recoveries/", desk_recoveries.desk_recoveries, name="desk-recoveries"),
    path(
        "desk/recoveries/<uuid:recovery>/approve/",
        desk_recoveries.desk_recovery_approve,
        name="desk-recovery-approve",
    ),
    path(
        "desk/recoveries/<uuid:recovery>/withdraw/",
        desk_recoveries.desk_recovery_withdraw,
        name="desk-recovery-withdraw",
    ),
    path(
        "desk/companies/<slug:slug>/recovery/", desk_recoveries.desk_recovery, name="desk-recovery"
    ),
    path("desk/cases/<uuid:case>/viewing/", viewings.desk_viewing_begin, name="desk-viewing-begin"),
    path("desk/viewings/<uuid:viewing>/end/", viewings.desk_viewing_end, name="desk-viewing-end"),
    path("desk/", desk.desk, name="desk"),
    path("desk/<uuid:person>/", desk.desk_person, name="desk-person"),
    path("desk/<uuid:person>/open/", desk.desk_open_case, name="desk-open-case"),
    path("desk/cases/<uuid:case>/email-code/", cases.case_email_code, name="case-email-code"),
    path("desk/cases/<uuid:case>/code/", cases.case_code, name="case-code"),
    path("desk/cases/<uuid:case>/call-back/", cases.case_call_back, name="case-call-back"),
    path("desk/cases/<uuid:case>/ask/", cases.case_ask, name="case-ask"),
    path("desk/cases/<uuid:case>/references/", cases.case_reference, name="case-reference"),
    path("desk/cases/<uuid:case>/close/", cases.case_close, name="case-close"),
    path("desk/cases/<uuid:case>/acts/<slug:act>/", cases.case_act, name="case-act"),
    path("support-code/", callers.support_code, name="support-code"),
    path("support-questions/<uuid:question>/", callers.case_confirmation, name="case-confirmation"),
    path("address-correction/<str:token>/", callers.address_correction, name="address-correction"),
    path("c/<slug:customer>/setup/skip/", setup.setup_skip, name="setup-skip"),
    path("provider/", provider.provider, name="provider"),
    path(
        "provider/customers/<slug:slug>/domains/<uuid:domain>/release/",
        provider.provider_domain_release,
        name="provider-domain-release",
    ),
    path("provider/setup/skip/", setup.provider_setup_skip, name="provider-setup-skip"),
    path("unsent-form/discard/", unsent_forms.unsent_form_discard, name="unsent-form-discard"),
]

# Under the names that allauth uses; what is not listed is not mounted.
factor_urlpatterns = [
    path("", factors.factors, name="mfa_index"),
    path("authenticate/", factors.SecondStep.as_view(), name="mfa_authenticate"),
    path("confirm/", reauthenticate, name="mfa_reauthenticate"),
    path("app/", factors.SetUpApp.as_view(), name="mfa_activate_totp"),
    path("app/remove/", factors.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("codes/", factors.ShowCodes.as_view(), name="mfa_view_recovery_codes"),
    path("codes/new/", factors.MakeCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("passkeys/add/", factors.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("passkeys/sign-in/", factors.SignInWithPasskey.as_view(), name="mfa_login_webauthn"),
    path(
        "passkeys/confirm/",
        factors.ConfirmWithPasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("passkeys/<number:pk>/rename/", factors.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
    path(
        "passkeys/<number:pk>/remove/", factors.RemovePasskey.as_view(), name="mfa_remove_webauthn"
    ),
]
