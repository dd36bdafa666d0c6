"""Presets of a customer; applying one fills in the form that gives access."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.views.access import managed_customer
from accounts.views.actions import run_action, submit
from portals.forms.presets import EditPresetForm, PresetForm
from portals.models import Preset
from portals.selectors.effective_access import Grantee
from portals.selectors.grantees import grantees_by_key
from portals.selectors.levels import level_scales_of
from portals.selectors.manifest import manifest_of
from portals.selectors.presets import presets_of
from portals.selectors.resources import subscriptions_of
from portals.services.presets import change_preset, create_preset, delete_preset, preset_values
from portals.views.rows import subject_url


def _grantee(request: PersonRequest, company: Customer) -> Grantee | None:
    """Return the person or team that `to` in the query string names; None for nobody."""
    key = request.GET.get("to", "")
    return grantees_by_key(company, [key]).get(key)


def _preset(request: PersonRequest, slug: str, key: UUID) -> Preset:
    company = managed_customer(request, slug)
    return get_object_or_404(company.presets.select_related("customer"), uuid=key)


@require_safe
def presets(request: PersonRequest, customer: str) -> HttpResponse:
    """List the presets of the company; with `to`, to apply one to this person or team."""
    company = managed_customer(request, customer)
    grantee = _grantee(request, company)
    context = {
        "customer": company,
        "presets": presets_of(company),
        "grantee": grantee,
        "to": request.GET.get("to", "") if grantee else "",
        "back": subject_url(company, grantee) if grantee else "",
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/presets.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def preset(request: PersonRequest, customer: str, preset: UUID | None = None) -> HttpResponse:
    """Create a preset or change one; grants it was applied to stay."""
    existing = _preset(request, customer, preset) if preset else None
    company = existing.customer if existing else managed_customer(request, customer)
    data = request.POST if request.method == "POST" else None

    def save() -> None:
        if isinstance(form, EditPresetForm) and existing:
            change_preset(
                actor=request.user, preset=existing, version=form.version_shown, **form.values()
            )
        else:
            create_preset(actor=request.user, customer=company, **form.values())

    form = EditPresetForm(data, shown=preset_values(existing)) if existing else PresetForm(data)
    if submit(form, save):
        return redirect("portals:presets", customer)
    return _edit(request, company, existing, form)


def _edit(
    request: PersonRequest, company: Customer, preset: Preset | None, form: PresetForm
) -> HttpResponse:
    manifest = manifest_of(subscriptions_of(company).values_list("portal", flat=True))
    chosen, everywhere = form.chosen("privilege"), form.chosen("everywhere")
    scales = level_scales_of(manifest.types.values(), manifest).values()
    context = {
        "customer": company,
        "preset": preset,
        "form": form,
        "rows": [
            {
                "type": scale.resource_type,
                "steps": [(step, str(step.privilege.pk) in chosen) for step in scale.steps],
                "everywhere": str(scale.resource_type.pk) in everywhere,
            }
            for scale in scales
        ],
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/preset.html", context)


@require_POST
def preset_delete(request: PersonRequest, customer: str, preset: UUID) -> HttpResponse:
    """Delete a preset; nobody loses access."""
    existing = _preset(request, customer, preset)
    run_action(
        request,
        lambda: delete_preset(actor=request.user, preset=existing),
        _("The preset %(preset)s is deleted. Access given with it stays.") % {"preset": existing},
    )
    return redirect("portals:presets", customer)
