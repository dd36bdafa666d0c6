"""The statement about all tables finds the data items that `rows_about` finds one by one."""

from accounts.models import Customer, User
from compliance.registry import ITEMS
from compliance.selectors import subject_items
from compliance.selectors.erasable import Subject, rows_about, subject_of
from compliance.selectors.own_data import told_of
from compliance.selectors.subject_items import items_about
from tests.acts import Scene
from tests.compliance.whole_person import build


def one_by_one(subject):
    return {
        item.code
        for item in ITEMS
        for table in item.tables
        if told_of(table, rows_about(table, subject)).exists()
    }


def test_it_finds_the_items_of_everybody_and_of_addresses(db):
    Scene(Customer.objects.get(slug="alder"))
    people = list(User.objects.order_by("pk"))
    for person in people:
        assert items_about(subject_of(person, ())) == one_by_one(subject_of(person, ())) != set()
    everybody = frozenset(person.email for person in people)
    assert len(everybody) > len(subject_items.ADDRESSES)
    for subject in (
        subject_of(people[0], everybody),
        Subject(people[0], frozenset()),
        Subject(None, everybody),
        Subject(None, frozenset()),
        Subject(None, frozenset(["sam@shop.example"])),
    ):
        assert items_about(subject) == one_by_one(subject)


def test_it_finds_the_items_of_somebody_with_everything(alder, dana, deliver):
    subject = subject_of(build(alder, dana, deliver), ())
    assert items_about(subject) == one_by_one(subject)
    assert len(items_about(subject)) > 10
