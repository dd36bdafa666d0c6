"""Creating, changing, suspending and restoring customers."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEvent, Customer
from accounts.services.customers import (
    CustomerRefused,
    create_customer,
    restore_customer,
    suspend_customer,
    update_company,
)


def test_an_operator_creates_a_customer(olive):
    customer = create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")

    assert customer.status == "pending"
    assert AuditEvent.objects.first().kind == "customer.created"


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "dana"])
def test_only_an_operator_creates_a_customer(who, request, db):
    with pytest.raises(PermissionDenied):
        create_customer(actor=request.getfixturevalue(who), slug="dogwood", name="Dogwood")

    assert not Customer.objects.filter(slug="dogwood").exists()


@pytest.mark.parametrize(
    "slug", ["alder", "Alder", "a b", "", "-a", "a--b", "é", "a\n", "x" * 51, "a_b"]
)
def test_an_invalid_or_taken_short_name_is_refused(slug, olive):
    with pytest.raises(ValidationError) as refusal:
        create_customer(actor=olive, slug=slug, name="Another")

    assert "slug" in refusal.value.message_dict


def test_acts_at_creation_are_rolled_back_with_it(olive, events):
    before = events()

    def begin(customer):
        raise CustomerRefused("no")

    with pytest.raises(CustomerRefused):
        create_customer(actor=olive, slug="dogwood", name="Dogwood", begin=begin)

    assert events() == before
    assert not Customer.objects.filter(slug="dogwood").exists()


def test_a_super_user_changes_company_data(alice, alder):
    update_company(actor=alice, customer=alder, city="Québec", phone="418 555 0100")

    alder.refresh_from_db()
    assert alder.city == "Québec"
    data = AuditEvent.objects.first().data
    assert data["fields"] == "city, phone"
    assert {"field": "city", "before": "", "after": "Québec"} in data["differences"]


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_only_super_users_change_company_data(who, request, alder):
    with pytest.raises(PermissionDenied):
        update_company(actor=request.getfixturevalue(who), customer=alder, city="Nowhere")

    alder.refresh_from_db()
    assert alder.city == ""


@pytest.mark.parametrize("field", ["status", "slug", "main_super_user", "id", "nonsense"])
def test_unknown_fields_are_refused_J1(field, alice, alder):
    with pytest.raises(CustomerRefused):
        update_company(actor=alice, customer=alder, **{field: "x"})


def test_suspending_and_restoring_a_customer(olive, alder):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid since June")
    with pytest.raises(CustomerRefused):
        suspend_customer(actor=olive, customer=alder, reason="Again")

    restore_customer(actor=olive, customer=alder)
    with pytest.raises(CustomerRefused):
        restore_customer(actor=olive, customer=alder)

    alder.refresh_from_db()
    assert alder.status == "active"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\x00b", "a\nb"])
def test_suspension_needs_a_valid_reason(reason, olive, alder):
    with pytest.raises(ValidationError) as refusal:
        suspend_customer(actor=olive, customer=alder, reason=reason)

    assert "reason" in refusal.value.message_dict


@pytest.mark.parametrize("who", ["alice", "dana"])
def test_only_operators_suspend(who, request, alder):
    with pytest.raises(PermissionDenied):
        suspend_customer(actor=request.getfixturevalue(who), customer=alder, reason="No")
