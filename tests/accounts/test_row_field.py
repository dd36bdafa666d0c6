"""A field to choose one of some rows, which are read at once."""

from django import forms
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.forms.rows import RowField
from accounts.models import Customer


class FieldForm(forms.Form):
    company = RowField(queryset=Customer.objects.order_by("name"), to_field_name="slug")
    as_django = forms.ModelChoiceField(
        queryset=Customer.objects.order_by("name"), to_field_name="slug"
    )


def test_it_has_the_choices_of_djangos_field(db):
    form = FieldForm()
    choices = list(form.fields["company"].choices)
    assert choices == list(form.fields["as_django"].choices)
    assert len(choices) == 1 + Customer.objects.count()


def test_each_form_reads_them_anew_and_in_one_query(db, alder):
    assert ("alder", alder.name) in [
        (str(value), label) for value, label in FieldForm().fields["company"].choices
    ]
    Customer.objects.filter(pk=alder.pk).update(name="Alder & Co")
    with CaptureQueriesContext(connection) as queries:
        html = str(FieldForm()["company"])
    assert "Alder &amp; Co" in html
    assert len(queries) == 1


def test_it_takes_a_row_and_refuses_another(db, alder):
    form = FieldForm({"company": "alder", "as_django": "alder"})
    assert form.is_valid() and form.cleaned_data["company"] == alder
    assert not FieldForm({"company": "elm", "as_django": "alder"}).is_valid()
