"""Subscribing to topics without an account."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.forms import StrictForm
from accounts.validators import ADDRESS_LENGTH, normalise_address
from preferences.models import Topic


class SubscribeForm(StrictForm):
    """Topics, address and language of a subscription; no topic is ticked beforehand (R20)."""

    topics = forms.ModelMultipleChoiceField(
        label=_("What do you want to get?"),
        queryset=Topic.objects.none(),
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one topic.")},
    )
    address = forms.CharField(
        label=_("Your email address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    language = forms.ChoiceField(label=_("Language of the email"), choices=Language.choices)

    def __init__(self, *args: Any, topics: QuerySet[Topic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["topics"]
        field.queryset = topics
        field.label_from_instance = _topic_label

    def clean_address(self) -> str:
        """Return the address as the hub stores it. Raises: ValidationError for no address."""
        return normalise_address(self.cleaned_data["address"])


def _topic_label(topic: Topic) -> str:
    label = f"{topic.name}: {topic.purpose} {topic.cadence}."
    return label if topic.double_opt_in else f"{label} {_('Counts at once.')}"
