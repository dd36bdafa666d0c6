"""One part of an access review: a decision for each of its lines."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms import StrictForm
from accounts.forms.activity import DayField
from accounts.timezones import end_of_day
from portals.choices import ItemKind, ReviewDecision
from portals.selectors.reviews import ReviewLine, ReviewSection
from portals.services.reviews import ItemDecision

KEEP_ALL = "keep"
LINE_FIELDS = ("decision", "smaller", "until")


class DayInput(forms.DateInput):
    """The browser's own date field."""

    input_type = "date"

    def __init__(self, label: Any) -> None:
        super().__init__(format="%Y-%m-%d", attrs={"aria-label": label})


class LineRow(NamedTuple):
    """A line with its fields; `smaller` and `until` are None where nothing can be reduced.

    An owner's line has no field at all: it is kept with the others.
    """

    line: ReviewLine
    decision: Any = None
    smaller: Any = None
    until: Any = None


class PartForm(StrictForm):
    """The undecided lines of one person or team.

    The button `all` keeps every line, whatever is chosen. Fields about a line whose grant has
    ended since the page was opened are ignored.
    """

    line = forms.Field(required=False, widget=forms.SelectMultiple)
    all = forms.ChoiceField(required=False, choices=[(KEEP_ALL, "")])

    def __init__(self, *args: Any, part: ReviewSection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.part = part
        for line in part.undecided:
            if line.is_unchanged:
                self._add_fields(line)
            else:
                for name in LINE_FIELDS:
                    self.fields[f"{name}-{line.item.pk}"] = forms.Field(required=False)

    def _add_fields(self, line: ReviewLine) -> None:
        if line.item.kind == ItemKind.OWNER:
            return  # it stays: only the portal changes an owner
        pk, about_role = line.item.pk, line.item.kind == ItemKind.ROLE
        choices = [(ReviewDecision.KEEP.value, ReviewDecision.KEEP.label)]
        if not about_role:
            choices.append((ReviewDecision.REDUCE.value, ReviewDecision.REDUCE.label))
            choices.append((ReviewDecision.REMOVE.value, ReviewDecision.REMOVE.label))
        elif line.may_lose_role:
            choices.append((ReviewDecision.REDUCE.value, _("Make user")))
        self.fields[f"decision-{pk}"] = forms.ChoiceField(
            choices=choices,
            initial=ReviewDecision.KEEP.value,
            widget=forms.RadioSelect,
            required="all" not in self.data,
        )
        if about_role:
            return
        self.fields[f"smaller-{pk}"] = forms.TypedChoiceField(
            choices=[("", _("Same permission"))]
            + [(str(privilege.pk), privilege.label) for privilege in line.smaller],
            coerce=int,
            empty_value=None,
            required=False,
            widget=forms.Select(attrs={"aria-label": _("Reduce to")}),
        )
        self.fields[f"until-{pk}"] = DayField(required=False, widget=DayInput(_("Last day")))

    def rows(self) -> Iterator[LineRow]:
        """Return the lines, each with its fields."""
        for line in self.part.lines:
            names = [f"{name}-{line.item.pk}" for name in LINE_FIELDS]
            yield LineRow(line, *(self[name] if name in self.fields else None for name in names))

    def decisions(self) -> list[ItemDecision]:
        """Return the decisions, for the service; a line whose grant has ended is kept."""
        keep_all = self.cleaned_data["all"] == KEEP_ALL
        decisions = []
        for line in self.part.lines:
            pk = line.item.pk
            decision = self.cleaned_data.get(f"decision-{pk}") or ReviewDecision.KEEP.value
            if keep_all or not line.is_unchanged:
                decision = ReviewDecision.KEEP.value
            if decision != ReviewDecision.REDUCE:
                decisions.append(ItemDecision(pk, decision))
                continue
            smaller = self.cleaned_data.get(f"smaller-{pk}")
            until = self.cleaned_data.get(f"until-{pk}")
            by_key = {privilege.pk: privilege for privilege in line.smaller}
            decisions.append(
                ItemDecision(
                    pk,
                    decision,
                    by_key.get(smaller) if smaller else None,
                    end_of_day(until) if until else None,
                )
            )
        return decisions

    def refuse(self, refusal: ValidationError) -> None:
        """Show a service's refusal beside its line, or above them all."""
        if not hasattr(refusal, "error_dict"):
            self.add_error(None, refusal)
            return
        for key, errors in refusal.error_dict.items():
            name = f"decision-{key}"
            self.add_error(name if name in self.fields else None, errors)
