"""The provider's pages for customers: create, invite, suspend and restore."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import Customer, Invitation
from accounts.services.customers import create_customer
from accounts.services.invitations import accept_invitation, invite_main_super_user
from portals.models import Subscription
from tests.accounts.conftest import PASSWORD

NEW = {
    "name": "Dogwood Inn",
    "slug": "dogwood",
    "language": "fr",
    "portals": ["webmail", "domains"],
    "address": "iris@dogwood.example",
    "person": "Iris Lee",
}


def url(name, *args):
    return reverse(f"portals:provider-{name}", args=args)


def test_a_customer_is_created_with_everything(as_, olive, deliver):
    answer = as_(olive).post(url("customer-create"), NEW)

    dogwood = Customer.objects.get(slug="dogwood")
    assert answer["Location"] == url("customer", "dogwood")
    assert {s.portal.slug for s in dogwood.subscriptions.all()} == {"webmail", "domains"}
    assert deliver()[-1].to == ["iris@dogwood.example"]
    assert "Iris Lee" in deliver()[-1].body


def test_all_or_nothing(as_, olive, deliver, events):
    client = as_(olive)
    before = events()

    answer = client.post(url("customer-create"), NEW | {"address": "nobody"})

    assert answer.context["form"].errors["address"]
    assert not Customer.objects.filter(slug="dogwood").exists()
    assert (deliver(), events()) == ([], before)


def test_a_second_creation_is_refused_beside_the_short_name(as_, olive):
    client = as_(olive)
    client.post(url("customer-create"), NEW)

    answer = client.post(url("customer-create"), NEW)

    assert answer.context["form"].errors["slug"]
    assert Customer.objects.filter(slug="dogwood").count() == 1


def test_the_main_super_user_is_invited_later_resent_revoked_and_accepted(as_, olive):
    client, dogwood = as_(olive), create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")
    client.post(url("invite", "dogwood"), {"address": "iris@dogwood.example", "name": "Iris"})
    assert "iris@dogwood.example" in client.get(url("customer", "dogwood")).content.decode()

    client.post(url("invitation-resend", "dogwood"))
    client.post(url("invitation-revoke", "dogwood"))
    assert client.post(url("invitation-revoke", "dogwood")).status_code == 404, "a replay"
    assert not dogwood.invitations.open().exists()

    offer = invite_main_super_user(actor=olive, customer=dogwood, address="iris@dogwood.example")
    accept_invitation(actor=None, token=offer.token, name="Iris", password=PASSWORD)
    assert "Iris" in client.get(url("customer", "dogwood")).content.decode()


def test_subscriptions(as_, olive):
    client = as_(olive)
    create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")
    webmail = Subscription.objects.filter(portal__slug="webmail").first().portal

    client.post(url("subscribe", "dogwood"), {"portal": webmail.pk})
    client.post(url("subscription", "dogwood", "webmail"), {"status": "suspended"})

    subscription = Subscription.objects.get(customer__slug="dogwood")
    assert (subscription.portal, subscription.status) == (webmail, "suspended")
    again = client.post(url("subscribe", "dogwood"), {"portal": webmail.pk})
    assert again.context["subscribe"].errors["portal"]


def test_several_are_suspended_and_restored(as_, olive, alder):
    client = as_(olive)

    client.post(url("customer-suspend", "alder"), {"reason": "Unpaid since June"})
    alder.refresh_from_db()
    assert alder.status == "suspended"
    assert "Unpaid since June" in client.get(url("customer", "alder")).content.decode()

    client.post(url("customer-restore", "alder"))
    alder.refresh_from_db()
    assert alder.status == "active"


ROUTES = [
    ("customer-create", []),
    ("customer", ["alder"]),
    ("subscribe", ["alder"]),
    ("subscription", ["alder", "webmail"]),
    ("invite", ["alder"]),
    ("invitation-resend", ["alder"]),
    ("invitation-revoke", ["alder"]),
    ("customer-suspend", ["alder"]),
    ("customer-restore", ["alder"]),
]


@pytest.mark.parametrize(("name", "args"), ROUTES)
@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "dana"])
def test_only_operators_may(name, args, who, request, as_, db):
    client = as_(request.getfixturevalue(who))

    for method in ("get", "post"):
        status = getattr(client, method)(url(name, *args)).status_code
        assert status in (403, 405)
    assert not Invitation.objects.open().exists()


@pytest.mark.parametrize(("name", "args"), ROUTES)
def test_signed_out_visitors_sign_in_first(name, args, as_):
    assert as_(None).post(url(name, *args))["Location"].startswith(reverse("account_login"))


def test_staff_without_permission_to_change_see_no_button(as_, olive, dana):
    dana.user_permissions.add(Permission.objects.get(codename="view_customer"))
    client = as_(dana)

    html = client.get(url("customer", "alder")).content.decode()

    assert "Alice Martin" in html
    assert url("customer-suspend", "alder") not in html
    assert client.post(url("customer-suspend", "alder"), {"reason": "x"}).status_code == 403


def test_query_budget(as_, olive, explain, django_assert_max_num_queries):
    client = as_(olive)
    client.get(url("customer", "alder"))

    with django_assert_max_num_queries(14):  # two of them badges of the menu
        client.get(url("customer", "alder"))
