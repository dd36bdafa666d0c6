"""The page of a person's devices and portals, where they end any of them."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.addresses import number_in
from accounts.http import PersonRequest
from accounts.services.sessions import sign_out_devices
from portals.selectors.devices import consents_of, devices_of
from portals.services.portal_sessions import leave_portal, withdraw_consent


@require_http_methods(["GET", "HEAD", "POST"])
def devices(request: PersonRequest) -> HttpResponse:
    """Show where the person is signed in; posted, end a portal, a device or all others."""
    if request.method == "POST":
        _end(request)
        return redirect("portals:devices")
    found, others = devices_of(request.user, request.session.session_key)
    context = {
        "devices": found,
        "others": others,
        "many": len(found) > 1,
        "consents": consents_of(request.user),
    }
    return render(request, "portals/devices.html", context)


def _end(request: PersonRequest) -> None:
    if portal := request.POST.get("portal"):
        _leave_portal(request, portal)
        return
    if consent := request.POST.get("consent"):
        _withdraw_consent(request, consent)
        return
    device = request.POST.get("device")
    found, _others = devices_of(request.user, request.session.session_key)
    keys = [
        shown.session.session_key
        for shown in found
        if not shown.is_current and device in (None, str(shown.session.pk))
    ]
    count = sign_out_devices(actor=request.user, keys=keys)
    if not count:
        messages.info(request, _("You're signed in only on this device."))
        return
    text = ngettext(
        "You're signed out on %(count)s other device, and in the portals you opened there.",
        "You're signed out on %(count)s other devices, and in the portals you opened there.",
        count,
    )
    messages.success(request, text % {"count": count})


def _leave_portal(request: PersonRequest, text: str) -> None:
    try:
        session = leave_portal(actor=request.user, session=uuid.UUID(text))
    except ValueError:
        session = None
    if session is None:
        messages.info(request, _("That session has already ended."))
        return
    text = _("You're signed out of %(portal)s. This may take a moment.")
    messages.success(request, text % {"portal": session.client.portal})


def _withdraw_consent(request: PersonRequest, text: str) -> None:
    number = number_in(text)
    consent = withdraw_consent(actor=request.user, consent=number) if number else None
    if consent is None:
        messages.info(request, _("You have already withdrawn this."))
        return
    done = _("%(portal)s will ask you again before it gets your details.")
    messages.success(request, done % {"portal": consent.client.portal})
