"""What cannot be undone wants the company's name typed."""

import pytest

from accounts.forms import ConfirmationNameForm
from accounts.services.confirmation_name import ConfirmationNameRefused, require_confirmation_name


@pytest.mark.parametrize("typed", ["Alder Dental", " alder  dental "])
def test_the_name_is_enough(typed, alder):
    require_confirmation_name(alder, typed)


@pytest.mark.parametrize("typed", ["", "alder", "Alder Dental Inc", "Birch Logistics"])
def test_anything_else_is_refused_and_names_the_field(typed, alder):
    with pytest.raises(ConfirmationNameRefused) as refusal:
        require_confirmation_name(alder, typed)
    assert set(refusal.value.message_dict) == {"confirmation_name"}


def test_the_form_wants_it():
    assert set(ConfirmationNameForm({}).errors) == {"confirmation_name"}
    assert ConfirmationNameForm({"confirmation_name": "Alder Dental"}).is_valid()
