"""Django's admin is read-only (C4)."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import AuditEvent, Invitation, User
from accounts.services.invitations import invite_person

MODELS = ["user", "customer", "membership", "invitation", "auditevent"]


@pytest.fixture
def admin(as_, olive):
    """A client of someone with every permission there is: still nothing to change."""
    olive.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    return as_(olive)


@pytest.mark.parametrize("model", MODELS)
def test_everything_is_read_only(admin, model, alice, alder):
    invite_person(actor=alice, customer=alder, address="gina@alder.example")
    row = {"user": alice.pk, "customer": alder.pk, "membership": alder.main_super_user_id}
    pk = row.get(model) or {"invitation": Invitation, "auditevent": AuditEvent}[
        model
    ].objects.first().pk  # fmt: skip

    def at(name, *args):
        return reverse(f"admin:accounts_{model}_{name}", args=args)

    assert admin.get(at("changelist")).status_code == 200
    assert admin.get(at("change", pk)).status_code == 200
    data = {"is_staff": "on", "is_active": "", "role": "user", "status": "closed"}
    assert admin.post(at("change", pk), data).status_code == 403
    assert admin.get(at("add")).status_code == 403
    assert admin.post(at("add"), data).status_code == 403
    assert admin.post(at("delete", pk), {"post": "yes"}).status_code == 403
    picked = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    admin.post(at("changelist"), picked)
    assert User.objects.get(pk=alice.pk).is_active
    alder.refresh_from_db()
    assert alder.status == "active"


def test_no_secret_is_shown_K4(admin, alice, alder):
    offer = invite_person(actor=alice, customer=alder, address="gina@alder.example")

    person = admin.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    shown = admin.get(reverse("admin:accounts_invitation_change", args=[offer.pk]))

    assert alice.password not in person
    assert str(alice.session_epoch) not in person
    assert offer.token_hash not in shown.content.decode()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_people_of_customers_cannot_open_the_admin(who, request, as_, db):
    answer = as_(request.getfixturevalue(who)).get("/admin/")

    assert answer.status_code in (302, 403)
