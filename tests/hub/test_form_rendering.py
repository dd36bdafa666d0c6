"""Widgets drawn without a template are those that Django's templates draw."""

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.test.html import parse_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from hub.form_rendering import FormRenderer

ODD = {"id": "a", "required": True, "hidden": False, "data-x": '"><b>', "maxlength": 9, "lang": ""}
CHOICES = [
    ("", "—"),
    ("a&b", '<i>"x"</i>'),
    (1, SafeString("<b>bold</b>")),
    ("Group & co", [("z", gettext_lazy("Name"))]),
]
INPUTS = (
    forms.TextInput, forms.EmailInput, forms.NumberInput, forms.PasswordInput, forms.HiddenInput,
    forms.URLInput, forms.DateInput, forms.TimeInput, forms.DateTimeInput, forms.CheckboxInput,
    forms.SearchInput, forms.TelInput, forms.ColorInput,
)  # fmt: skip
VALUES = (None, "", "x", '"><script>', 0, 12, True, SafeString("a&amp;b"), ["1", "z"], "1")


def same(drawn: str, of_django: str) -> bool:
    return bool(parse_html(drawn) == parse_html(of_django))


@pytest.mark.parametrize("kind", INPUTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_inputs(kind, value):
    widget = kind(attrs={"class": "wide"})
    assert same(
        widget.render("n<>ame", value, ODD, FormRenderer()),
        widget.render("n<>ame", value, ODD, DjangoTemplates()),
    )


@pytest.mark.parametrize(
    "kind", [forms.Select, forms.SelectMultiple, forms.NullBooleanSelect], ids=lambda k: k.__name__
)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_selects(kind, value):
    if kind is forms.NullBooleanSelect and isinstance(value, list):
        value = None  # Django expects one value there
    widget = kind() if kind is forms.NullBooleanSelect else kind(choices=CHOICES)
    assert same(
        widget.render("name", value, ODD, FormRenderer()),
        widget.render("name", value, ODD, DjangoTemplates()),
    )


@pytest.mark.parametrize("kind", [forms.RadioSelect, forms.CheckboxSelectMultiple])
def test_each_option_has_its_label_in_a_span(kind):
    widget = kind(choices=CHOICES[:3])
    drawn = widget.render("name", "1", {"id": "a"}, FormRenderer())
    for text in ("—", "&lt;i&gt;&quot;x&quot;&lt;/i&gt;", "<b>bold</b>"):
        assert f"<span>{text}</span></label>" in drawn
    plain = drawn.replace("<span>", "").replace("</span>", "")
    of_django = widget.render("name", "1", {"id": "a"}, DjangoTemplates())
    assert [
        str(element) for element in _inputs(parse_html(plain))
    ] == [str(element) for element in _inputs(parse_html(of_django))]  # fmt: skip


def _inputs(element):
    for child in getattr(element, "children", ()):
        if getattr(child, "name", "") == "input":
            yield child
        yield from _inputs(child)


def test_a_choice_may_be_yes_or_no():
    widget = forms.RadioSelect(choices=[(True, "Yes"), (False, "No")])
    drawn = widget.render("name", False, {}, FormRenderer())
    assert 'value="True"' in drawn and 'value="False" checked' in drawn


def test_a_field_without_errors_has_no_markup_for_them():
    class Form(forms.Form):
        name = forms.CharField()

    assert Form({"name": "x"}, renderer=FormRenderer())["name"].errors.render() == ""
    assert "required" in Form({}, renderer=FormRenderer())["name"].errors.render()
