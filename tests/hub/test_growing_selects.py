"""No <select> grows with a company's data: such a choice is a type-ahead field."""

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import Membership, Team, User
from accounts.services.teams import create_team
from portals.models import Resource
from tests.test_access import ADDRESSES

MORE = 12
SELECT = re.compile(r'<select\b[^>]*\bname="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
# Of these the whole provider has a handful: portals, topics, notice classes.
BOUNDED = {"portal", "category", "topic"}


def options(client, url):
    """Return the name of each <select> of a page → its number of options."""
    html = client.get(url).text
    return {name: text.count("<option") for name, text in SELECT.findall(html)}


def pages(alder, bob):
    urls = []
    keys = {
        "customer": "alder",
        "slug": "alder",
        "person": bob.sub,
        "team": alder.teams.first().uuid,
        "pk": Resource.objects.get(resource_type__code="domain", name="alder.example").pk,
        "access_request": alder.requests.first().uuid,
        "review": alder.access_reviews.first().uuid,
        "portal": "domains",
        "act": "team",
    }
    part = alder.access_reviews.first().items.filter(membership__user=bob).earliest("pk")
    for name, address in ADDRESSES.items():
        arguments = {key: keys[key] for key in address.arguments if key in keys}
        if address.method == "GET" and len(arguments) == len(address.arguments):
            url = reverse(name, kwargs=arguments)
            url += f"?person={bob.sub}" if name.endswith("bulk-action") else ""
            url += f"?part={part.pk}" if name == "portals:review" else ""  # has more to choose
            urls.append(url)
    return urls


def grow(alice, alder):
    domain = Resource.objects.get(resource_type__code="domain", name="alder.example")
    for number in range(MORE):
        person = User.objects.create_user(f"more{number}@alder.example", name=f"More {number}")
        Membership.objects.create(
            customer=alder, user=person, role="super_user", work_name=person.name
        )
        create_team(actor=alice, customer=alder, name=f"More {number}")
        Resource.objects.create(
            subscription=domain.subscription,
            resource_type=domain.resource_type,
            parent=domain.parent,
            name=f"more{number}.example",
            external_id=f"more{number}.example",
        )


@pytest.mark.parametrize("who", ["alice", "olive"])
def test_no_select_grows_with_the_data(who, request, as_, alice, alder, bob):
    client = as_(request.getfixturevalue(who))
    urls = pages(alder, bob)
    assert len(urls) > 40
    before = {url: options(client, url) for url in urls}

    grow(alice, alder)

    grown = {
        (url, name): (count, before[url].get(name, 0))
        for url in urls
        for name, count in options(client, url).items()
        if count > before[url].get(name, 0)
    }
    assert {key for key in grown if key[1] not in BOUNDED} == set(), grown
    assert Team.objects.count() > MORE
    assert Group.objects.count() > MORE
