"""What a name may hold: everything that people write, and nothing that hides or misleads.

Reported of others as LemmyNet/lemmy#3888: a filter of invisible characters that broke
scripts and emoji.
"""

import pytest
from django.core.exceptions import ValidationError

from accounts.services.memberships import update_work_details
from accounts.validators import REFUSED_CHARACTERS, validate_plain_lines, validate_plain_text


@pytest.mark.parametrize(
    "name",
    [
        "Zoë \U0001fae8",  # an emoji of 2022, which Python 3.11 calls unassigned
        "Gina \U0001f469\u200d\U0001f4bb",  # an emoji joined of two
        "Rob \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
        "نیلوفر می\u200cخواهد",  # Persian needs the non-joiner
        "श्री\u200dमती",
        "משה כהן",
        "محمد علي",
        "山田\U000e0100太郎",  # a form of a character
        "Gina \u2764\ufe0f",
        "Ω \u0378",  # whatever Unicode may put there one day
    ],
)
def test_names_of_every_script_and_emoji_are_taken(name, alice, bob, membership):
    update_work_details(actor=alice, membership=membership(bob), work_name=name, work_phone="")

    assert membership(bob).work_name == name


@pytest.mark.parametrize(("first", "last", "name"), REFUSED_CHARACTERS)
def test_characters_that_control_or_hide_are_refused(first, last, name):
    for code in (first, last):
        with pytest.raises(ValidationError) as refusal:
            validate_plain_text(f"a{chr(code)}b")
        assert f"U+{code:04X}" in refusal.value.messages[0], name


@pytest.mark.parametrize("name", ["\u200dGina", "Gina\u200c", "\u200d", "\U000e0067ina"])
def test_joiners_and_tags_stand_inside_alone(name):
    with pytest.raises(ValidationError):
        validate_plain_text(name)


def test_lines_may_break():
    validate_plain_lines("one\r\ntwo\n\tthree")
    with pytest.raises(ValidationError):
        validate_plain_lines("one\x0btwo")
