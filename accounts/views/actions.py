"""Carrying out what a page sends: a form shows its refusals, a button tells them in a message."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.forms import ActForm, StrictForm, first_error
from accounts.http import PersonRequest

Result = TypeVar("Result")
CONFIRM_PAGES = ("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn")


@dataclass(frozen=True)
class Success(Generic[Result]):
    """A finished action with what its service returned; true even where that is None."""

    result: Result


def submit(form: StrictForm, action: Callable[[], Result]) -> Success[Result] | None:
    """Run the action of a valid form. Return None where it was refused: show the form again.

    What the service refuses is then among the form's errors.
    """
    if not form.is_valid():
        return None
    try:
        return Success(action())
    except ValidationError as refusal:
        form.refuse(refusal)
        return None


def submit_button(
    request: PersonRequest, form: StrictForm, action: Callable[[], Result]
) -> Success[Result] | None:
    """Run the action of a form without a page of its own; tell a refusal in a message."""
    success = submit(form, action)
    if success is None:
        messages.error(request, first_error(form))
    return success


def show_success(request: PersonRequest, message: str, _result: Any) -> None:
    """Show a message that says what was done."""
    messages.success(request, message)


def run_action(
    request: PersonRequest,
    action: Callable[[], Any],
    message: str,
    notify: Callable[[PersonRequest, str, Any], None] = show_success,
) -> bool:
    """Run the action of a button without fields, and show the message. Return whether it was done.

    `notify` shows the message, given what the action returned (accounts.views.undo.offer_undo).
    """
    success = submit_button(request, ActForm(request.POST), action)
    if success is None:
        return False
    notify(request, message, success.result)
    return True


def previous_page(request: PersonRequest, default: str) -> str:
    """Return the page of the hub that the button was on; `default` where the browser hides it."""
    referrer = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(referrer, request.get_host())
    # After a fresh sign-in the form is sent again from the sign-in page: nobody goes back there.
    is_sign_in = any(reverse(name) in referrer for name in CONFIRM_PAGES)
    return referrer if is_ours and not is_sign_in else default
