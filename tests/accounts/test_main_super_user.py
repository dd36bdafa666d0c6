"""The database keeps a main Super User in every customer, whoever writes (C3, C4)."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Customer, Membership


def refused(sql, *parameters):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.mark.parametrize("column", ["suspended_at", "ends_at", "ended_at"])
def test_raw_sql_cannot_end_the_main_membership(column, alder):
    refused(
        f"UPDATE accounts_membership SET {column} = %s WHERE id = %s",
        timezone.now(),
        alder.main_super_user_id,
    )


def test_raw_sql_cannot_demote(alder):
    refused("UPDATE accounts_membership SET role = 'user' WHERE id = %s", alder.main_super_user_id)


def test_raw_sql_cannot_delete(alder):
    refused("DELETE FROM accounts_membership WHERE id = %s", alder.main_super_user_id)


def test_raw_sql_cannot_remove_the_main_super_user(alder):
    refused("UPDATE accounts_customer SET main_super_user_id = NULL WHERE id = %s", alder.pk)


def test_raw_sql_cannot_appoint_a_user(alder, bob, membership):
    refused(
        "UPDATE accounts_customer SET main_super_user_id = %s WHERE id = %s",
        membership(bob).pk,
        alder.pk,
    )


def test_raw_sql_cannot_appoint_a_non_member(alder, birch):
    refused(
        "UPDATE accounts_customer SET main_super_user_id = %s WHERE id = %s",
        birch.main_super_user_id,
        alder.pk,
    )


def test_raw_sql_cannot_move_a_membership(alder, birch, bob, charlie, membership):
    place = membership(bob).pk
    refused("UPDATE accounts_membership SET customer_id = %s WHERE id = %s", birch.pk, place)
    refused("UPDATE accounts_membership SET user_id = %s WHERE id = %s", charlie.pk, place)


def test_a_bulk_update_cannot_demote(alder):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(customer=alder).update(ended_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=alder.pk).update(status="active", main_super_user=None)


def test_nobody_is_a_superuser_B12(bob):
    refused("UPDATE accounts_user SET is_superuser = %s WHERE id = %s", True, bob.pk)
