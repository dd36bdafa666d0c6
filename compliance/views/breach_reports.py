"""The others who are told of a breach: regulators, and companies whose data we process."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import PersonRequest
from accounts.views.actions import submit
from compliance.choices.breaches import Regulator
from compliance.choices.report_fields import FIELD_LABELS
from compliance.forms.breaches import CompanyNoticeForm, DecideReportForm, FileReportForm
from compliance.models import Report
from compliance.services import customer_notices, reports
from compliance.views.breaches import CHANGE, RELEASE, breach_called, show_form


def _report(request: PersonRequest, reference: str, regulator: str, permission: str) -> Report:
    found = breach_called(request, reference, permission)
    return get_object_or_404(
        Report.objects.select_related("breach", "decided_by"), breach=found, regulator=regulator
    )


@require_http_methods(["GET", "HEAD", "POST"])
def breach_report(request: PersonRequest, reference: str, regulator: str) -> HttpResponse:
    """Show what a regulator was told; posted, say whether a report is needed."""
    report = _report(request, reference, regulator, CHANGE if request.method == "POST" else "")
    form = DecideReportForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: reports.decide_report(actor=request.user, report=report, **form.cleaned_data),
    ):
        messages.success(request, _("The decision is recorded."))
        return redirect("compliance:breach-report", reference, regulator)
    return _show_report(request, report, form, None)


@require_POST
def breach_report_file(request: PersonRequest, reference: str, regulator: str) -> HttpResponse:
    """Record a report that was sent, or a supplement."""
    report = _report(request, reference, regulator, RELEASE)
    form = _filing_form(report, request.POST)
    if submit(
        form, lambda: reports.file_report(actor=request.user, report=report, **form.values())
    ):
        messages.success(request, _("The report is recorded. It stays as it was sent."))
        return redirect("compliance:breach-report", reference, regulator)
    return _show_report(request, report, DecideReportForm(), form)


def _filing_form(report: Report, data: Any = None) -> FileReportForm:
    supplement = report.filings.exists()
    breach = report.breach
    known = {"circumstances": breach.circumstances, "items": breach.items}
    return FileReportForm(
        data,
        regulator=report.regulator,
        supplement=supplement,
        initial={} if supplement else known,
    )


def _show_report(
    request: PersonRequest, report: Report, decide: DecideReportForm, file: FileReportForm | None
) -> HttpResponse:
    filings = [
        (filing, [(FIELD_LABELS[name], text) for name, text in filing.contents.items() if text])
        for filing in report.filings.select_related("by").order_by("number")
    ]
    context = {
        "breach": report.breach,
        "report": report,
        "regulator": Regulator(report.regulator).label,
        "filings": filings,
        "decide": decide,
        "file": file or (_filing_form(report) if report.needed == "needed" else None),
    }
    return render(request, "compliance/breach_report.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def breach_company(request: PersonRequest, reference: str) -> HttpResponse:
    """Tell a company whose data we process."""
    found = breach_called(request, reference, RELEASE)
    form = CompanyNoticeForm(request.POST if request.method == "POST" else None)
    success = submit(
        form,
        lambda: customer_notices.send_customer_notice(
            actor=request.user, breach=found, **form.cleaned_data
        ),
    )
    if success:
        text = _("%(company)s is told: its main Super User, legal and security contacts.")
        messages.success(request, text % {"company": success.result.customer})
        return redirect("compliance:breach", reference)
    return show_form(
        request,
        form,
        found,
        title=_("Tell a company"),
        lede=_("Its main Super User, legal and security contacts get the email."),
        button=_("Send the notice"),
    )
