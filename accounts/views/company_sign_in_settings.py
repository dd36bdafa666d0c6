"""The page on which a Super User connects the company's own sign-in and proves its domains."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import ActForm, StrictForm
from accounts.forms.company_sign_in import (
    ClientForm,
    ConnectForm,
    DomainForm,
    MailboxForm,
    UnlinkForm,
)
from accounts.http import PersonRequest, rate_limited
from accounts.models import CompanyDomain, Customer
from accounts.openid.discovery import Provider, ProviderUnreachable, UnfitProvider, find_provider
from accounts.openid.dns import find_records, record_name
from accounts.openid.exchange import Journey
from accounts.permissions import is_fresh, require_fresh_sign_in
from accounts.selectors.company_sign_in import company_sign_in_of, domains_of, has_own_way_in
from accounts.services import company_sign_in as services
from accounts.services.company_sign_in.domains import find_domain_of_link
from accounts.views.access import managed_customer
from accounts.views.actions import run_action, submit, submit_button
from accounts.views.company_sign_in import callback_address, send_to_provider, start_address


@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "HEAD", "POST"])
def company_sign_in(request: PersonRequest, customer: str) -> HttpResponse:
    """Show the company's own sign-in; posted, connect its provider."""
    company = managed_customer(request, customer)
    if request.method != "POST":
        return _page(request, company)
    form = ConnectForm(request.POST)
    return _with_secret(request, company, form, lambda: _connect(request, company, form))


@sensitive_post_parameters("client_secret")
@require_POST
def company_sign_in_client(request: PersonRequest, customer: str) -> HttpResponse:
    """Replace the client at the provider."""
    company = managed_customer(request, customer)
    form = ClientForm(request.POST)
    return _with_secret(
        request,
        company,
        form,
        lambda: services.replace_client(
            actor=request.user,
            customer=company,
            signed_in_at=signed_in_at(request),
            **form.values(),  # type: ignore[arg-type]
        ),
    )


@require_safe
def company_sign_in_try(request: PersonRequest, customer: str) -> HttpResponse:
    """Send the Super User to the provider, to come back as themselves."""
    company = managed_customer(request, customer)
    own = company_sign_in_of(company)
    if own is None:
        return redirect("accounts:company-sign-in", customer)
    require_fresh_sign_in(signed_in_at(request))
    journey = Journey("try", person=str(request.user.sub))
    return send_to_provider(request, own, journey, address=request.user.email)


@require_POST
def company_sign_in_start(request: PersonRequest, customer: str) -> HttpResponse:
    """Switch it on."""
    text = _(
        "Members with an address at your domains now sign in through "
        "%(company)s. We are telling them by email."
    )
    return _switch(request, customer, services.start_company_sign_in, text)


@require_POST
def company_sign_in_stop(request: PersonRequest, customer: str) -> HttpResponse:
    """Switch it off."""
    text = _(
        "Members of %(company)s sign in with a password again. We are emailing "
        "them how to choose it."
    )
    return _switch(request, customer, services.stop_company_sign_in, text)


@require_POST
def company_sign_in_remove(request: PersonRequest, customer: str) -> HttpResponse:
    """Remove the provider."""
    text = _(
        "%(company)s no longer has an identity provider. Everyone who signed in "
        "through it is signed out."
    )
    return _switch(request, customer, services.remove_provider, text)


@require_POST
def company_sign_in_unlink(request: PersonRequest, customer: str) -> HttpResponse:
    """Forget which account of the provider is a person's."""
    company = managed_customer(request, customer)
    form = UnlinkForm(request.POST)
    success = submit(
        form,
        lambda: services.unlink_person(
            actor=request.user,
            customer=company,
            signed_in_at=signed_in_at(request),
            **form.cleaned_data,
        ),
    )
    if not success:
        return _page(request, company, unlink=form)
    text = _("%(person)s is unlinked. Their next sign-in links their new account.")
    messages.success(request, text % {"person": success.result})
    return redirect("accounts:company-sign-in", customer)


@require_POST
def company_domain_add(request: PersonRequest, customer: str) -> HttpResponse:
    """Add an email domain."""
    company = managed_customer(request, customer)
    form = DomainForm(request.POST)
    if not submit(
        form,
        lambda: services.add_domain(actor=request.user, customer=company, **form.cleaned_data),
    ):
        return _page(request, company, domain=form)
    messages.success(request, _("The domain is added. Now verify that it is yours."))
    return redirect("accounts:company-sign-in", customer)


@require_POST
def company_domain_check(request: PersonRequest, customer: str, domain: UUID) -> HttpResponse:
    """Look for the DNS record that proves a domain."""
    row = _domain(request, customer, domain)
    if refusal := rate_limited(request, "company_sign_in", str(row.pk)):
        return refusal
    records = find_records(row.domain)
    run_action(
        request,
        lambda: services.prove_domain_by_dns(actor=request.user, domain=row, records=records or []),
        _("%(domain)s is verified.") % {"domain": row.domain},
    )
    return redirect("accounts:company-sign-in", customer)


@require_POST
def company_domain_email(request: PersonRequest, customer: str, domain: UUID) -> HttpResponse:
    """Send a link that proves a domain to its postmaster."""
    row = _domain(request, customer, domain)
    form = MailboxForm(request.POST)
    success = submit_button(
        request,
        form,
        lambda: services.send_domain_link(actor=request.user, domain=row, **form.cleaned_data),
    )
    if success:
        address = f"{form.cleaned_data['mailbox']}@{row.domain}"
        messages.success(request, _("We sent a link to %(address)s.") % {"address": address})
    return redirect("accounts:company-sign-in", customer)


@require_POST
def company_domain_remove(request: PersonRequest, customer: str, domain: UUID) -> HttpResponse:
    """Remove a domain."""
    row = _domain(request, customer, domain)
    run_action(
        request,
        lambda: services.remove_domain(
            actor=request.user, domain=row, signed_in_at=signed_in_at(request)
        ),
        _("%(domain)s is no longer an email domain of your company.") % {"domain": row.domain},
    )
    return redirect("accounts:company-sign-in", customer)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def company_domain_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask the reader of a domain's mailbox whether it is the company's; posted, take it as proof.

    A program that opens links for its reader proves nothing by it.
    """
    row = find_domain_of_link(token)
    form = ActForm(request.POST if request.method == "POST" else None)
    is_done = False
    if row is not None and form.is_valid():
        try:
            is_done = services.prove_domain_by_link(actor=None, token=token) is not None
        except ValidationError as refusal:
            form.refuse(refusal)
    context = {"row": row, "form": form, "is_done": is_done}
    status = 410 if row is None else 200
    answer = render(request, "accounts/company_domain_confirm.html", context, status=status)
    answer["Referrer-Policy"] = "strict-origin"  # the address holds the token
    return answer


def _connect(request: PersonRequest, company: Customer, form: ConnectForm) -> Any:
    return services.connect_provider(
        actor=request.user,
        customer=company,
        provider=_find(form.cleaned_data["issuer"]),
        signed_in_at=signed_in_at(request),
        **form.values(),  # type: ignore[arg-type]
    )


def _find(address: str) -> Provider:
    """Ask the provider for its document. Raises ValidationError naming the field."""
    try:
        return find_provider(address)
    except UnfitProvider as error:
        text = _("This identity provider can't be used: %(reason)s.") % {"reason": error}
    except ProviderUnreachable as error:
        text = _("The identity provider doesn't answer at this address (%(reason)s).") % {
            "reason": error
        }
    raise ValidationError({"issuer": text})


def _with_secret(
    request: PersonRequest, company: Customer, form: StrictForm, act: Callable[[], Any]
) -> HttpResponse:
    """Carry out a form with a secret, which no session may keep until a fresh sign-in is done."""
    page = redirect("accounts:company-sign-in", company.slug)
    if not is_fresh(signed_in_at(request)):
        messages.info(request, _("Confirm that it is still you, then fill in the form again."))
        return page
    if refusal := rate_limited(request, "company_sign_in", company.slug):
        return refusal
    if submit(form, act):
        messages.success(request, _("Your identity provider is connected. Now test the sign-in."))
        return page
    return _page(request, company, client=form)


def _switch(
    request: PersonRequest, customer: str, service: Callable[..., Any], text: str
) -> HttpResponse:
    company = managed_customer(request, customer)
    run_action(
        request,
        lambda: service(actor=request.user, customer=company, signed_in_at=signed_in_at(request)),
        text % {"company": company},
    )
    return redirect("accounts:company-sign-in", customer)


def _domain(request: PersonRequest, customer: str, domain: UUID) -> CompanyDomain:
    company = managed_customer(request, customer)
    rows = CompanyDomain.objects.select_related("customer")
    return get_object_or_404(rows, customer=company, uuid=domain)


def _page(
    request: PersonRequest,
    company: Customer,
    *,
    client: StrictForm | None = None,
    domain: DomainForm | None = None,
    unlink: UnlinkForm | None = None,
) -> HttpResponse:
    """Return the page, with the form that was refused."""
    own, may_act = company_sign_in_of(company), company.status == CustomerStatus.ACTIVE
    main, domains = company.main_super_user, domains_of(company)
    context = {
        "customer": company,
        "own": own,
        "domains": [(row, record_name(row.domain)) for row in domains],
        "is_proven": any(row.proven_at and not row.lapsed_at for row in domains),
        "main": main,
        "main_has_way_in": main is not None and has_own_way_in(main.user),
        "client": client or (ClientForm() if own else ConnectForm()),
        "domain_form": domain or DomainForm(),
        "mailbox": MailboxForm(),
        "unlink": unlink or UnlinkForm(),
        "callback": callback_address(company),
        "start": start_address(company),
        "is_fresh": is_fresh(signed_in_at(request)),
        "may_act": may_act,
    }
    return render(request, "accounts/company_sign_in.html", context)
