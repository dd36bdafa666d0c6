"""The authorization endpoint: lead a person from a portal through the sign-in and back."""

import time
from typing import Any, NoReturn, cast

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import second_factor_taken_over
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.selectors.factors import who_waits_for_a_factor
from accounts.views.factors import WANTED
from portals.choices import SignInScope
from portals.oidc import steps
from portals.oidc.errors import OAuthError, UntrustedRequest
from portals.oidc.id_tokens import SCOPE_OF, read_id_token_hint
from portals.oidc.methods import SEVERAL_FACTORS, acr_of, sign_in_of
from portals.oidc.requests import (
    AuthorizationRequest,
    Redirected,
    from_hub,
    read_authorization_request,
    redirect_to_portal,
)
from portals.selectors.launcher import launcher_of
from portals.selectors.sign_in import companies_that_open, has_consented
from portals.services.portal_sessions import NotOpen, SignedOut, authorize_portal, give_consent

LONGEST_QUERY = 12_000  # characters; an ID token is the longest parameter


@csrf_exempt  # portals may send people here by POST (OIDC Core 3.1.2.1); it changes nothing
@login_not_required
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Answer a portal's authorization request with a code, an error, or a page for the person."""
    given = request.POST if request.method == "POST" else request.GET
    query = given.urlencode()  # in one form, as it comes back from the sign-in and from our pages
    if len(query) > LONGEST_QUERY:
        return _refuse(request, "The request is too long.")
    if request.method == "POST":  # no cookie comes with a POST from another site: begin anew
        return HttpResponse(status=303, headers={"Location": f"{request.path}?{query}"})
    try:
        asked = read_authorization_request(given)
        try:
            return _answer(request, query, asked)
        except OAuthError as error:
            raise Redirected(asked.redirect_uri, asked.state, error) from error
    except UntrustedRequest as refusal:
        return _refuse(request, str(refusal))
    except Redirected as refusal:
        steps.forget(request, query)
        return refusal.response()


@require_POST
def go_on(request: PersonRequest) -> HttpResponse:
    """Take the person's choice of a company or their consent, and go on with the request."""
    query = request.POST.get("query", "")
    try:
        asked = read_authorization_request(QueryDict(query))
    except (UntrustedRequest, Redirected):
        return _refuse(request, "The form is not one of the hub's.")
    action = request.POST.get("action", "")
    if request.POST.get("person") != str(request.user.sub):
        action = ""  # somebody else signed in meanwhile: ask again
    portal = asked.client.portal
    if action == "refuse":
        steps.forget(request, query)
        error = OAuthError("access_denied", "The person did not agree.")
        return Redirected(asked.redirect_uri, asked.state, error).response()
    if action == "consent":
        give_consent(actor=request.user, client=asked.client, scopes=_told(asked))
        steps.finish(request, query, "consent")
    if action == "company":
        company = request.POST.get("company", "")
        if company in {customer.slug for customer in companies_that_open(request.user, portal)}:
            steps.choose_company(request, portal.slug, company)
            steps.finish(request, query, "select_account")
    return HttpResponseRedirect(f"{reverse('idp:oidc:authorization')}?{query}")


def _answer(request: HttpRequest, query: str, asked: AuthorizationRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return _answer_person(cast(PersonRequest, request), query, asked)
    if "none" in asked.prompts:
        raise OAuthError("login_required")
    steps.begin(request, query, asked)
    return redirect_to_login(request.get_full_path(), reverse("account_login"))


def _answer_person(request: PersonRequest, query: str, asked: AuthorizationRequest) -> HttpResponse:
    """Return the code, or the page of the step that is missing. Raises OAuthError."""
    silent = "none" in asked.prompts
    _check_person(request, asked)
    if who_waits_for_a_factor(request.user) and not second_factor_taken_over(request):
        if silent:
            raise OAuthError("interaction_required", "The person needs a second factor first.")
        request.session[WANTED] = request.get_full_path()
        return redirect("mfa_index")
    if _needs_fresh_sign_in(request, query, asked):
        if silent:
            raise OAuthError("login_required")
        steps.begin(request, query, asked)
        return redirect_to_login(request.get_full_path(), reverse("account_reauthenticate"))
    companies = companies_that_open(request.user, asked.client.portal)
    if not companies:
        return _explain_not_open(request, asked) if not silent else _deny()
    customer = _company(request, query, asked, companies)
    if customer is None:
        if silent:
            raise OAuthError("interaction_required", "The person belongs to several companies.")
        return _ask(request, query, asked, "portals/oidc/company.html", companies=companies)
    if not _agrees(request, query, asked):
        if silent:
            raise OAuthError("consent_required")
        labels = [SignInScope(scope).label for scope in _told(asked)]
        return _ask(request, query, asked, "portals/oidc/consent.html", scopes=labels)
    return _give_code(request, query, asked, customer)


def _give_code(
    request: PersonRequest, query: str, asked: AuthorizationRequest, customer: Customer
) -> HttpResponse:
    try:
        code = authorize_portal(
            actor=request.user,
            client=asked.client,
            customer=customer,
            sign_in=sign_in_of(request),
            terms=asked.terms,
        )
    except NotOpen:  # since a moment ago
        return _deny()
    except SignedOut as ended:
        raise OAuthError("login_required") from ended
    steps.forget(request, query)
    return redirect_to_portal(asked.redirect_uri, asked.state, from_hub({"code": code}))


def _deny() -> NoReturn:
    raise OAuthError("access_denied", "The person may not open this portal.")


def _check_person(request: PersonRequest, asked: AuthorizationRequest) -> None:
    """Refuse where the portal means somebody else than who is signed in."""
    meant = asked.subject
    if asked.id_token_hint:
        hint = read_id_token_hint(asked.id_token_hint, asked.client)
        if hint is None:
            raise OAuthError("invalid_request", "id_token_hint is no ID token of this portal.")
        meant = meant or str(hint.get("sub"))
    if meant and meant != str(request.user.sub):
        raise OAuthError("login_required", "Somebody else is signed in.")


def _needs_fresh_sign_in(request: PersonRequest, query: str, asked: AuthorizationRequest) -> bool:
    """Return whether the portal asks for a sign-in newer, or stronger, than this session has."""
    sign_in = sign_in_of(request)
    since = steps.began_at(request, query)
    if since is not None and sign_in.auth_time.timestamp() >= since:
        return False  # it was asked for, and done
    age = time.time() - sign_in.auth_time.timestamp()
    if "login" in asked.prompts or (asked.max_age is not None and age > asked.max_age):
        return True
    stronger = SEVERAL_FACTORS in asked.acr_values[:1] and acr_of(sign_in.amr) != SEVERAL_FACTORS
    return stronger and "none" not in asked.prompts and bool(is_mfa_enabled(request.user))


def _company(
    request: PersonRequest, query: str, asked: AuthorizationRequest, companies: list[Customer]
) -> Customer | None:
    """Return the company for which the portal is opened, None where the person has to choose."""
    if "select_account" in asked.prompts and not steps.is_done(request, query, "select_account"):
        return None
    if len(companies) == 1:
        return companies[0]
    chosen = steps.chosen_company(request, asked.client.portal.slug)
    return next((customer for customer in companies if customer.slug == chosen), None)


def _agrees(request: PersonRequest, query: str, asked: AuthorizationRequest) -> bool:
    if "consent" in asked.prompts and not steps.is_done(request, query, "consent"):
        return False
    return has_consented(request.user, asked.client, _told(asked))


def _told(asked: AuthorizationRequest) -> list[str]:
    """Return the scopes whose facts the portal learns, single claims included."""
    single = {str(SCOPE_OF[name]) for names in asked.terms.claims.values() for name in names}
    return [scope for scope in SignInScope.values if scope in single.union(asked.terms.scopes)]


def _ask(
    request: PersonRequest, query: str, asked: AuthorizationRequest, template: str, **context: Any
) -> HttpResponse:
    steps.begin(request, query, asked)
    return render(request, template, {**context, "query": query, "portal": asked.client.portal})


def _explain_not_open(request: PersonRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Say whom to ask. It is a page, because a portal that is told may send the person back."""
    portal = asked.client.portal
    launcher = launcher_of(request.user)
    groups = [
        group
        for group in launcher.groups
        if portal.pk in {other.pk for other in group.closed_portals}
    ]
    context = {"portal": portal, "groups": groups, "suspended": launcher.suspended}
    return render(request, "portals/oidc/not_open.html", context, status=403)


def _refuse(request: HttpRequest, reason: str) -> HttpResponse:
    return render(request, "portals/oidc/refused.html", {"reason": reason}, status=400)
