"""Composing and sending a campaign."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import EditForm, LineField, StrictForm, VersionedForm
from accounts.forms.edit import Conflict
from accounts.models import User
from accounts.services.versions import ChangedMeanwhile
from accounts.validators import validate_plain_lines
from preferences.forms.topics import PortalField
from preferences.models import Campaign, NoticeClass, Topic
from preferences.models.campaigns import SUBJECT_LENGTH

TOPIC_PREFIX, NOTICE_PREFIX = "topic:", "notice:"  # of the values of `category`
DATETIME_FORMAT = "%Y-%m-%dT%H:%M"


def _subject(label: Any, language: str) -> LineField:
    attributes = {"lang": language, "autocomplete": "off"}
    return LineField(
        label=label,
        max_length=SUBJECT_LENGTH,
        required=False,
        widget=forms.TextInput(attrs=attributes),
    )


def _body(label: Any, language: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=50_000,
        required=False,
        validators=[validate_plain_lines],
        help_text=_(
            "Markdown: **bold**, *italic*, # heading, - list, [label](https://…). An empty line"
            " begins a paragraph. HTML and images are not allowed."
        ),
        widget=forms.Textarea(attrs={"rows": 14, "lang": language}),
    )


class CampaignForm(StrictForm):
    """A campaign: its category, and its text in both languages."""

    category = forms.ChoiceField(
        label=_("Topic or notice"),
        help_text=_(
            "A topic goes to its subscribers. A notice goes to everyone concerned and contains"
            " no advertising."
        ),
    )
    portal = PortalField(
        label=_("Portal of the notice"),
        empty_label=_("None: to everyone"),
        help_text=_("Only people of companies with this portal get the notice. Not for topics."),
    )
    subject_en = _subject(_("Subject in English"), "en")
    subject_fr = _subject(_("Subject in French"), "fr")
    body_en = _body(_("Text in English"), "en")
    body_fr = _body(_("Text in French"), "fr")
    promotional = forms.BooleanField(
        label=_("Contains advertising"),
        required=False,
        help_text=_(
            "Any advertising, even a single line, makes the message optional: choose a topic."
        ),
    )
    urgent = forms.BooleanField(
        label=_("Urgent"),
        required=False,
        help_text=_("Sent at once, also to people who get digests."),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[Any] = [
            ("", _("Choose…")),
            (
                _("Topics, for their subscribers"),
                [
                    (f"{TOPIC_PREFIX}{topic.slug}", topic.name)
                    for topic in Topic.objects.filter(active=True)
                ],
            ),
        ]
        if actor.has_perm("preferences.send_notice_campaign"):
            notice_choices = [
                (f"{NOTICE_PREFIX}{notice_class.code}", str(notice_class))
                for notice_class in NoticeClass.objects.all()
                if notice_class.is_active
            ]
            choices.append((_("Required notices, for everyone concerned"), notice_choices))
        self.fields["category"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """Return the fields of the campaign, for the service."""
        values = dict(self.cleaned_data)
        kind, _colon, key = values.pop("category").partition(":")
        is_topic = f"{kind}:" == TOPIC_PREFIX
        return values | {
            "topic": Topic.objects.get(slug=key) if is_topic else None,
            "notice_class": None if is_topic else NoticeClass.objects.get(code=key),
        }

    def refuse(self, refusal: ValidationError) -> None:
        """Show a refusal of topic or notice class beside `category`, the one field for both."""
        errors = dict(getattr(refusal, "error_dict", {}))
        category_errors = errors.pop("topic", []) + errors.pop("notice_class", [])
        if category_errors:
            self.add_error("category", category_errors)
            refusal = ValidationError(errors)
        if errors or not category_errors:
            super().refuse(refusal)


class EditCampaignForm(EditForm, CampaignForm):
    """A draft that exists."""

    field_names = {"topic": "category", "notice_class": "category"}

    @classmethod
    def initial_of(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the initial values of the fields for a draft; one field has its category."""
        topic, notice_class = values["topic"], values["notice_class"]
        category = f"{TOPIC_PREFIX}{topic.slug}" if topic else f"{NOTICE_PREFIX}{notice_class.code}"
        return {**values, "category": category}

    def values(self) -> dict[str, Any]:
        """Return the fields of the campaign, for the service."""
        values = CampaignForm.values(self)
        del values["version"]
        return values


class SendForm(VersionedForm):
    """The last step: the number of recipients, typed, and when to send."""

    confirmation_count = forms.IntegerField(
        label=_("How many people get it?"),
        min_value=0,
        help_text=_("Type the number above to confirm."),
        widget=forms.NumberInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    no_advertising = forms.BooleanField(
        label=_("This notice contains no advertising"),
        required=False,
        help_text=_("People who unsubscribed from all optional email get it too."),
    )
    starts_at = forms.DateTimeField(
        label=_("When"),
        required=False,
        help_text=_("Leave empty to send it now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=DATETIME_FORMAT),
        input_formats=[DATETIME_FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, *args: Any, campaign: Campaign, recipient_count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recipient_count = recipient_count
        if campaign.topic_id is not None:
            del self.fields["no_advertising"]
        else:
            self.fields["no_advertising"].required = True
        self.fields["starts_at"].widget.attrs["min"] = timezone.localtime().strftime(
            DATETIME_FORMAT
        )

    def conflict_with(self, refusal: ChangedMeanwhile) -> Conflict:
        """Ask for the number again: it was typed for another text."""
        self.data["confirmation_count"] = ""
        return super().conflict_with(refusal)

    def clean_confirmation_count(self) -> int:
        """Compare it with the present number, which may have changed since the page was shown."""
        count: int = self.cleaned_data["confirmation_count"]
        if count != self._recipient_count:
            raise ValidationError(_("This number is wrong. Type the number of people shown above."))
        return count
