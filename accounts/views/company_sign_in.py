"""Signing in through a company's own provider: the page that leads there, the way, the return."""

from typing import cast
from urllib.parse import urlencode

import structlog
from allauth.account.internal.flows.login import (
    clear_authentication_records,
    perform_login,
    record_authentication,
)
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.choices import SignInProblem
from accounts.emails import absolute
from accounts.http import (
    METHOD,
    Asked,
    PersonRequest,
    asked_for_company,
    company_record,
    lead_to_company,
    rate_limited,
)
from accounts.models import CompanySignIn, Customer, User
from accounts.openid.claims import methods_of, proves_second_factor
from accounts.openid.discovery import ProviderUnreachable, UnfitProvider
from accounts.openid.exchange import (
    Cancelled,
    ExchangeRefused,
    Journey,
    NotFresh,
    Registration,
    Return,
    come_back,
    is_fresh,
    way_there,
)
from accounts.openid.id_tokens import signed_in_there_at
from accounts.selectors.company_sign_in import counts_as_second_factor, sign_in_in_force
from accounts.services.company_sign_in import client_secret_of, match_person, try_provider

log = structlog.get_logger(__name__)


@login_not_required
@never_cache
@require_safe
def company_sign_in_ask(request: HttpRequest) -> HttpResponse:
    """Say that people at this domain sign in through their company, with the button to it."""
    asked = asked_for_company(request)
    own = sign_in_in_force(asked.sign_in) if asked else None
    if asked is None or own is None or request.user.is_authenticated:
        return redirect("account_login")
    context = {"own": own, "domain": asked.address.rpartition("@")[2], "at_once": asked.at_once}
    return render(request, "accounts/company_sign_in_ask.html", context)


@require_safe
def company_sign_in_again(request: PersonRequest) -> HttpResponse:
    """Ask somebody who came through their company to confirm there that it is still them."""
    record = company_record(request)
    own = sign_in_in_force(record["sign_in"]) if record else None
    if own is None:
        return redirect("account_reauthenticate")
    page = get_next_redirect_url(request) or reverse("home")
    context = {"own": own, "query": urlencode({"again": "yes", "next": page})}
    return render(request, "accounts/company_sign_in_again.html", context)


@login_not_required
@never_cache
@require_safe
def company_sign_in_go(request: HttpRequest, company: str) -> HttpResponse:
    """Send the browser to the company's provider."""
    own = (
        CompanySignIn.objects.in_force()
        .select_related("customer")
        .filter(customer__slug=company)
        .first()
    )
    if own is None:
        return _refuse(request, SignInProblem.NOT_IN_FORCE)
    page, asked = get_next_redirect_url(request) or "", asked_for_company(request)
    if not request.user.is_authenticated:
        if asked is None or asked.sign_in != str(own.uuid):
            asked = Asked(str(own.uuid))
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            # Another site could lead somebody into an account that isn't theirs: ask them first.
            return lead_to_company(request, own, address=asked.address, page=page or asked.page)
        journey = Journey("sign_in", page or asked.page)
        return send_to_provider(request, own, journey, address=asked.address)
    if "again" not in request.GET:
        return redirect("home")
    person = cast(PersonRequest, request).user
    journey = Journey("again", page or reverse("home"), str(person.sub))
    return send_to_provider(request, own, journey, address=person.email)


@login_not_required
@never_cache
@require_safe
def company_sign_in_callback(request: HttpRequest, company: str) -> HttpResponse:
    """Take whoever comes back from the provider, and sign them in if they are who it says."""
    rows = CompanySignIn.objects.select_related("customer")
    own = get_object_or_404(rows, customer__slug=company)
    if refusal := rate_limited(request, "company_sign_in", str(own.uuid), is_get=True):
        return refusal
    try:
        result = come_back(request, _registration(own), request.GET)
    except (ExchangeRefused, ProviderUnreachable, UnfitProvider) as error:
        return _explain(request, own, error)
    person = str(request.user.sub) if request.user.is_authenticated else ""
    if result.journey.person != person:
        return _refuse(request, SignInProblem.OTHER_SIGN_IN, own)
    if result.journey.purpose == "try":
        return _tried(cast(PersonRequest, request), own, result)
    match = match_person(
        actor=None, sign_in=own, claims=result.claims, language=get_language() or "en"
    )
    if match.person is None:
        return _refuse(request, match.problem, own, match.address)
    if result.journey.purpose == "again":
        return _confirmed(request, own, result, match.person)
    return _sign_in(request, own, result, match.person, match.address)


def send_to_provider(
    request: HttpRequest, own: CompanySignIn, journey: Journey, *, address: str = ""
) -> HttpResponse:
    """Return a redirection to the provider, or the page that says why there is none."""
    if refusal := rate_limited(request, "company_sign_in", str(own.uuid), is_get=True):
        return refusal
    try:
        return HttpResponseRedirect(
            way_there(request, _registration(own), journey, address=address)
        )
    except (ProviderUnreachable, UnfitProvider) as error:
        return _explain(request, own, error)


def callback_address(company: Customer) -> str:
    """Return where a company's provider sends people back to, on the configured host."""
    return absolute(reverse("accounts:company-sign-in-callback", args=[company.slug]))


def start_address(company: Customer) -> str:
    """Return where a company's people can begin, such as a tile of their provider's."""
    return absolute(reverse("accounts:company-sign-in-go", args=[company.slug]))


def _registration(own: CompanySignIn) -> Registration:
    return Registration(
        name=str(own.uuid),
        issuer=own.issuer,
        client_id=own.client_id,
        client_secret=client_secret_of(own),
        redirect_uri=callback_address(own.customer),
        strong_acr=tuple(own.strong_acr),
    )


def _sign_in(
    request: HttpRequest, own: CompanySignIn, result: Return, person: User, address: str
) -> HttpResponse:
    """Sign them in; the steps of every sign-in follow, such as our own second factor."""
    clear_authentication_records(request)
    _record(request, own, result, person)
    login = Login(
        user=person,
        email=person.email,
        redirect_url=result.journey.page or reverse("home"),
        signal_kwargs={METHOD: str(own.uuid)},
    )
    response: HttpResponse = perform_login(request, login)
    if address != person.email and request.user.is_authenticated:
        text = _(
            "%(company)s knows you as %(address)s. You can change your address in your profile."
        )
        messages.info(request, text % {"company": own.customer, "address": address})
    return response


def _confirmed(
    request: HttpRequest, own: CompanySignIn, result: Return, person: User
) -> HttpResponse:
    """Note a fresh sign-in, and go on with what wanted it."""
    if person != request.user:
        return _refuse(request, SignInProblem.OTHER_SIGN_IN, own)
    if not is_fresh(result):
        return _explain(request, own, NotFresh("no auth_time after the sign-in came"))
    _record(request, own, result, person, again=True)
    request.GET = QueryDict(urlencode({"next": result.journey.page}))  # where allauth looks for it
    return resume_request(request) or redirect("home")


def _record(
    request: HttpRequest, own: CompanySignIn, result: Return, person: User, *, again: bool = False
) -> None:
    """Keep in the session what the provider says of this sign-in."""
    strong = proves_second_factor(result.claims, own.strong_acr)
    moment = signed_in_there_at(result.claims)
    if again and moment is not None:  # it was after they went there: the clocks differ
        moment = max(moment, result.began_at)
    record_authentication(
        request,
        person,
        METHOD,
        sign_in=str(own.uuid),
        customer=own.customer_id,
        company=own.customer.name,
        amr=methods_of(result.claims),
        second_factor=strong and counts_as_second_factor(person, own.customer_id),
        proven_at=moment,
        reauthenticated=again or None,
    )


def _tried(request: PersonRequest, own: CompanySignIn, result: Return) -> HttpResponse:
    match = try_provider(actor=request.user, sign_in=own, claims=result.claims)
    if match.problem is not None:
        return _refuse(request, match.problem, own, match.address)
    if signed_in_there_at(result.claims) is None:
        text = _(
            "The test worked, but your identity provider doesn't send the time of "
            "sign-in (auth_time). Until it does, sensitive changes need a passkey."
        )
        messages.warning(request, text)
    else:
        messages.success(
            request, _("The test worked: you signed in through your identity provider.")
        )
    return redirect("accounts:company-sign-in", own.customer.slug)


def _refuse(
    request: HttpRequest,
    problem: SignInProblem | None,
    own: CompanySignIn | None = None,
    address: str = "",
) -> HttpResponse:
    """Show the reason of a refused sign-in, and the people who can help."""
    context = {"problem": problem, "own": own, "address": address}
    return render(request, "accounts/company_sign_in_refused.html", context, status=403)


def _explain(request: HttpRequest, own: CompanySignIn, error: Exception) -> HttpResponse:
    """Say that the provider or the way back failed, with the reason for its administrator."""
    log.warning("a company's sign-in failed", company=own.customer.slug, reason=str(error))
    context = {
        "own": own,
        "reason": str(error),
        "is_cancelled": isinstance(error, Cancelled),
        "is_away": isinstance(error, ProviderUnreachable),
        "is_old": isinstance(error, NotFresh),
    }
    status = 502 if context["is_away"] else 400
    return render(request, "accounts/company_sign_in_failed.html", context, status=status)
