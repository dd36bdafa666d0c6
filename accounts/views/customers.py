"""A company's own page: its data and its main Super User."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.choices import CustomerStatus
from accounts.forms import CompanyForm, HandOverForm, SecondFactorForm
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.selectors import open_hand_over
from accounts.selectors.factors import MANY, people_without_factor
from accounts.selectors.people_list import PeopleFilter, count_up_to
from accounts.services import customers
from accounts.views.access import managed_customer
from accounts.views.actions import submit


@require_http_methods(["GET", "HEAD", "POST"])
def company(request: PersonRequest, customer: str) -> HttpResponse:
    """Show the company data; posted, save them."""
    company = managed_customer(request, customer)
    data = request.POST if request.method == "POST" else None
    form = CompanyForm(data, shown=customers.company_values(company))
    if submit(
        form,
        lambda: customers.update_company(
            actor=request.user, customer=company, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("The company details are up to date."))
        return redirect("accounts:company", customer)
    return company_page(request, company, form, HandOverForm(customer=company))


def company_page(
    request: PersonRequest,
    company: Customer,
    form: CompanyForm,
    hand_over: HandOverForm,
    second_factor: SecondFactorForm | None = None,
) -> HttpResponse:
    """Return the page of the company data and the main Super User, with these forms."""
    main = company.main_super_user
    context = {
        "customer": company,
        "form": form,
        "hand_over": hand_over,
        "second_factor": second_factor or SecondFactorForm(),
        "without_factor": people_without_factor(
            count_up_to(MANY + 1, company, PeopleFilter(second_factor=False))
        ),
        "main": main,
        "is_main": main is not None and main.user_id == request.user.pk,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "others": hand_over.has_others,
        "offer": open_hand_over(company),
    }
    return render(request, "accounts/company.html", context)
