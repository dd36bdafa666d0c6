"""The provider's pages of policies: draft, check, publish, announce, withdraw."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import Language
from accounts.http import PersonRequest
from accounts.models import User
from accounts.permissions import require_staff
from accounts.selectors import page_of
from accounts.views.actions import submit
from compliance.choices import AskedOf, VersionState
from compliance.forms.answers import RecordAnswerForm
from compliance.forms.policies import (
    AnnounceForm,
    EditVersionForm,
    NewPolicyForm,
    PublishForm,
    WithdrawForm,
)
from compliance.models import Acceptance, Policy, PolicyVersion
from compliance.selectors import (
    PolicyHistory,
    histories,
    history_of_policy,
    people_to_answer,
    versions,
)
from compliance.selectors.drift import drift_of
from compliance.services import announcements
from compliance.services import policies as services
from compliance.services.recorded_answers import record_answer
from compliance.views.public import shown_text

VIEW = "compliance.view_policyversion"


@require_safe
def provider_policies(request: PersonRequest) -> HttpResponse:
    """List the policies with their text in force and what is coming."""
    require_staff(request.user, VIEW)
    rows = Policy.objects.all()
    page = page_of(
        rows, among=rows, order=("slug", "pk"), after=request.GET.get("after", ""), size=25
    )
    listed = histories(Policy.objects.filter(pk__in=[policy.pk for policy in page]))
    return render(request, "compliance/provider_policies.html", {"page": page, "histories": listed})


@require_http_methods(["GET", "HEAD", "POST"])
def policy_new(request: PersonRequest) -> HttpResponse:
    """Create a policy with the draft of its first version."""
    require_staff(request.user, "compliance.add_policy")
    form = NewPolicyForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: services.create_policy(actor=request.user, **form.values()))
    if success:
        messages.success(request, _("The draft is saved. Nobody else can read it yet."))
        return redirect("compliance:provider-version", success.result.slug, 1)
    return render(request, "compliance/policy_edit.html", {"form": form})


@require_safe
def provider_policy(request: PersonRequest, slug: str) -> HttpResponse:
    """Show a policy with all its versions."""
    history = _history(request, slug, VIEW)
    context = {
        "history": history,
        "policy": history.policy,
        "rows": [(row, history.state_of(row)) for row in history.versions],
        "drift": drift_of(history),
    }
    return render(request, "compliance/provider_policy.html", context)


def _history(request: PersonRequest, slug: str, permission: str) -> PolicyHistory:
    require_staff(request.user, permission)
    return history_of_policy(get_object_or_404(Policy, slug=slug))


@require_POST
def version_begin(request: PersonRequest, slug: str) -> HttpResponse:
    """Begin the draft of the next version, with the text of the newest."""
    history = _history(request, slug, "compliance.change_policyversion")
    begun = services.begin_version(actor=request.user, policy=history.policy)
    return redirect("compliance:version-edit", slug, begun.number)


def _version(request: PersonRequest, slug: str, number: int, permission: str) -> PolicyVersion:
    require_staff(request.user, permission)
    rows = versions().select_related("written_by", "published_by", "withdrawn_by")
    return get_object_or_404(rows, policy__slug=slug, number=number)


@require_http_methods(["GET", "HEAD", "POST"])
def version_edit(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """Change a draft."""
    draft = _version(request, slug, number, "compliance.change_policyversion")
    if not draft.is_draft:
        messages.error(request, _("Only a draft can be changed."))
        return redirect("compliance:provider-version", slug, number)
    form = EditVersionForm(
        request.POST if request.method == "POST" else None, shown=services.draft_values(draft)
    )
    if submit(
        form,
        lambda: services.update_version(
            actor=request.user, draft=draft, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("The draft is saved. Nobody else can read it yet."))
        return redirect("compliance:provider-version", slug, number)
    return render(request, "compliance/policy_edit.html", {"form": form, "draft": draft})


@require_http_methods(["GET", "HEAD", "POST"])
def provider_version(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """Show a version in both languages, and its next step: publish, announce or withdraw it.

    Posted, it publishes a draft or announces a published version.
    """
    version = _version(request, slug, number, VIEW)
    history = history_of_policy(version.policy)
    state = history.state_of(version)
    form = _next_step(request, version, state)
    if form is not None and _carry_out(request, version, form):
        return redirect("compliance:provider-version", slug, number)
    if form is None and request.method == "POST":
        messages.error(request, _("This step is already done."))
        return redirect("compliance:provider-version", slug, number)
    texts = [shown_text(version, language) for language in Language.values]
    context = {
        "version": version,
        "policy": version.policy,
        "state": state,
        "texts": texts,
        "form": form,
        "missing": services.missing_fields(version) if version.is_draft else {},
        "earlier": next((v for v in history.published if v.number < number), None),
        "may_withdraw": _may_withdraw(request, state),
        "waiting": _waiting(version, state),
        "may_record": _may_record(request, version, state),
        "notice_days": announcements.notice_period().days,
    }
    return render(request, "compliance/provider_version.html", context)


def _may_withdraw(request: PersonRequest, state: VersionState) -> bool:
    return state in (VersionState.PUBLISHED, VersionState.ANNOUNCED) and request.user.has_perm(
        "compliance.announce_policyversion"
    )


def _may_record(request: PersonRequest, version: PolicyVersion, state: VersionState) -> bool:
    is_over = state in (VersionState.DRAFT, VersionState.WITHDRAWN)
    is_asked = version.policy.asked_of != AskedOf.NOBODY
    return is_asked and not is_over and request.user.has_perm("compliance.add_acceptance")


def _waiting(version: PolicyVersion, state: VersionState) -> int | None:
    """Return how many people have not answered; None where nobody is asked."""
    is_asked = version.material and version.policy.asked_of != AskedOf.NOBODY
    if not is_asked or state not in (VersionState.ANNOUNCED, VersionState.IN_FORCE):
        return None
    return people_to_answer(version).count()


def _next_step(
    request: PersonRequest, version: PolicyVersion, state: VersionState
) -> PublishForm | AnnounceForm | None:
    """Return the form of what this person may do next with a version; None for nothing."""
    data = request.POST if request.method == "POST" else None
    if state == VersionState.DRAFT:
        if request.user.has_perm("compliance.publish_policyversion"):
            return PublishForm(data, shown=services.draft_values(version))
    elif state == VersionState.PUBLISHED and version.material:
        if request.user.has_perm("compliance.announce_policyversion"):
            return AnnounceForm(
                data,
                early=announcements.is_early(version),
                alone=request.user.pk in (version.written_by_id, version.published_by_id),
            )
    elif data is not None:
        return None
    if data is not None:
        raise PermissionDenied("the next step of this version is somebody else's")
    return None


def _carry_out(
    request: PersonRequest, version: PolicyVersion, form: PublishForm | AnnounceForm
) -> bool:
    """Publish or announce; return whether it was done."""
    if isinstance(form, PublishForm):
        is_done = bool(
            submit(
                form,
                lambda: services.publish_version(
                    actor=request.user, draft=version, version=form.version_shown
                ),
            )
        )
        done = _("Version %(number)s is published. It is not announced yet.")
        if not version.material:
            done = _("Version %(number)s is published.")
    else:
        is_done = bool(
            submit(
                form,
                lambda: announcements.announce_version(
                    actor=request.user, version=version, **form.cleaned_data
                ),
            )
        )
        done = _("Version %(number)s is announced. The emails are being sent.")
    if is_done:
        messages.success(request, done % {"number": version.number})
    return is_done


@require_http_methods(["GET", "HEAD", "POST"])
def version_withdraw(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """Withdraw a version before it takes effect, with a reason that people read."""
    version = _version(request, slug, number, "compliance.announce_policyversion")
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: announcements.withdraw_version(
            actor=request.user, version=version, **form.cleaned_data
        ),
    ):
        messages.success(request, _("Version %(number)s is withdrawn.") % {"number": number})
        return redirect("compliance:provider-policy", slug)
    context = {"form": form, "version": version, "policy": version.policy}
    return render(request, "compliance/version_withdraw.html", context)


@require_safe
def version_unanswered(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """List the people who have not answered a version."""
    version = _version(request, slug, number, "compliance.view_acceptance")
    if version.is_draft:
        raise Http404
    rows = people_to_answer(version)
    among = User.objects.filter(is_staff=False)
    page = page_of(rows, among=among, order=("pk",), after=request.GET.get("after", ""))
    context: dict[str, Any] = {"version": version, "policy": version.policy, "page": page}
    return render(request, "compliance/version_unanswered.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def version_record(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """Record an answer that came on paper or by email, and list those recorded, newest first."""
    version = _version(request, slug, number, "compliance.add_acceptance")
    is_asked = version.policy.asked_of != AskedOf.NOBODY
    if version.is_draft or version.withdrawn_at is not None or not is_asked:
        raise Http404
    form = RecordAnswerForm(
        request.POST if request.method == "POST" else None, policy=version.policy
    )
    success = submit(
        form, lambda: record_answer(actor=request.user, version=version, **form.cleaned_data)
    )
    if success:
        text = _("The answer of %(person)s is on record. They get an email.")
        messages.success(request, text % {"person": success.result.person})
        return redirect("compliance:version-record", slug, number)
    rows = Acceptance.objects.filter(version=version, recorded_by__isnull=False)
    page = page_of(
        rows.select_related("person", "customer", "recorded_by"),
        among=rows,
        order=("-pk",),
        after=request.GET.get("after", ""),
        size=25,
    )
    context = {"version": version, "policy": version.policy, "form": form, "page": page}
    return render(request, "compliance/version_record.html", context)
