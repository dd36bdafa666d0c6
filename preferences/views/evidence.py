"""The export of consent evidence for staff, and the public statistics of mandatory mail."""

import json

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.validators import address_as_stored
from preferences.forms.evidence import EvidenceForm
from preferences.selectors import find_recipient, notice_classes
from preferences.selectors.mandatory_mail_statistics import mandatory_sends
from preferences.services.evidence import export_evidence


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: PersonRequest) -> HttpResponse:
    """Export a recipient's consent evidence as a file; the export is in the activity log."""
    require_staff(request.user, "preferences.view_consentrecord")
    form = EvidenceForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        recipient = find_recipient(address_as_stored(form.cleaned_data["address"]))
        if recipient is not None:
            exported = export_evidence(actor=request.user, recipient=recipient)
            response = HttpResponse(
                json.dumps(exported, ensure_ascii=False, indent=2),
                content_type="application/json; charset=utf-8",
            )
            filename = f"evidence-{recipient.pk}.json"
            response["Content-Disposition"] = f'attachment; filename="{filename}"'
            return response
        form.add_error("address", _("Nobody has this address. Check it and try again."))
    return render(request, "preferences/evidence.html", {"form": form})


@login_not_required
@require_safe
def mandatory_mail(request: PersonRequest) -> HttpResponse:
    """Show everybody how many mandatory messages were sent, by month and class."""
    context = {"classes": notice_classes(), "months": mandatory_sends()}
    return render(request, "preferences/mandatory_mail.html", context)
