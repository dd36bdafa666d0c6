"""Search by the beginnings of words, in any order.

A searchable row has the words by which it is found in a column of its own, and triggers keep a
table of entries true to it: one entry for each word, followed by the row's name. So the rows found
by a beginning are one index range, which is read in the order of the list, whatever their number.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.search import digits_of, search_key, typed_words, words_of
from accounts.triggers import ENTRY_LENGTH

Rows = TypeVar("Rows", bound=QuerySet[Any])

_PAST_ANY_TEXT = "\U0010ffff"


class BytewiseField(models.CharField):
    """Text that is compared by bytes on PostgreSQL too, so that a beginning is an index range."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Set the collation."""
        parameters: dict[str, Any] = {**super().db_parameters(connection)}
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class SearchKeyField(BytewiseField):
    """The search key of another attribute, written whenever the row is saved, by bulk_create too.

    A name in unusual letters can grow when it is normalised; its key is cut at `max_length`.
    """

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **{**kwargs, "editable": False})

    def deconstruct(self) -> Any:
        """Keep the source attribute in migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Return the key of the text as it is now, and set it on the instance."""
        key = search_key(attrgetter(self.of)(model_instance))[: self.max_length]
        setattr(model_instance, self.attname, key)
        return key


class SearchWordsField(models.TextField):
    """The words by which a row is found, of some of its attributes, separated by spaces.

    Written whenever the row is saved, by bulk_create too; the row's entries follow by triggers.
    """

    def __init__(self, *args: Any, of: Iterable[str] = (), **kwargs: Any) -> None:
        self.of = tuple(of)
        super().__init__(*args, **{**kwargs, "editable": False})

    def deconstruct(self) -> Any:
        """Keep the source attributes in migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Return the words of the texts as they are now, and set them on the instance."""
        words = " ".join(words_of(*(attrgetter(name)(model_instance) for name in self.of)))
        setattr(model_instance, self.attname, words)
        return words


class DigitsOf:
    """The digits of a phone number as one word, to be found by."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> str:
        """Return them as the number is now; no digits of the model itself."""
        return digits_of(getattr(instance, self.name)) if instance else ""


class SearchEntry(models.Model):
    """A word by which a row is found, then the row's name; only triggers write it.

    Each model that extends it names the searchable `row`, and the customer where rows have one.
    """

    entry = BytewiseField(max_length=ENTRY_LENGTH)

    class Meta:
        abstract = True


def matching(rows: Rows, text: str, **scope: Any) -> Rows:
    """Return those of `rows` that have all words of a text, or begin with them; all for no text.

    `scope` names the customer, where rows have one. Every word is one index range.
    """
    words = typed_words(text)
    if not words:
        return rows
    found = _entries(rows).filter(_range(words[0]), **scope)
    for word in words[1:]:
        found = found.filter(Exists(_entries(rows).filter(_range(word), row=OuterRef("row"))))
    return rows.filter(pk__in=found.values("row"))


def rows_with_word(model: type[models.Model], word: str) -> QuerySet[Any]:
    """Return the keys of a model's rows that have this normalised word, or begin with it."""
    rows: QuerySet[Any] = model._default_manager.all()
    return _entries(rows).filter(_range(word)).values("row")


def by_match(rows: Rows, text: str, **scope: Any) -> Rows:
    """Return as `matching`, to be read in the order of `match`: by the word found, then by name.

    That is the order of one index range, so a page costs the same however many rows there are.
    """
    words = typed_words(text)
    first, *others = words
    found = rows.filter(
        **{f"search_entries__{name}": value for name, value in scope.items()},
        search_entries__entry__gte=first,
        search_entries__entry__lt=first + _PAST_ANY_TEXT,
    ).annotate(match=F("search_entries__entry"), match_row=F("search_entries__row_id"))
    earlier = _entries(rows).filter(_range(first), row=OuterRef("pk"), entry__lt=OuterRef("match"))
    found = found.filter(~Exists(earlier))
    for word in others:
        found = found.filter(Exists(_entries(rows).filter(_range(word), row=OuterRef("pk"))))
    return found


def _entries(rows: QuerySet[Any]) -> QuerySet[Any]:
    model: Any = rows.model._meta.get_field("search_entries").related_model
    entries: QuerySet[Any] = model._default_manager.all()
    return entries


def _range(word: str) -> Q:
    """Return the condition, an index range, that an entry begins with a normalised word."""
    return Q(entry__gte=word, entry__lt=word + _PAST_ANY_TEXT)
