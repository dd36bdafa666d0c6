"""Destroying the rows of one data item, as the registry says: delete, empty, or shred the key."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import EmailField, Field, ForeignKey, JSONField, Model, TextField
from django.db.models.functions import Cast
from django_tasks_db.models import DBTaskResult

from accounts.models import SubjectKey, User
from accounts.models.search import SearchKeyField, SearchWordsField
from accounts.services.sessions import end_sessions
from accounts.services.subject_keys import shred_words
from compliance.choices.sealed_files import SealedFileKind, SealedFileState
from compliance.models import SealedChunk, SealedFile
from compliance.registry.items import DataItem, Erase, Table
from compliance.selectors.erasable import Subject, names_of, rows_about
from compliance.selectors.own_data import model_of
from preferences.models import Message

AT_ONCE = 500  # rows of a statement
EMPTIED = "–"  # in a field that may not be empty; no word of any language
TEXTS = {"CharField", "TextField", "BinaryField", "GenericIPAddressField"}


def destroy(item: DataItem, subject: Subject, *, placeholder: str) -> None:
    """Do to the rows of a subject what their item says; `placeholder` stands for an address."""
    for table in item.tables:
        act = table.erase or item.erase
        if act is Erase.DELETE and "self" not in table.names("person"):
            rows_about(table, subject).delete()
        elif act is Erase.BLANK:
            _empty(table, subject, placeholder)
    if item.code in _MORE:
        _MORE[item.code](subject)


def _empty(table: Table, subject: Subject, placeholder: str) -> None:
    fields = [model_of(table)._meta.get_field(name) for name in table.names()]
    stays = table.names("stays")
    values = {
        field.name: _value(field, placeholder)
        for field in fields
        if isinstance(field, Field) and field.name not in stays and _holds_words(field)
    }
    if values:
        _write(model_of(table), rows_about(table, subject).values_list("pk", flat=True), values)


def _write(model: type[Model], keys: Any, values: dict[str, Any]) -> None:
    """Write the values; an address that was empty stays empty."""
    addresses = [name for name, value in values.items() if "@" in str(value)]
    others = {name: value for name, value in values.items() if name not in addresses}
    rows = model._base_manager.filter(pk__in=list(keys))
    if others:
        rows.update(**others)
    for name in addresses:
        rows.exclude(**{name: ""}).exclude(**{f"{name}__isnull": True}).update(
            **{name: values[name]}
        )


def _holds_words(field: Any) -> bool:
    if isinstance(field, SearchKeyField | SearchWordsField | JSONField):
        return True
    is_text = field.get_internal_type() in TEXTS
    return is_text and not field.choices and not isinstance(field, ForeignKey)


def _value(field: Any, placeholder: str) -> Any:
    if isinstance(field, EmailField):
        return placeholder
    if isinstance(field, SearchKeyField | SearchWordsField):
        return ""
    if isinstance(field, JSONField):
        return field.get_default() if field.has_default() else {}
    if field.null:
        return None
    return "" if field.blank else EMPTIED


def _shred(subject: Subject) -> None:
    people = [subject.person] if subject.person else []
    shred_words(actor=None, people=people, addresses=subject.addresses)


def _close(subject: Subject) -> None:
    """Keep no address of the person in the keys of words that a hold keeps readable, and no copy.

    A file of theirs may have everything: that it was made and downloaded stays, its content goes.
    """
    if subject.person is not None:
        _delete_files(subject.person)
        SubjectKey.objects.filter(address__in=subject.addresses).update(
            address=None, user=subject.person, is_current=False
        )


def _forget_password(subject: Subject) -> None:
    if subject.person is not None:
        User.objects.filter(pk=subject.person.pk).update(password=make_password(None))


def _end_sessions(subject: Subject) -> None:
    if subject.person is not None:
        end_sessions(subject.person)


def _delete_files(person: User) -> None:
    files = SealedFile.objects.filter(person=person, kind=SealedFileKind.OWN_DATA)
    SealedChunk.objects.filter(file__in=files).delete()
    files.exclude(state=SealedFileState.FAILED).update(state=SealedFileState.GONE, sealed_key=None)


def _forget_in_messages(subject: Subject) -> None:
    """Empty the subjects of email to others that name the person, and finished jobs about them.

    A name is matched as written and between words: Bill is not in “Your bill”, nor in “Billing”.
    """
    for name in names_of(subject):
        case = re.IGNORECASE if "@" in name else re.NOFLAG
        named = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", case)
        subjects = Message.objects.filter(subject__icontains=name).values_list("pk", "subject")
        keys = [pk for pk, text in subjects.iterator() if named.search(text)]
        for start in range(0, len(keys), AT_ONCE):
            Message.objects.filter(pk__in=keys[start : start + AT_ONCE]).update(subject=EMPTIED)
    jobs = DBTaskResult.objects.finished().annotate(text=Cast("args_kwargs", TextField()))
    for address in subject.addresses:
        jobs.filter(text__icontains=address).delete()


_MORE: dict[str, Callable[[Subject], None]] = {
    "account": _close,
    "activity_log": _shred,
    "hub_sessions": _end_sessions,
    "messages": _forget_in_messages,
    "sign_in_methods": _forget_password,
}
