"""Two people save one form at one moment, on PostgreSQL: one save counts, the other is told."""

import pytest

from accounts.models import AuditEvent
from accounts.services.customers import company_values, update_company
from accounts.services.memberships import update_work_details, work_details
from accounts.services.teams import create_team, rename_team
from accounts.services.versions import ChangedMeanwhile, version_of
from preferences.models import Topic
from preferences.services.topics import topic_values, update_topic
from tests.races.test_races import (
    ROUNDS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    join,
    new_customer,
    olive,  # noqa: F401
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


def one_won(results):
    """One save went through, and the other was refused as a conflict with it."""
    refusals = [result for result in results if isinstance(result, ChangedMeanwhile)]
    assert (won(results), len(refusals)) == (1, 1), results
    return refusals[0]


def test_the_same_form_saved_twice_at_one_moment(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob = join(customer, main, "bob")
        team = create_team(actor=main.user, customer=customer, name="Office")
        company, work = version_of(company_values(customer)), version_of(work_details(bob))
        name = version_of({"name": team.name})

        def save_company(city, customer=customer, main=main, version=company):
            return update_company(actor=main.user, customer=customer, version=version, city=city)

        def save_work(phone, bob=bob, main=main, version=work):
            values = {"work_name": bob.work_name, "work_phone": phone}
            return update_work_details(actor=main.user, membership=bob, version=version, **values)

        def save_team(name, team=team, main=main, version=name):
            return rename_team(actor=main.user, team=team, name=name, version=version)

        for save, words in (
            (save_company, ("Laval", "Gaspé")),
            (save_work, ("555 0100", "555 0199")),
            (save_team, ("Front desk", "Back office")),
        ):
            refusal = one_won(
                race(lambda save=save, words=words: save(words[0]),
                     lambda save=save, words=words: save(words[1]))
            )  # fmt: skip
            assert refusal.event.actor == main.user
        events = AuditEvent.objects.filter(customer=customer)
        for kind in ("customer.updated", "membership.updated", "team.renamed"):
            assert events.filter(kind=kind).count() == 1


def test_a_topic_saved_twice_at_one_moment(olive):  # noqa: F811
    for number in range(ROUNDS):
        topic = Topic.objects.get(slug="newsletter")
        version = version_of(topic_values(topic))
        values = topic_values(topic)

        def save(cadence, topic=topic, version=version, values=values):
            wanted = values | {"cadence_en": cadence}
            return update_topic(actor=olive, topic=topic, version=version, **wanted)

        one_won(race(lambda n=number: save(f"Weekly {n}"), lambda n=number: save(f"Monthly {n}")))
