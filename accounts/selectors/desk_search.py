"""The search of the support desk: people of every company, by all that a caller may say."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Customer, Membership, User
from accounts.models.search import rows_with_word
from accounts.search import digits_of, typed_words
from accounts.selectors.paging import Page, page_of

SHORTEST_PHONE = 7  # digits


def find_callers(text: str, *, after: str = "") -> Page[User]:
    """Return a page of the people found by a text, by name.

    Each word is of the name, the address, the name or phone at work, or the name or phone of a
    company of theirs. A phone number may be typed with spaces and signs, and a `sub` in full.
    """
    return page_of(_found(text), among=User.objects.all(), order=("search_name", "pk"), after=after)


def _found(text: str) -> QuerySet[User]:
    people = User.objects.all()
    if sub := _as_uuid(text):
        return people.filter(sub=sub)
    digits = digits_of(text)
    words = [digits] if _is_phone(text) and len(digits) >= SHORTEST_PHONE else typed_words(text)
    for word in words:
        people = people.filter(_with_word(word))
    return people if words else people.none()


def _with_word(word: str) -> Q:
    present = Membership.objects.present()
    of_membership = present.filter(pk__in=rows_with_word(Membership, word))
    of_company = present.filter(customer__in=rows_with_word(Customer, word))
    return (
        Q(pk__in=rows_with_word(User, word))
        | Q(pk__in=of_membership.values("user"))
        | Q(pk__in=of_company.values("user"))
    )


def _is_phone(text: str) -> bool:
    return not any(character.isalpha() or character == "@" for character in text)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
