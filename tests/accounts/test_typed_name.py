"""What cannot be undone wants the company's name typed."""

import pytest

from accounts.forms import TypedNameForm
from accounts.services.typed_name import TypedNameRefused, require_typed_name


@pytest.mark.parametrize("typed", ["Alder Dental", " alder  dental "])
def test_the_name_is_enough(typed, alder):
    require_typed_name(alder, typed)


@pytest.mark.parametrize("typed", ["", "alder", "Alder Dental Inc", "Birch Logistics"])
def test_anything_else_is_refused_and_names_the_field(typed, alder):
    with pytest.raises(TypedNameRefused) as refusal:
        require_typed_name(alder, typed)
    assert set(refusal.value.message_dict) == {"typed_name"}


def test_the_form_wants_it():
    assert set(TypedNameForm({}).errors) == {"typed_name"}
    assert TypedNameForm({"typed_name": "Alder Dental"}).is_valid()
