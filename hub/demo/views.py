"""The demo's one-click sign-in and kept emails, for requests from this machine only."""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.http import email_frame, shows_emails
from accounts.models import User
from hub.demo.mail import KeptMail, find_mail, kept_mails
from hub.demo.people import example_users

View = Callable[..., HttpResponse]


def loopback_only(view: View) -> View:
    """Answer 404 unless the request comes from a loopback address, wherever the server listens."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            is_loopback = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
        except ValueError:
            is_loopback = False
        if not is_loopback:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@login_not_required
@require_POST
@loopback_only
def sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign in as one of the example people, through allauth's ordinary password sign-in."""
    allowed = [user.pk for user in example_users()]
    user = get_object_or_404(User.objects.filter(pk__in=allowed), pk=pk)
    if request.user.is_authenticated:  # what was typed before a session ended stays for its person
        logout(request)
    login = Login(user=user, email_verification=None, redirect_url=get_next_redirect_url(request))
    return perform_password_login(request, {"email": user.email}, login)


@login_not_required
@require_GET
@never_cache
@loopback_only
def mail_list(request: HttpRequest) -> HttpResponse:
    """Show every email the demo kept, newest first."""
    return render(request, "hub/demo_mail_list.html", {"mails": kept_mails()})


@login_not_required
@require_GET
@never_cache
@loopback_only
@shows_emails
def mail_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show one email: both of its parts, and its headers."""
    mail = _mail_or_404(key)
    return render(request, "hub/demo_mail_detail.html", {"mail": mail})


@login_not_required
@require_GET
@never_cache
@loopback_only
def mail_html(request: HttpRequest, key: str) -> HttpResponse:
    """Show the HTML part of one email, for the frame on its page."""
    mail = _mail_or_404(key)
    return email_frame(mail.html, follows_links=True)


def _mail_or_404(key: str) -> KeptMail:
    mail = find_mail(key)
    if mail is None:
        raise Http404
    return mail
