"""Adding contacts and recipients of a company."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField, StrictForm
from accounts.models import Customer, Membership
from accounts.selectors import people_of
from accounts.validators import address_as_stored
from preferences.choices import ContactKind, NoticeCode
from preferences.models import NoticeClass, Topic
from preferences.selectors.customer_email import addable_topics_of


class ColleagueForm(StrictForm):
    """One of the company's people, by address, as there may be thousands."""

    person = LineField(
        label=_("Email address of one of your people"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer

    def clean_person(self) -> Membership:
        """Return the membership with this address. Raises: ValidationError for nobody."""
        address = address_as_stored(str(self.cleaned_data["person"]))
        membership = people_of(self.customer).filter(user__email=address).first()
        if membership is None:
            raise forms.ValidationError(_("Nobody in your company has this address."))
        return membership


class ContactForm(ColleagueForm):
    """A contact and its kind."""

    kind = forms.ChoiceField(label=_("Contact for"), choices=ContactKind)


class AddedMailForm(ColleagueForm):
    """A person who is to get a topic or a class of notices too."""

    category = forms.ChoiceField(label=_("Topic or notice"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics = {topic.slug: topic for topic in addable_topics_of(self.customer)}
        choice: forms.ChoiceField = self.fields["category"]  # type: ignore[assignment]
        choice.choices = [
            (_("Notices about the company"), NoticeCode.choices),
            (_("Topics"), [(slug, topic.name) for slug, topic in self.topics.items()]),
        ]

    def clean_category(self) -> Topic | NoticeClass:
        """Return the topic or the notice class."""
        code = self.cleaned_data["category"]
        return self.topics.get(code) or NoticeClass.objects.get(code=code)
