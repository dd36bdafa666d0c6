"""Copying a colleague's access into a review."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest
from accounts.selectors import people_of
from accounts.views.access import managed_membership
from portals.forms.presets import CopyAccessForm
from portals.selectors.preset_expansion import copy_grants
from portals.views import permission_matrix
from portals.views.drafts import draft_key, load_draft, save_draft

MAX_COLLEAGUES = 20  # shown to choose from; a search finds the others


@require_http_methods(["GET", "HEAD", "POST"])
def copy_access(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Choose a colleague and what to copy, then go on to the review."""
    membership = managed_membership(request, customer, person)
    company = membership.customer
    others = people_of(company).exclude(pk=membership.pk)
    form = CopyAccessForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        other = others.filter(user__sub=form.cleaned_data["colleague"]).first()
        if other is None:
            form.add_error("colleague", _("Choose a person."))
        else:
            draft = load_draft(request, company, membership)
            left_out = copy_grants(
                company,
                draft,
                membership,
                other,
                equal=form.cleaned_data["how"] == "equal",
                with_teams=form.cleaned_data["teams"],
                reason=form.cleaned_data["reason"],
            )
            save_draft(request, company, membership, draft)
            if left_out:
                message = ngettext(
                    "%(count)s sensitive right was left out. Give a reason to copy it too.",
                    "%(count)s sensitive rights were left out. Give a reason to copy them too.",
                    left_out,
                )
                messages.info(request, message % {"count": left_out})
            return redirect("portals:changes-review", customer, draft_key(membership))
    search = permission_matrix.clean_search(request.GET.get("q", ""))
    matches = people_of(company, search=search).exclude(pk=membership.pk)
    colleagues = list(matches[: MAX_COLLEAGUES + 1])
    context = {
        "customer": company,
        "membership": membership,
        "person": membership.user,
        "form": form,
        "colleagues": colleagues[:MAX_COLLEAGUES],
        "more": len(colleagues) > MAX_COLLEAGUES,
        "chosen": request.POST.get("colleague", ""),
        "q": search,
    }
    return render(request, "portals/copy_access.html", context)
