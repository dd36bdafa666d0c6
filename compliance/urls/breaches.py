"""URLs of the register of breaches and of notices to affected people."""

from django.urls import path

from compliance.views import breach_notices, breach_reports, breaches, notices

BREACH = "provider/breaches/<slug:reference>/"

of_breach = [
    path(BREACH, breaches.breach, name="breach"),
    path(f"{BREACH}edit/", breaches.breach_edit, name="breach-edit"),
    path(f"{BREACH}assess/", breaches.breach_assess, name="breach-assess"),
    path(f"{BREACH}hold/", breaches.breach_hold, name="breach-hold"),
    path(f"{BREACH}hold/<uuid:hold>/review/", breaches.hold_review, name="hold-review"),
    path(f"{BREACH}hold/<uuid:hold>/end/", breaches.hold_end, name="hold-end"),
    path(f"{BREACH}reports/<slug:regulator>/", breach_reports.breach_report, name="breach-report"),
    path(
        f"{BREACH}reports/<slug:regulator>/sent/",
        breach_reports.breach_report_file,
        name="breach-report-file",
    ),
    path(f"{BREACH}company/", breach_reports.breach_company, name="breach-company"),
    path(f"{BREACH}close/", breaches.breach_close, name="breach-close"),
    path(f"{BREACH}file/", breaches.breach_file, name="breach-file"),
    path(f"{BREACH}people/", breach_notices.breach_people, name="breach-people"),
    path(f"{BREACH}people/add/<slug:how>/", breach_notices.breach_add, name="breach-add"),
    path(f"{BREACH}people/end/", breach_notices.breach_end, name="breach-end"),
    path(f"{BREACH}people/<number:affected>/", breach_notices.breach_person, name="breach-person"),
    path(
        f"{BREACH}people/<number:affected>/remove/",
        breach_notices.affected_remove,
        name="affected-remove",
    ),
    path(f"{BREACH}letters/<number:letter>/", breach_notices.breach_letter, name="breach-letter"),
    path(f"{BREACH}wording/", breach_notices.breach_wording, name="breach-wording"),
    path(f"{BREACH}release/", breach_notices.breach_release, name="breach-release"),
]

urlpatterns = [
    path("provider/breaches/", breaches.breaches, name="breaches"),
    path("provider/breaches/new/", breaches.breach_new, name="breach-new"),
    *of_breach,
    path("profile/notices/", notices.own_notices, name="own-notices"),
    path("profile/notices/<slug:slug>/", notices.own_notice, name="own-notice"),
    path("notices/<slug:slug>/", notices.notice, name="notice"),
]
