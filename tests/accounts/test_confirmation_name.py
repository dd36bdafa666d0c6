"""Acts that cannot be undone require the company's name to be typed."""

import pytest

from accounts.forms import ConfirmationNameForm
from accounts.services.confirmation_name import ConfirmationNameRefused, require_confirmation_name


@pytest.mark.parametrize("typed", ["Alder Dental", " alder  dental "])
def test_the_exact_name_is_accepted(typed, alder):
    require_confirmation_name(alder, typed)


@pytest.mark.parametrize("typed", ["", "alder", "Alder Dental Inc", "Birch Logistics"])
def test_another_name_is_refused_by_field(typed, alder):
    with pytest.raises(ConfirmationNameRefused) as refusal:
        require_confirmation_name(alder, typed)
    assert set(refusal.value.message_dict) == {"confirmation_name"}


def test_the_form_requires_the_name():
    assert set(ConfirmationNameForm({}).errors) == {"confirmation_name"}
    assert ConfirmationNameForm({"confirmation_name": "Alder Dental"}).is_valid()
