"""The public pages of policies: no sign-in, every published version, and comparisons."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.choices import Language
from accounts.emails import absolute
from accounts.emails.markdown import as_html
from accounts.selectors import page_of
from compliance.emails import version_path
from compliance.models import Policy, PolicyVersion
from compliance.models.policies import TEXTS
from compliance.selectors import (
    PolicyHistory,
    histories,
    history_of_policy,
    public_policies,
    public_versions,
)
from compliance.selectors.comparison import comparison_of


def readers_language() -> str:
    """Return the code of the language in which a text is shown."""
    language = (get_language() or "en")[:2]
    return language if language in Language.values else "en"


def shown_text(version: PolicyVersion, language: str) -> dict[str, Any]:
    """Return a version's text as a page shows it."""
    return {
        "version": version,
        "title": version.in_language("title", language),
        "summary": as_html(version.in_language("summary", language)),
        "body": as_html(version.in_language("body", language)),
        "language": language,
    }


@login_not_required
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """List the policies with the text in force and the next one."""
    rows = public_policies()
    page = page_of(rows, among=rows, order=("slug", "pk"), after=request.GET.get("after", ""))
    listed = histories(Policy.objects.filter(pk__in=[policy.pk for policy in page]))
    return render(request, "compliance/policies.html", {"page": page, "histories": listed})


@login_not_required
@require_safe
def policy(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the text in force, or the next one where none is, and all versions."""
    history = history_of_policy(get_object_or_404(public_policies(), slug=slug))
    version = history.in_force or history.upcoming or next(v for v in history.published)
    return _page(request, history, version)


@login_not_required
@require_safe
def policy_version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show one published version."""
    version = _version(slug, number)
    return _page(request, history_of_policy(version.policy), version)


def _page(request: HttpRequest, history: PolicyHistory, version: PolicyVersion) -> HttpResponse:
    rows = [v for v in history.versions if not v.is_draft]
    numbers = [v.number for v in history.published]
    context = {
        **shown_text(version, readers_language()),
        "policy": history.policy,
        "state": history.state_of(version),
        "in_force": history.in_force,
        "earlier": next((number for number in numbers if number < version.number), None),
        "rows": [(row, history.state_of(row)) for row in rows],
    }
    return render(request, "compliance/policy.html", context)


def _version(slug: str, number: int) -> PolicyVersion:
    return get_object_or_404(public_versions(), policy__slug=slug, number=number)


@login_not_required
@require_safe
def policy_text(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Return a version as plain text, in the reader's language."""
    version, language = _version(slug, number), readers_language()
    text = "\n\n".join(
        version.in_language(name, language).replace("\r\n", "\n").strip()
        for name in ("title", "summary", "body")
    )
    answer = HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8")
    answer["Content-Language"] = language
    return answer


@login_not_required
@require_safe
def policy_json(request: HttpRequest, slug: str, number: int) -> JsonResponse:
    """Return a version with both languages, its dates and its hash."""
    version = _version(slug, number)
    history = history_of_policy(version.policy)
    content = {
        "policy": slug,
        "number": number,
        "kind": version.policy.kind,
        "asked_of": version.policy.asked_of,
        "state": history.state_of(version),
        **{name: getattr(version, name) for name in TEXTS},
        "material": version.material,
        "published_at": version.published_at,
        "effective_at": version.effective_at,
        "withdrawn_at": version.withdrawn_at,
        "sha256": version.sha256,
        "url": absolute(version_path(version)),
    }
    return JsonResponse(content, json_dumps_params={"ensure_ascii": False})


@login_not_required
@require_safe
def policy_comparison(request: HttpRequest, slug: str, before: int, after: int) -> HttpResponse:
    """Show what one version changed of another, word by word."""
    if before == after:
        return redirect("compliance:policy-version", slug, after)
    if before > after:
        return redirect("compliance:policy-comparison", slug, after, before)
    rows = {v.number: v for v in public_versions().filter(policy__slug=slug)}
    if before not in rows or after not in rows:
        raise Http404
    language = readers_language()
    context = {
        "before": rows[before],
        "after": rows[after],
        "title": rows[after].in_language("title", language),
        "changes": comparison_of(rows[before], rows[after], language),
        "language": language,
    }
    return render(request, "compliance/policy_comparison.html", context)
