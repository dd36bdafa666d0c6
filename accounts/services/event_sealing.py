"""Sealing the personal words of an event, each under the key of whom it is about."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from accounts.choices.event_words import (
    ABOUT,
    ACTOR,
    ADDRESS_PATTERN,
    CONCERNED,
    INVITED,
    ITSELF,
    OF_A_PERSON,
    PERSON,
    Declared,
    Personal,
    Word,
    declared,
)
from accounts.encryption import WordCipher
from accounts.models import Membership, SubjectKey, User
from accounts.models.sealed_words import MARK
from accounts.models.subjects import BATCH_SIZE, ciphers_of, seal_key

NOBODY = ""  # the address of people whom the hub doesn't know
Subject = int | str  # a user's primary key, or an address

_ADDRESS = re.compile(ADDRESS_PATTERN)
_ADDRESS_IN_PUBLIC = Personal(Word.ADDRESS, (ITSELF,))
_UNDECLARED = Personal(Word.TEXT)


@dataclass(frozen=True)
class People:
    """The people that an event names by its columns; `about` is an address without an account."""

    actor: User | None
    person: User | None
    concerned: Mapping[str, int]  # sub → user's primary key
    about: str = ""

    def subs(self) -> dict[str, int]:
        """Return sub → primary key of all of them."""
        users = [user for user in (self.actor, self.person) if user]
        return {**self.concerned, **{str(user.sub): user.pk for user in users}}

    def addresses(self) -> dict[str, int]:
        """Return address → primary key of the actor and the person."""
        return {user.email: user.pk for user in (self.actor, self.person) if user}

    def named(self, rule: str) -> Subject | None:
        """Return whom PERSON, CONCERNED or ACTOR means in this event."""
        if rule == PERSON:
            return self.person.pk if self.person else self.about or None
        if rule == CONCERNED:
            return next(iter(self.concerned.values())) if len(self.concerned) == 1 else None
        if rule == ABOUT:
            return self.about or None
        return self.actor.pk if rule == ACTOR and self.actor else None


@dataclass
class _Place:
    """A personal word, and where in the public data it stands."""

    holder: Any  # a dict or a list
    key: Any
    personal: Personal
    beside: Mapping[str, Any]  # the facts that may say whose it is

    @property
    def word(self) -> str:
        """The word itself."""
        word: str = self.holder[self.key]
        return word

    def whose(self) -> tuple[str, ...]:
        """Return the rules in the order in which they are asked."""
        return tuple(dict.fromkeys((*self.personal.of, *OF_A_PERSON, ITSELF)))


def seal_words(
    kind: str, data: Mapping[str, Any], people: People
) -> tuple[dict[str, Any], list[list[str]]]:
    """Return an event's public data, with marks in the place of personal words, and the sealed.

    All words of one person are sealed as one part. A word that nothing is declared for is sealed
    too: as free text about the person.
    """
    holder: dict[str, Any] = {}
    places: list[_Place] = []
    for name, value in data.items():
        holder[name] = value
        _place(kind, name, _UNDECLARED, holder, name, holder, places)
    subjects = _subjects_of(places, people)
    ciphers = _ciphers_of(subjects)
    parts: dict[Subject, int] = {}
    words: dict[Subject, list[str]] = defaultdict(list)
    for place, subject in zip(places, subjects, strict=True):
        part = parts.setdefault(subject, len(parts))
        words[subject].append(place.word)
        place.holder[place.key] = {MARK: [part, len(words[subject]) - 1]}
    sealed = [[ciphers[subject][0], *ciphers[subject][1].seal(words[subject])] for subject in parts]
    return holder, sealed


def _place(
    kind: str,
    path: str,
    above: Declared,
    holder: Any,
    key: Any,
    beside: Mapping[str, Any],
    places: list[_Place],
) -> None:
    """Copy the value at `holder[key]`, and note the personal words in it."""
    above = declared(kind, path, above)
    value = holder[key]
    if isinstance(value, dict):
        copy = holder[key] = dict(value)
        for name in copy:
            _place(kind, f"{path}.{name}", above, copy, name, copy, places)
    elif isinstance(value, list | tuple):
        items = holder[key] = list(value)
        for number in range(len(items)):
            _place(kind, path, above, items, number, beside, places)
    elif isinstance(value, str) and value:
        if above is not None and above.unless in beside:
            above = None
        if above is None and _ADDRESS.search(value):
            above = _ADDRESS_IN_PUBLIC
        if above is not None:
            places.append(_Place(holder, key, above, beside))


def _subjects_of(places: list[_Place], people: People) -> list[Subject]:
    """Return whose word each is; a fact that names somebody is asked first, where it is there."""
    subs, addresses = people.subs(), people.addresses()
    memberships: dict[str, int] = {}
    facts = [
        (rule, str(place.beside[rule]))
        for place in places
        for rule in place.personal.of
        if place.beside.get(rule)
    ]
    unknown = {value for rule, value in facts if rule != "membership"} - subs.keys()
    for batch in _batches(unknown):
        rows = User.objects.filter(sub__in=batch).values_list("sub", "pk")
        subs |= {str(sub): pk for sub, pk in rows}
    for batch in _batches({value for rule, value in facts if rule == "membership"}):
        found = Membership.objects.filter(uuid__in=batch).values_list("uuid", "user_id")
        memberships |= {str(uuid): pk for uuid, pk in found}
    subjects: list[Subject] = []
    looked_up: set[str] = set()  # addresses that may be those of an account
    for place in places:
        for rule in place.whose():
            value = str(place.beside.get(rule) or "")
            subject = people.named(rule) or subs.get(value) or memberships.get(value)
            if rule in (ITSELF, INVITED) and (match := _ADDRESS.search(place.word)):
                subject = match.group().rstrip(".").lower()
            if subject is not None:
                break
        subjects.append(NOBODY if subject is None else subject)
        if isinstance(subject, str) and rule != INVITED:
            looked_up.add(subject)
    of_accounts = _accounts(looked_up, addresses)
    return [
        of_accounts.get(each, each) if isinstance(each, str) and each in looked_up else each
        for each in subjects
    ]


def _accounts(addresses: set[str], known: dict[str, int]) -> dict[str, int]:
    """Return address → primary key of the people whose account has this address."""
    accounts = dict(known)
    for batch in _batches(addresses - known.keys() - {NOBODY}):
        accounts |= dict(User.objects.filter(email__in=batch).values_list("email", "pk"))
    return accounts


def _ciphers_of(subjects: Iterable[Subject]) -> dict[Subject, tuple[str, WordCipher]]:
    """Return subject → id of their key and its cipher; keys that are missing are made.

    Somebody else may make the same key at this moment. One of them stays, and both read it.
    """
    wanted = list(dict.fromkeys(subjects))
    # Without a look first, so that an address costs the same whether or not the hub knows it.
    _make([subject for subject in wanted if isinstance(subject, str)])
    found = _read(wanted)
    missing = [subject for subject in wanted if subject not in found]
    _make(missing)
    return found | _read(missing)


def _make(subjects: list[Subject]) -> None:
    """Make the keys of these that have none."""
    SubjectKey.objects.bulk_create(
        (
            SubjectKey(
                user_id=subject if isinstance(subject, int) else None,
                address=subject if isinstance(subject, str) else None,
                sealed_key=seal_key(WordCipher.make_key()),
            )
            for subject in sorted(subjects, key=str)  # in one order, because each row is locked
        ),
        ignore_conflicts=True,
        batch_size=BATCH_SIZE,
    )


def _read(subjects: Iterable[Subject]) -> dict[Subject, tuple[str, WordCipher]]:
    """Return the current keys of these. One that can't be decrypted is current no longer."""
    found: dict[Subject, tuple[str, WordCipher]] = {}
    users = {each for each in subjects if isinstance(each, int)}
    addresses = {each for each in subjects if isinstance(each, str)}
    for field, values in (("user_id", users), ("address", addresses)):
        for batch in _batches(values):
            current = SubjectKey.objects.filter(is_current=True, **{f"{field}__in": batch})
            rows = list(current.values_list(field, "pk", "sealed_key"))
            ciphers = ciphers_of((pk, sealed) for _subject, pk, sealed in rows)
            if unreadable := [pk for _subject, pk, _sealed in rows if str(pk) not in ciphers]:
                current.filter(pk__in=unreadable).update(is_current=False)
            found |= {
                subject: (str(pk), ciphers[str(pk)])
                for subject, pk, _sealed in rows
                if str(pk) in ciphers
            }
    return found


def _batches(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(sorted(values))
    while batch := list(islice(rest, BATCH_SIZE)):
        yield batch
