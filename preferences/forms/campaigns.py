"""A mail to many: composed, and sent."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm
from accounts.models import User
from accounts.validators import validate_plain_lines
from preferences.forms.topics import PortalField
from preferences.models import Campaign, NoticeClass, Topic
from preferences.models.campaigns import SUBJECT_LENGTH

TOPIC, NOTICE = "topic:", "notice:"
MOMENT = "%Y-%m-%dT%H:%M"


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
        widget=forms.Textarea(attrs={"rows": 14, "lang": language}),
    )


class CampaignForm(StrictForm):
    """A mail to many: about what, in both languages side by side."""

    category = forms.ChoiceField(
        label=_("What it is about"),
        help_text=_(
            "A topic reaches those who want it. A notice reaches everyone it concerns, and carries"
            " no advertising."
        ),
    )
    portal = PortalField(
        label=_("Portal of the notice"),
        empty_label=_("None: to everyone"),
        help_text=_("Narrows a notice to people of customers with this portal. Not for topics."),
    )
    subject_en = _subject(_("Subject in English"), "en")
    subject_fr = _subject(_("Subject in French"), "fr")
    body_en = _body(_("Text in English"), "en")
    body_fr = _body(_("Text in French"), "fr")
    promotional = forms.BooleanField(
        label=_("It promotes something"),
        required=False,
        help_text=_("Any advertising, even one line, makes it optional mail: choose a topic."),
    )
    urgent = forms.BooleanField(
        label=_("Urgent"),
        required=False,
        help_text=_("Does not wait for the digests of those who gather their mail."),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered: list[Any] = [
            ("", _("Choose…")),
            (
                _("Topics: for those who want it"),
                [
                    (f"{TOPIC}{topic.slug}", topic.name)
                    for topic in Topic.objects.filter(active=True)
                ],
            ),
        ]
        if actor.has_perm("preferences.send_notice_campaign"):  # nobody else is tempted
            classes = [one for one in NoticeClass.objects.all() if one.is_active]
            named = [(f"{NOTICE}{one.code}", str(one)) for one in classes]
            offered.append((_("Notices: nobody can refuse them"), named))
        self.fields["category"].choices = offered  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        """What the form shows of a draft."""
        topic = campaign.topic
        names = ("subject_en", "subject_fr", "body_en", "body_fr", "promotional", "urgent")
        return {name: getattr(campaign, name) for name in names} | {
            "category": f"{TOPIC}{topic.slug}" if topic else f"{NOTICE}{campaign.notice_class_id}",
            "portal": campaign.portal_id,
        }

    def values(self) -> dict[str, Any]:
        """The fields of the campaign, for the service."""
        values = dict(self.cleaned_data)
        kind, _colon, key = values.pop("category").partition(":")
        is_topic = f"{kind}:" == TOPIC
        return values | {
            "topic": Topic.objects.get(slug=key) if is_topic else None,
            "notice_class": None if is_topic else NoticeClass.objects.get(code=key),
        }

    def refuse(self, refusal: ValidationError) -> None:
        """What a service says of topic or class stands beside the one field for both."""
        found = dict(getattr(refusal, "error_dict", {}))
        about = found.pop("topic", []) + found.pop("notice_class", [])
        if about:
            self.add_error("category", about)
            refusal = ValidationError(found)
        if found or not about:
            super().refuse(refusal)


class SendForm(StrictForm):
    """The last step: how many, typed, and when."""

    confirmation_name = forms.IntegerField(
        label=_("How many people get it?"),
        min_value=0,
        help_text=_("Type the number above, to show that you have seen it."),
        widget=forms.NumberInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    no_advertising = forms.BooleanField(
        label=_("It carries no advertising"),
        required=False,
        help_text=_("It reaches people who stopped all optional mail, too."),
    )
    starts_at = forms.DateTimeField(
        label=_("When"),
        required=False,
        help_text=_("Empty: at once."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, *args: Any, campaign: Campaign, readers: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._readers = readers
        if campaign.topic_id is not None:
            del self.fields["no_advertising"]
        else:
            self.fields["no_advertising"].required = True
        self.fields["starts_at"].widget.attrs["min"] = timezone.localtime().strftime(MOMENT)

    def clean_confirmation_name(self) -> int:
        """How many get it at this moment: it may have changed since the page was shown."""
        confirmation_name: int = self.cleaned_data["confirmation_name"]
        if confirmation_name != self._readers:
            raise ValidationError(_("That is not the number of people who get it."))
        return confirmation_name
