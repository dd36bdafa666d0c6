"""Accepting an invitation, in two steps: open the link, then accept."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms import Field
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import signals
from accounts.forms import AcceptForm, ActForm
from accounts.http import network_address
from accounts.models import Invitation, Membership, User
from accounts.selectors.company_sign_in import sign_in_of_invited
from accounts.services.invitations import InvitationRefused, accept_invitation, find_invitation


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is offered and to whom; a POST by the invited person joins and signs in."""
    response = _respond(request, token)
    # The address holds the token, so pages opened from here learn no more than the host.
    # ("no-referrer" would make browsers send "Origin: null", which the CSRF check refuses.)
    response["Referrer-Policy"] = "strict-origin"
    return response


def _respond(request: HttpRequest, token: str) -> HttpResponse:
    try:
        invitation = find_invitation(token)
    except InvitationRefused:
        return _gone(request)
    has_account = User.objects.filter(email=invitation.address).exists()
    visitor, person = "nobody", None  # who opened the link
    if request.user.is_authenticated:
        person = request.user if request.user.email == invitation.address else None
        visitor = "self" if person else "other"
    own = sign_in_of_invited(invitation) if visitor == "nobody" and not has_account else None
    must_sign_in = visitor == "other" or (visitor == "nobody" and (has_account or own is not None))
    more = {} if must_sign_in else _more_fields(request, invitation, person)
    form = _form(request, invitation, more, new=visitor == "nobody" and not has_account)
    refused = request.method == "POST" and must_sign_in
    if not refused and form.is_valid():
        values = form.cleaned_data
        try:
            membership = accept_invitation(
                actor=person,
                token=token,
                language=get_language() or "en",
                answers={name: values.pop(name) for name in more},
                network_address=network_address(request) or None,
                browser=request.headers.get("User-Agent", ""),
                **values,
            )
        except ValidationError as refusal:
            if getattr(refusal, "code", None) == "gone":
                return _gone(request)
            form.refuse(refusal)
        else:
            return _welcome(request, membership)
    context = {
        "invitation": invitation,
        "visitor": visitor,
        "has_account": has_account,
        "own": own,
        "form": form,
        "path": request.path,
    }
    template = "accounts/invitation_accept.html"
    return render(request, template, context, status=403 if refused else 200)


def _form(
    request: HttpRequest, invitation: Invitation, more: dict[str, Field], *, new: bool
) -> AcceptForm | ActForm:
    data = request.POST if request.method == "POST" else None
    form = AcceptForm(data, initial={"name": invitation.name}) if new else ActForm(data)
    form.fields.update(more)
    return form


def _more_fields(
    request: HttpRequest, invitation: Invitation, person: User | None
) -> dict[str, Field]:
    """Return the fields that upper apps add to the page, by name."""
    answers: list[tuple[Any, Any]] = signals.invitation_opened.send(
        Invitation, invitation=invitation, person=person, request=request
    )
    return {name: field for _receiver, fields in answers for name, field in fields.items()}


def _gone(request: HttpRequest) -> HttpResponse:
    """Return the page for an unknown, used, withdrawn or expired link: it does not say which."""
    return render(request, "accounts/invitation_gone.html", status=410)


def _welcome(request: HttpRequest, membership: Membership) -> HttpResponse:
    welcome = _("You are now a member of %(company)s.") % {"company": membership.customer}
    if request.user.is_authenticated:
        messages.success(request, welcome)
        return redirect("home")
    login = Login(user=membership.user, redirect_url=reverse("home"))
    response = perform_password_login(request, {"email": membership.user.email}, login)
    messages.success(request, welcome)
    return response
