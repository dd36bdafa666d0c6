"""A company's page about email: contacts, added recipients, topics it blocks."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer, Membership
from accounts.views.access import managed_customer
from accounts.views.actions import run_action, submit
from preferences.forms.customer_email import AddedMailForm, ColleagueForm, ContactForm
from preferences.models import ContactRole
from preferences.selectors import customer_contacts, customer_recipients, customer_topics
from preferences.selectors.customer_email import recipients_page, topics_shown_to
from preferences.services import customer_email


def _page(request: PersonRequest, company: Customer, **forms: ColleagueForm) -> HttpResponse:
    context: dict[str, Any] = {
        "customer": company,
        "page_address": reverse("preferences:customer-email", args=[company.slug]),
        "may_act": company.status == CustomerStatus.ACTIVE,
        "contacts": customer_contacts(company),
        "topics": customer_topics(company),
        "added": recipients_page(company, request.GET.get("after", "")),
        "contact_form": ContactForm(customer=company, prefix="contact"),
        "added_form": AddedMailForm(customer=company, prefix="added"),
    }
    return render(request, "preferences/customer_email.html", context | forms)


@require_safe
def customer_email_page(request: PersonRequest, customer: str) -> HttpResponse:
    """Show what the company decides about its people's email."""
    return _page(request, managed_customer(request, customer))


def _add(
    request: PersonRequest,
    company: Customer,
    form_name: str,
    form: ColleagueForm,
    service: Callable[..., Any],
    message: str,
) -> HttpResponse:
    """Call the service with the form's values, or show the page with the form as it was sent."""

    def add() -> Membership:
        values = dict(form.cleaned_data)
        membership: Membership = values.pop("person")
        service(actor=request.user, membership=membership, **values)
        return membership

    success = submit(form, add)
    if success:
        category = form.cleaned_data.get("category")
        facts = {"person": success.result, "category": category}
        messages.success(request, message % facts)
        return redirect("preferences:customer-email", company.slug)
    return _page(request, company, **{form_name: form})


@require_POST
def contact_add(request: PersonRequest, customer: str) -> HttpResponse:
    """Add a contact."""
    company = managed_customer(request, customer)
    form = ContactForm(request.POST, customer=company, prefix="contact")
    done = _("%(person)s is now a contact.")
    return _add(request, company, "contact_form", form, customer_email.name_contact, done)


@require_POST
def contact_remove(request: PersonRequest, customer: str, contact: int) -> HttpResponse:
    """Remove a contact."""
    company = managed_customer(request, customer)
    contact_role = get_object_or_404(
        ContactRole.objects.select_related("membership__customer", "membership__user"),
        pk=contact,
        membership__customer=company,
    )
    run_action(
        request,
        lambda: customer_email.remove_contact(actor=request.user, contact=contact_role),
        _("%(person)s is no longer a contact.") % {"person": contact_role.membership},
    )
    return redirect("preferences:customer-email", customer)


@require_POST
def recipient_add(request: PersonRequest, customer: str) -> HttpResponse:
    """Send a topic or a class of notices to one of the company's people too."""
    company = managed_customer(request, customer)
    form = AddedMailForm(request.POST, customer=company, prefix="added")
    done = _("%(person)s now gets “%(category)s”.")
    return _add(request, company, "added_form", form, customer_email.add_recipient, done)


@require_POST
def recipient_remove(request: PersonRequest, customer: str, recipient: int) -> HttpResponse:
    """Remove an added recipient."""
    company = managed_customer(request, customer)
    added = get_object_or_404(customer_recipients(company), pk=recipient)
    run_action(
        request,
        lambda: customer_email.remove_recipient(actor=request.user, recipient=added),
        _("%(person)s no longer gets “%(category)s” through the company.")
        % {"person": added.membership, "category": added.what},
    )
    return redirect("preferences:customer-email", customer)


@require_POST
def topic_deny(request: PersonRequest, customer: str, topic: str) -> HttpResponse:
    """Block a topic for everyone in the company."""
    company = managed_customer(request, customer)
    shown = get_object_or_404(topics_shown_to(company), slug=topic)
    run_action(
        request,
        lambda: customer_email.deny_topic(actor=request.user, customer=company, topic=shown),
        _("Your people no longer get “%(topic)s” through the company.") % {"topic": shown},
    )
    return redirect("preferences:customer-email", customer)


@require_POST
def topic_allow(request: PersonRequest, customer: str, topic: str) -> HttpResponse:
    """Unblock a topic for the company."""
    company = managed_customer(request, customer)
    shown = get_object_or_404(topics_shown_to(company), slug=topic)
    run_action(
        request,
        lambda: customer_email.allow_topic(actor=request.user, customer=company, topic=shown),
        _("Subscribers of your company get “%(topic)s” again.") % {"topic": shown},
    )
    return redirect("preferences:customer-email", customer)
