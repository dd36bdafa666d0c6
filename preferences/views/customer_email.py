"""A company's page of its people's mail: contacts, additions, topics it does not want."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.selectors import page_of
from accounts.views.access import managed_customer, run_action
from preferences.forms.customer_email import AddedMailForm, ColleagueForm, ContactForm
from preferences.models import ContactRole
from preferences.selectors import customer_contacts, customer_recipients, customer_topics
from preferences.selectors.customer_email import topics_shown_to
from preferences.services import customer_email


def _page(request: PersonRequest, company: Customer, **refused: ColleagueForm) -> HttpResponse:
    rows = customer_recipients(company)
    context: dict[str, Any] = {
        "customer": company,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "contacts": customer_contacts(company),
        "topics": customer_topics(company),
        "added": page_of(
            rows, among=rows, order=("pk",), after=request.GET.get("after", ""), size=50
        ),
        "contact_form": ContactForm(customer=company, prefix="contact"),
        "added_form": AddedMailForm(customer=company, prefix="added"),
    }
    return render(request, "preferences/customer_email.html", context | refused)


@require_safe
def customer_email_page(request: PersonRequest, customer: str) -> HttpResponse:
    """What the company decides about its people's mail, and what it cannot."""
    return _page(request, managed_customer(request, customer))


def _add(
    request: PersonRequest, company: Customer, name: str, form: ColleagueForm, act: Any, done: str
) -> HttpResponse:
    """Do what a form asks and say so, or show the page with the form as it was sent."""
    if form.is_valid():
        values = dict(form.cleaned_data)
        membership = values.pop("person")
        try:
            act(actor=request.user, membership=membership, **values)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, done % {"person": membership})
            return redirect("preferences:customer-email", company.slug)
    return _page(request, company, **{name: form})


@require_POST
def contact_name(request: PersonRequest, customer: str) -> HttpResponse:
    """Name a contact."""
    company = managed_customer(request, customer)
    form = ContactForm(request.POST, customer=company, prefix="contact")
    done = _("%(person)s is a contact now.")
    return _add(request, company, "contact_form", form, customer_email.name_contact, done)


@require_POST
def contact_remove(request: PersonRequest, customer: str, contact: int) -> HttpResponse:
    """End a contact role."""
    company = managed_customer(request, customer)
    found = get_object_or_404(
        ContactRole.objects.select_related("membership__customer", "membership__user"),
        pk=contact,
        membership__customer=company,
    )
    run_action(
        request,
        lambda: customer_email.remove_contact(actor=request.user, contact=found),
        _("%(person)s is no longer this contact.") % {"person": found.membership},
    )
    return redirect("preferences:customer-email", customer)


@require_POST
def recipient_add(request: PersonRequest, customer: str) -> HttpResponse:
    """Have one of the company's people get something besides."""
    company = managed_customer(request, customer)
    form = AddedMailForm(request.POST, customer=company, prefix="added")
    done = _("%(person)s gets it from now on.")
    return _add(request, company, "added_form", form, customer_email.add_recipient, done)


@require_POST
def recipient_remove(request: PersonRequest, customer: str, recipient: int) -> HttpResponse:
    """Take an addition back."""
    company = managed_customer(request, customer)
    found = get_object_or_404(customer_recipients(company), pk=recipient)
    run_action(
        request,
        lambda: customer_email.remove_recipient(actor=request.user, recipient=found),
        _("%(person)s no longer gets it through the company.") % {"person": found.membership},
    )
    return redirect("preferences:customer-email", customer)


@require_POST
def topic_deny(request: PersonRequest, customer: str, topic: str) -> HttpResponse:
    """Stop a topic for everyone in the company."""
    company = managed_customer(request, customer)
    found = get_object_or_404(topics_shown_to(company), slug=topic)
    run_action(
        request,
        lambda: customer_email.deny_topic(actor=request.user, customer=company, topic=found),
        _("“%(topic)s” no longer comes to your people through the company.") % {"topic": found},
    )
    return redirect("preferences:customer-email", customer)


@require_POST
def topic_allow(request: PersonRequest, customer: str, topic: str) -> HttpResponse:
    """Let a topic through again."""
    company = managed_customer(request, customer)
    found = get_object_or_404(topics_shown_to(company), slug=topic)
    run_action(
        request,
        lambda: customer_email.allow_topic(actor=request.user, customer=company, topic=found),
        _("“%(topic)s” comes again to those who want it.") % {"topic": found},
    )
    return redirect("preferences:customer-email", customer)
