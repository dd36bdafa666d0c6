"""A query that is composed once gives what Django gives, for each value, and keeps none of them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import BigIntegerField, CharField, DateTimeField, Value
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Customer, Membership
from accounts.selectors.composed import ComposedQuery

LIVE = ComposedQuery(
    lambda customer, now: (
        Membership.objects.live(now)
        .filter(customer=customer)
        .select_related("user")
        .annotate(said=Value("x", CharField()))
        .order_by("pk")
    ),
    customer=BigIntegerField(),
    now=DateTimeField(),
)


def test_it_gives_the_rows_of_each_value(db, alder, django_assert_num_queries):
    now = timezone.now()
    for customer in Customer.objects.all():
        with django_assert_num_queries(1):
            rows = LIVE.rows(customer=customer.pk, now=now)
            assert [row.user.email for row in rows] and {row.said for row in rows} == {"x"}
        assert rows == list(Membership.objects.live().filter(customer=customer).order_by("pk"))


def test_a_moment_is_that_of_the_question(db, alder, bob, membership):
    end = timezone.now() + timedelta(days=1)
    Membership.objects.filter(pk=membership(bob).pk).update(ends_at=end)

    def is_live(now):
        return membership(bob) in LIVE.rows(customer=alder.pk, now=now)

    assert [is_live(end - timedelta(seconds=1)), is_live(end), is_live(timezone.now())] == [
        True, False, True,
    ]  # fmt: skip


def test_the_statement_is_made_once(db, alder):
    made = []

    def make(customer):
        made.append(customer)
        return Membership.objects.filter(customer=customer).values_list("pk", "uuid")

    query = ComposedQuery(make, customer=BigIntegerField())
    with CaptureQueriesContext(
        connection,
    ) as asked:
        first, second = (query.rows(customer=alder.pk) for _time in range(2))

    assert (
        first == second == list(Membership.objects.filter(customer=alder).values_list("pk", "uuid"))
    )
    assert len(made) == 1 and len(asked) == 2


def test_a_blank_stands_in_a_text_of_sql(db, alder):
    query = ComposedQuery(
        lambda key: Customer.objects.annotate(
            same=RawSQL("id = %s", [key.blank], output_field=BigIntegerField())
        ),
        key=BigIntegerField(),
    )
    assert [row.pk for row in query.rows(key=alder.pk) if row.same] == [alder.pk]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Membership.objects.present(),
        lambda: Membership.objects.filter(uuid=Membership.objects.first().uuid),
        lambda: Membership.objects.filter(joined_at__date=timezone.now().date()),
        lambda: Membership.objects.none(),
    ],
    ids=["a moment", "an identity", "a day", "nothing"],
)
def test_what_was_not_given_is_refused(db, make):
    with pytest.raises(TypeError):
        ComposedQuery(make).rows()


def test_a_value_that_is_missing_is_an_error(db):
    with pytest.raises(KeyError):
        LIVE.rows(customer=1)
