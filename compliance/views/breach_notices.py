"""The notice about a breach: the list of people, its wording, its release, letters and ends."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.addresses import number_in
from accounts.choices import Language
from accounts.emails.markdown import as_html
from accounts.http import PersonRequest
from accounts.selectors import page_of
from accounts.views.actions import run_action, submit
from compliance.choices.breaches import Outcome
from compliance.emails import correction_words, wave_sections
from compliance.forms.breach_notices import (
    AddByFilterForm,
    AddByHandForm,
    AddByImportForm,
    DayForm,
    EndForm,
    LetterForm,
    OutcomeForm,
    ReleaseForm,
    WaveForm,
)
from compliance.models import Affected, Breach, Letter, Wave
from compliance.selectors.affected import cases_of, preview_import, recipients_of, with_outcome
from compliance.selectors.breaches import holds_in_force
from compliance.services import affected as lists
from compliance.services import letters, waves
from compliance.views.breaches import CHANGE, RELEASE, breach_called, show_form

FORMS: dict[str, Any] = {
    "filter": AddByFilterForm,
    "import": AddByImportForm,
    "hand": AddByHandForm,
}


@require_safe
def breach_people(request: PersonRequest, reference: str) -> HttpResponse:
    """List the affected people with what is known of each notice."""
    found = breach_called(request, reference)
    form = OutcomeForm({name: request.GET.get(name, "") for name in ("outcome", "notice")})
    released = found.waves.filter(released_at__isnull=False, corrects__isnull=False)
    correction = get_object_or_404(released, number=form.number) if form.number else None
    among = cases_of(found, correction)
    rows = with_outcome(among.select_related("recipient__user"))
    if form.shown:
        rows = rows.filter(outcome=form.shown)
    page = page_of(rows, among=among, order=("pk",), after=request.GET.get("after", ""), size=50)
    for row in page:
        row.outcome = Outcome(row.outcome)
    kept = {"outcome": form.shown, "notice": form.number}
    context = {
        "breach": found,
        "page": page,
        "form": form,
        "correction": correction,
        "kept": urlencode({name: value for name, value in kept.items() if value}),
    }
    return render(request, "compliance/breach_people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def breach_add(request: PersonRequest, reference: str, how: str) -> HttpResponse:
    """Add affected people: by filter, import or hand. The first two show first whom they find."""
    found = breach_called(request, reference, CHANGE)
    if how not in FORMS:
        raise Http404
    form = FORMS[how](request.POST if request.method == "POST" else None)
    preview = _preview(found, how, form) if form.is_valid() else None
    if form.is_bound and preview is None:
        success = submit(form, lambda: _add(request, found, how, form))
        if success:
            text = ngettext(
                "%(count)s person is in the list now.",
                "%(count)s people are in the list now.",
                cases_of(found).count(),
            )
            messages.success(request, text % {"count": cases_of(found).count()})
            return redirect("compliance:breach-people", reference)
    context = {"breach": found, "form": form, "how": how, "preview": preview}
    return render(request, "compliance/breach_add.html", context)


def _preview(found: Breach, how: str, form: Any) -> dict[str, Any] | None:
    """Return whom a form finds, until it is confirmed; None where nothing is shown first."""
    if how == "hand" or form.cleaned_data["confirm"]:
        return None
    if how == "import":
        return {"lines": preview_import(found, form.cleaned_data["text"])}
    wanted = recipients_of(form.wanted)
    listed = found.affected.values("recipient")
    return {"found": wanted.count(), "fresh": wanted.exclude(pk__in=listed).count()}


def _add(request: PersonRequest, found: Breach, how: str, form: Any) -> int:
    values = {name: value for name, value in form.cleaned_data.items() if name != "confirm"}
    if how == "filter":
        return lists.add_by_filter(
            actor=request.user, breach=found, wanted=form.wanted, why=values["why"]
        )
    add = lists.add_by_import if how == "import" else lists.add_by_hand
    return add(actor=request.user, breach=found, **values)


def _affected(request: PersonRequest, reference: str, key: int, permission: str = "") -> Any:
    found = breach_called(request, reference, permission)
    rows = with_outcome(Affected.objects.select_related("breach", "wave", "recipient__user"))
    return get_object_or_404(rows, breach=found, pk=key)


@require_POST
def affected_remove(request: PersonRequest, reference: str, affected: int) -> HttpResponse:
    """Take somebody off the list."""
    row = _affected(request, reference, affected, CHANGE)
    run_action(
        request,
        lambda: lists.remove_affected(actor=request.user, affected=row),
        _("%(person)s is off the list.") % {"person": row},
    )
    return redirect("compliance:breach-people", reference)


@require_http_methods(["GET", "HEAD", "POST"])
def breach_person(request: PersonRequest, reference: str, affected: int) -> HttpResponse:
    """Show what is known of one person's notice; posted, make a letter to them."""
    row = _affected(request, reference, affected, CHANGE if request.method == "POST" else "")
    form = LetterForm(
        request.POST if request.method == "POST" else None,
        initial={"name": row.name, "post": row.post},
    )
    success = submit(
        form,
        lambda: letters.print_letter(actor=request.user, affected=row, **form.cleaned_data),
    )
    if success:
        return redirect("compliance:breach-letter", reference, success.result.pk)
    outcome = Outcome(row.outcome)
    context = {
        "breach": row.breach,
        "row": row,
        "outcome": outcome,
        "form": form if outcome in (Outcome.LETTER, Outcome.SENT) else None,
        "letters": row.letters.order_by("pk"),
        "can_end": outcome not in letters.FINISHED and row.wave_id is not None,
    }
    return render(request, "compliance/breach_person.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def breach_letter(request: PersonRequest, reference: str, letter: int) -> HttpResponse:
    """Show a letter to print; posted, record the day it was posted or returned."""
    found = breach_called(request, reference, CHANGE if request.method == "POST" else "")
    rows = Letter.objects.select_related(
        "affected__breach", "affected__wave__corrects", "affected__recipient"
    )
    row = get_object_or_404(rows, affected__breach=found, pk=letter)
    form = DayForm(request.POST if request.method == "POST" else None)
    if submit(form, lambda: _date(request, row, form)):
        messages.success(request, _("The day is recorded."))
        return redirect("compliance:breach-person", reference, row.affected_id)
    recipient, wave = row.affected.recipient, row.affected.wave
    assert wave is not None  # noqa: S101 -- a letter tells what a notice said
    language = recipient.reads if recipient else Language.ENGLISH
    context = {
        "breach": found,
        "letter": row,
        "form": form if row.returned_on is None else None,
        "language": language,
        **wave_page(wave, language),
    }
    return render(request, "compliance/breach_letter.html", context)


def _date(request: PersonRequest, row: Letter, form: DayForm) -> Letter:
    day = form.cleaned_data["day"]
    if row.posted_on is None:
        return letters.post_letter(actor=request.user, letter=row, posted_on=day)
    return letters.return_letter(actor=request.user, letter=row, returned_on=day)


def wave_page(wave: Wave, language: str) -> dict[str, Any]:
    """Return a notice as a page shows it, in one of our languages."""
    with translation.override(language):
        return {
            "sections": [
                (heading, as_html(text)) for heading, text in wave_sections(wave, language)
            ],
            "wave": wave,
            "corrects": correction_words(wave),
        }


@require_http_methods(["GET", "HEAD", "POST"])
def breach_end(request: PersonRequest, reference: str) -> HttpResponse:
    """End the attempts to reach the people who are not proved; `?person=` names one of them."""
    found = breach_called(request, reference, RELEASE)
    key = request.GET.get("person", "")
    one = get_object_or_404(found.affected, pk=number_in(key)) if key else None
    form = EndForm(request.POST if request.method == "POST" else None)
    success = submit(
        form,
        lambda: letters.end_affected(
            actor=request.user, breach=found, affected=one, **form.cleaned_data
        ),
    )
    if success:
        text = ngettext("%(count)s case has ended.", "%(count)s cases have ended.", success.result)
        messages.success(request, text % {"count": success.result})
        return redirect("compliance:breach-people", reference)
    return show_form(
        request,
        form,
        found,
        title=_("End cases"),
        lede=_("For %(person)s.") % {"person": one}
        if one
        else _("For everybody who was told, but whose delivery is not proven."),
        button=_("End cases"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def breach_wording(request: PersonRequest, reference: str) -> HttpResponse:
    """Write the next notice."""
    found = breach_called(request, reference, CHANGE)
    draft = found.waves.filter(released_at=None).select_related("corrects").first()
    notices = found.waves.filter(released_at__isnull=False, corrects=None).order_by("number")
    form = WaveForm(
        request.POST if request.method == "POST" else None,
        shown=waves.wave_values(draft),
        notices=notices,
    )
    number = request.GET.get("corrects", "")
    corrected = next((each for each in notices if str(each.number) == number), None)
    if draft is None and corrected is not None:  # a correction begins with the notice's own text
        form.initial = {**waves.wave_values(corrected), "corrects": number}
    if submit(
        form,
        lambda: waves.write_wave(
            actor=request.user, breach=found, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("The draft is saved. Nobody has been told."))
        return redirect("compliance:breach", reference)
    return render(request, "compliance/breach_wording.html", {"breach": found, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def breach_release(request: PersonRequest, reference: str) -> HttpResponse:
    """Show the notice and its list as they would be sent; posted, release them."""
    found = breach_called(request, reference, RELEASE)
    draft = get_object_or_404(found.waves.select_related("breach", "corrects"), released_at=None)
    form = ReleaseForm(
        request.POST if request.method == "POST" else None,
        shown=waves.wave_values(draft),
        alone=draft.written_by_id == request.user.pk,
    )
    success = submit(
        form,
        lambda: waves.release_wave(
            actor=request.user,
            wave=draft,
            version=form.version_shown,
            alone_reason=form.cleaned_data.get("alone_reason", ""),
        ),
    )
    if success:
        text = _("The notice is released. The emails are being sent.")
        if holds_in_force(found, timezone.now()).exists():
            text = _("The notice is released. The emails wait for the end of the hold.")
        messages.success(request, text)
        return redirect("compliance:breach", reference)
    context = {
        "breach": found,
        "form": form,
        "texts": [(code, wave_page(draft, code)["sections"]) for code in Language.values],
        "to_tell": (
            draft.corrects.list_count
            if draft.corrects
            else found.affected.filter(wave=None).count()
        ),
        "draft": draft,
        "missing": waves.missing_texts(draft),
    }
    return render(request, "compliance/breach_release.html", context)
