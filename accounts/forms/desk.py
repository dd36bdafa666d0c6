"""The forms of the support desk: a case, how its caller was verified, and the acts in it."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import CHOSEN_OUTCOMES, CaseOutcome, DomainRelease, ReferenceKind
from accounts.forms.rows import RowField
from accounts.forms.strict import LineField, StrictForm
from accounts.models import Customer, Invitation
from accounts.models.cases import TICKET_LENGTH
from accounts.validators import ADDRESS_LENGTH


class DeskForm(StrictForm):
    """Ticket and reason; whom it concerns reads both in their receipt."""

    ticket = LineField(
        label=_("Ticket"),
        max_length=TICKET_LENGTH,
        help_text=_("The reference of the call or ticket, such as T-1042."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = LineField(
        label=_("Reason"),
        max_length=500,
        help_text=_("One sentence. The person and their main Super User read it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ReleaseForm(DeskForm):
    """Why staff take a proven domain from a company."""

    why = forms.ChoiceField(
        label=_("Why it is released"),
        choices=DomainRelease,
        initial=DomainRelease.NEW_OWNER,
        widget=forms.RadioSelect,
    )
    field_order = ["why", "ticket", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("One sentence. The company's Super Users read it.")


_PLAIN: dict[str, Any] = {"autocomplete": "off"}


class OpenCaseForm(DeskForm):
    """A new case: the company, where the person has several, and perhaps a code."""

    customer = RowField(
        label=_("Company"),
        queryset=Customer.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label=_("None of these"),
    )
    code = LineField(
        label=_("Support code"),
        required=False,
        max_length=20,
        help_text=_("The caller reads it from Profile, Support code."),
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def __init__(self, *args: Any, companies: QuerySet[Customer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(companies) > 1:
            self.fields["customer"].queryset = companies  # type: ignore[attr-defined]
        else:
            del self.fields["customer"]


class CallerCodeForm(StrictForm):
    """A code that the caller reads aloud."""

    code = LineField(
        label=_("Code that the caller reads"), max_length=20, widget=forms.TextInput(attrs=_PLAIN)
    )


class CallBackForm(StrictForm):
    """The number on file that was called."""

    phone = forms.CharField(max_length=10)


class CloseCaseForm(StrictForm):
    """How a case ended."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[(outcome.value, outcome.label) for outcome in CHOSEN_OUTCOMES],
        initial=CaseOutcome.HELPED,
    )


class LostFactorForm(StrictForm):
    """The second factor that is lost."""

    factor = forms.ChoiceField(label=_("Lost factor"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, factors: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["factor"].choices = factors  # type: ignore[attr-defined]


class NewAddressForm(StrictForm):
    """The right address of a person."""

    address = forms.CharField(
        label=_("Right address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs=_PLAIN),
    )


class InvitationForm(StrictForm):
    """An invitation to send again."""

    invitation = RowField(
        label=_("Invitation"), queryset=Invitation.objects.none(), to_field_name="uuid"
    )

    def __init__(self, *args: Any, invitations: QuerySet[Invitation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invitation"].queryset = invitations  # type: ignore[attr-defined]


class CorrectInvitationForm(InvitationForm):
    """The right address of an invitation."""

    address = forms.CharField(
        label=_("Right address"), max_length=ADDRESS_LENGTH, widget=forms.EmailInput(attrs=_PLAIN)
    )


class ReferenceForm(StrictForm):
    """A ticket or a call recording elsewhere."""

    kind = forms.ChoiceField(label=_("Kind"), choices=ReferenceKind, initial=ReferenceKind.TICKET)
    system = LineField(
        label=_("System"),
        max_length=60,
        help_text=_("Such as Request Tracker or the phone system."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    external_id = LineField(
        label=_("Its number there"), max_length=100, widget=forms.TextInput(attrs=_PLAIN)
    )
    announced = forms.BooleanField(
        label=_("The caller was told that the call is recorded"), required=False
    )
    keep_until = forms.DateField(
        label=_("Keep until"),
        required=False,
        help_text=_("A recording needs a day. After it, the reference is deleted."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class AnswerQuestionForm(StrictForm):
    """A Super User's answer about a caller."""

    answer = forms.ChoiceField(choices=[("right", "right"), ("wrong", "wrong")])
