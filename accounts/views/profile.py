"""A person's own profile page."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.forms import ProfileForm
from accounts.http import PersonRequest
from accounts.selectors import sentence_of
from accounts.selectors.activity import find_history
from accounts.selectors.company_sign_in import sign_in_of_person
from accounts.selectors.delays import delayed_acts_of
from accounts.selectors.people import current_memberships
from accounts.services.people import profile_values, update_profile
from accounts.views.actions import submit


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PersonRequest) -> HttpResponse:
    """Show name, language, sign-in methods, companies and history; posted, save the first two."""
    data = request.POST if request.method == "POST" else None
    form = ProfileForm(data, shown=profile_values(request.user))
    success = submit(
        form,
        lambda: update_profile(actor=request.user, version=form.version_shown, **form.values()),
    )
    if success:
        person = success.result
        with translation.override(person.language):
            messages.success(request, _("Your profile is up to date."))
        response = redirect("accounts:profile")
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            person.language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response
    page = find_history(request.user, after=request.GET.get("after", ""), size=20)
    context = {
        "form": form,
        "delayed_acts": delayed_acts_of(request.user),
        "memberships": current_memberships(request.user),
        "own_sign_in": sign_in_of_person(request.user),
        "page": page,
        "entries": [(event, sentence_of(event)) for event in page],
    }
    return render(request, "accounts/profile.html", context)
