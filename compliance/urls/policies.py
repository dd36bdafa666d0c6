"""URLs of policies: for everybody, for who answers, and for staff."""

from django.urls import include, path

from compliance.views import answers, feed, policies, public

provider = [
    path("", policies.provider_policies, name="provider-policies"),
    path("new/", policies.policy_new, name="policy-new"),
    path("<slug:slug>/", policies.provider_policy, name="provider-policy"),
    path("<slug:slug>/begin/", policies.version_begin, name="version-begin"),
    path("<slug:slug>/<number:number>/", policies.provider_version, name="provider-version"),
    path("<slug:slug>/<number:number>/edit/", policies.version_edit, name="version-edit"),
    path(
        "<slug:slug>/<number:number>/withdraw/", policies.version_withdraw, name="version-withdraw"
    ),
    path(
        "<slug:slug>/<number:number>/unanswered/",
        policies.version_unanswered,
        name="version-unanswered",
    ),
    path("<slug:slug>/<number:number>/record/", policies.version_record, name="version-record"),
]

everybodys = [
    path("", public.policies, name="policies"),
    path("feed", feed.policy_feed, name="policy-feed"),
    path("<slug:slug>/", public.policy, name="policy"),
    path("<slug:slug>/<number:number>/", public.policy_version, name="policy-version"),
    path("<slug:slug>/<number:number>.txt", public.policy_text, name="policy-text"),
    path("<slug:slug>/<number:number>.json", public.policy_json, name="policy-json"),
    path(
        "<slug:slug>/<number:before>..<number:after>/",
        public.policy_comparison,
        name="policy-comparison",
    ),
]

answers_given = [
    path("agree/", answers.agree, name="agree"),
    path("agree/answer/", answers.agree_answer, name="agree-answer"),
    path("profile/agreements/", answers.agreements, name="agreements"),
    path(
        "profile/agreements/<number:pk>/receipt/",
        answers.agreement_receipt,
        name="agreement-receipt",
    ),
]

urlpatterns = [
    *answers_given,
    path("policies/", include(everybodys)),
    path("provider/policies/", include(provider)),
]
