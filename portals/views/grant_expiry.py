"""Rights that end soon: the list, and one press to renew one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import first_error
from accounts.http import PersonRequest
from accounts.selectors import page_of
from accounts.views.access import came_from, managed_customer
from portals.choices import RenewalLength
from portals.forms.grants import RenewForm
from portals.models import PersonGrant, TeamGrant
from portals.selectors.grant_expiry import (
    RECENTLY_ENDED,
    expiring_person_grants,
    expiring_team_grants,
    of_customer,
)
from portals.services.grant_expiry import renew_grant


@require_safe
def ending(request: PersonRequest, customer: str) -> HttpResponse:
    """What ends within a month, or did in the last days, the first first."""
    company = managed_customer(request, customer)
    order = ("expires_at", "pk")
    context = {
        "customer": company,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "now": timezone.now(),
        "lengths": RenewalLength.choices,
        "of_people": page_of(
            of_customer(expiring_person_grants(since=RECENTLY_ENDED), company),
            among=of_customer(PersonGrant.objects.all(), company),
            order=order,
            after=request.GET.get("after", ""),
        ),
        "of_teams": page_of(
            of_customer(expiring_team_grants(since=RECENTLY_ENDED), company),
            among=of_customer(TeamGrant.objects.all(), company),
            order=order,
            after=request.GET.get("team", ""),
        ),
    }
    return render(request, "portals/grant_expiry.html", context)


@require_POST
def renew(
    request: PersonRequest,
    customer: str,
    grant: int,
    model: type[PersonGrant] | type[TeamGrant],
) -> HttpResponse:
    """Give a right that ends once more; back to where the button was."""
    company = managed_customer(request, customer)
    form = RenewForm(request.POST)
    found = of_customer(model._default_manager.all(), company).filter(pk=grant)
    try:
        if not form.is_valid():
            raise ValidationError(first_error(form))
        renewed = renew_grant(
            actor=request.user,
            grant=get_object_or_404(found.select_related("content_object__subscription__customer")),
            length=form.cleaned_data["length"] or RenewalLength.SAME,
            signed_in_at=signed_in_at(request),
        )
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
    else:
        words: dict[str, Any] = {
            "right": renewed.permission.privilege,
            "resource": renewed.content_object,
        }
        if renewed.expires_at is None:
            said = _("Renewed: “%(right)s” on %(resource)s no longer ends.") % words
        else:
            until = timezone.localtime(renewed.expires_at)
            words["until"] = date_format(until, "SHORT_DATETIME_FORMAT")
            said = _("Renewed: “%(right)s” on %(resource)s (until %(until)s).") % words
        messages.success(request, said)
    return redirect(came_from(request, reverse("portals:ending", args=[customer])))
