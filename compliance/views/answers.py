"""Answering policies, and the answers of a person and of their companies."""

import json
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.addresses import number_in
from accounts.http import PersonRequest, network_address
from accounts.models import Customer, Membership
from accounts.selectors import page_of
from accounts.views.actions import submit
from compliance.choices import ANSWERS, PolicyKind, Verb
from compliance.forms.answers import AnswerForm
from compliance.models import PolicyVersion
from compliance.selectors import ToAnswer, policies_to_answer, public_versions
from compliance.selectors.agreements import receipt_of, visible_acceptances
from compliance.services.answers import answer_version
from compliance.views.public import readers_language, shown_text


@never_cache
@require_safe
def agree(request: PersonRequest) -> HttpResponse:
    """Show every text that this person has not answered, with its answers."""
    wanted = _wanted(request, request.GET.get("next", ""))
    items = policies_to_answer(request.user)
    context = {
        "items": [_shown(item, wanted) for item in items],
        "binds": any(item.binds for item in items),
        "declined": _declined(request, items),
        "leavable": Membership.objects.live().filter(user=request.user).select_related("customer"),
        "wanted": wanted,
    }
    return render(request, "compliance/agree.html", context)


def _shown(item: ToAnswer, wanted: str) -> dict[str, Any]:
    version, language = item.version, readers_language()
    initial = {
        "policy": version.policy.slug,
        "number": version.number,
        "customer": item.customer.slug if item.customer else "",
        "sha256": version.sha256,
        "language": language,
        "next": wanted,
    }
    form = AnswerForm(initial=initial, auto_id=False)
    del form.fields["verb"]
    return {
        **shown_text(version, language),
        "item": item,
        "form": form,
        "verbs": ANSWERS[PolicyKind(version.policy.kind)],
    }


def _declined(request: PersonRequest, items: list[ToAnswer]) -> bool:
    """Return whether the person declined one of these texts."""
    versions = [item.version.pk for item in items]
    declined = request.user.acceptances.filter(version__in=versions, verb=Verb.DECLINED)
    return declined.exists()


def _wanted(request: PersonRequest, address: str) -> str:
    """Return the page to go back to; empty for one that is not of this host."""
    is_ours = url_has_allowed_host_and_scheme(
        address, request.get_host(), require_https=request.is_secure()
    )
    return address if is_ours and address.startswith("/") else ""


@require_POST
def agree_answer(request: PersonRequest) -> HttpResponse:
    """Record an answer, then lead to the next text or back to where the person was going."""
    form = AnswerForm(request.POST)
    facts = form.data
    version = _answered_version(facts.get("policy", ""), facts.get("number", ""))
    slug = facts.get("customer", "")
    own = Customer.objects.filter(
        memberships__in=Membership.objects.live().filter(user=request.user)
    )
    customer = get_object_or_404(own, slug=slug) if slug else None
    success = submit(
        form,
        lambda: answer_version(
            actor=request.user,
            version=version,
            customer=customer,
            network_address=network_address(request) or None,
            browser=request.headers.get("User-Agent", ""),
            **form.facts(),
        ),
    )
    wanted = _wanted(request, facts.get("next", ""))
    if success is None:
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return _to_answer(wanted)
    messages.success(request, _done_message(success.result.verb, version, customer))
    if any(item.binds for item in policies_to_answer(request.user)):
        return _to_answer(wanted)
    return redirect(wanted or "compliance:agreements")


def _to_answer(wanted: str) -> HttpResponse:
    query = f"?next={quote(wanted)}" if wanted else ""
    return redirect(reverse("compliance:agree") + query)


def _answered_version(slug: str, number: str) -> PolicyVersion:
    return get_object_or_404(public_versions(), policy__slug=slug, number=number_in(number))


def _done_message(verb: str, version: PolicyVersion, customer: Customer | None) -> str:
    facts = {"policy": version.title, "company": customer or ""}
    if verb == Verb.ACKNOWLEDGED:
        return _("You acknowledged %(policy)s.") % facts
    if verb == Verb.ACCEPTED and customer:
        return _("You accepted %(policy)s for %(company)s.") % facts
    if verb == Verb.ACCEPTED:
        return _("You accepted %(policy)s.") % facts
    return _("You declined %(policy)s. You can still accept it later.") % facts


@require_safe
def agreements(request: PersonRequest) -> HttpResponse:
    """List the answers of a person and those given for their companies, newest first."""
    rows = visible_acceptances(request.user)
    page = page_of(rows, among=rows, order=("-pk",), after=request.GET.get("after", ""), size=25)
    context = {"page": page, "waiting": policies_to_answer(request.user)}
    return render(request, "compliance/agreements.html", context)


@require_safe
def agreement_receipt(request: PersonRequest, pk: int) -> HttpResponse:
    """Return the receipt of one answer as a file."""
    acceptance = get_object_or_404(visible_acceptances(request.user), pk=pk)
    receipt = receipt_of(acceptance, reader=request.user)
    answer = HttpResponse(
        json.dumps(receipt, ensure_ascii=False, indent=2),
        content_type="application/json; charset=utf-8",
    )
    name = f"receipt-{acceptance.version.policy.slug}-{acceptance.version.number}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
