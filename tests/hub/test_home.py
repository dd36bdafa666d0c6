"""The home page with its portal launcher."""

from django.urls import reverse

from accounts.services.customers import suspend_customer
from portals.models import Portal


def test_open_portals_are_links_and_closed_ones_name_the_super_users(as_, bob):
    html = as_(bob).get(reverse("home")).content.decode()
    webmail = Portal.objects.get(slug="webmail")

    assert f'href="{webmail.home_url}"' in html
    assert "Ask Alice Martin" in html


def test_a_super_user_opens_every_subscribed_portal(as_, alice):
    html = as_(alice).get(reverse("home")).content.decode()

    for portal in Portal.objects.filter(subscriptions__customer__slug="alder"):
        assert f'href="{portal.home_url}"' in html


def test_nothing_opens_while_the_customer_is_suspended(as_, alice, olive, alder):
    suspend_customer(actor=olive, customer=alder, reason="unpaid")
    html = as_(alice).get(reverse("home")).content.decode()

    assert "This company is suspended" in html
    assert Portal.objects.get(slug="webmail").home_url not in html


def test_staff_without_a_customer_get_links_to_their_pages(as_, dana):
    assert "You work for the provider" in as_(dana).get(reverse("home")).content.decode()


def test_the_launcher_has_a_budget(as_, alice, django_assert_max_num_queries):
    client = as_(alice)
    with django_assert_max_num_queries(16):
        client.get(reverse("home"))
