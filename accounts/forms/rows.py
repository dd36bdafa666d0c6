"""A field to choose one of some rows."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator


class _RowsAtOnce(ModelChoiceIterator):
    """The choices of a field, whose rows are few enough to be read at once.

    Django's reads them through a cursor on the server, in five statements on PostgreSQL.
    """

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for row in self.queryset:
            yield self.choice(row)


class RowField(forms.ModelChoiceField):
    """One of some rows, which are read at once."""

    iterator = _RowsAtOnce
