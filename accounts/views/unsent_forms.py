"""Discarding a form that was sent after its session had ended."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import PersonRequest
from accounts.unsent_forms import forget_unsent_form
from accounts.views.actions import previous_page


@require_POST
def unsent_form_discard(request: PersonRequest) -> HttpResponse:
    """Forget what was typed, and show the page as it is stored."""
    forget_unsent_form(request)
    return redirect(previous_page(request, reverse("home")))
