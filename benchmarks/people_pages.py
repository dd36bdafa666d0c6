"""Request the people list: `python -m benchmarks.people_pages SMALL LARGE ROUNDS`.

It fills the database with two customers, then requests their lists in turns, as their Super Users,
with all middleware, and prints one JSON line: page → customer → milliseconds.
"""

import json
import os
import random
import sys
import time
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

import django

django.setup()

from allauth.mfa.models import Authenticator  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Customer, Membership, Team, TeamMembership, User  # noqa: E402
from portals.models import PersonGrant, Portal, Privilege, Resource, Subscription  # noqa: E402

BATCH = 2000
# Six in ten match “an”, six in nine “ch” and all by address, so both customers fill a page.
FIRST_NAMES = ["Ana", "Anouk", "Andreas", "Anna", "Anil", "Antonia", "Bo", "Fatou", "Kofi", "Nils"]
LAST_NAMES = ["Abbott", "Chabot", "Chan", "Charron", "Chen", "Châtel", "Chung", "Fortin", "Ito"]

JUDGED = {
    "first page": {},
    "search by name": {"q": "an"},
    "search by address": {"q": "person-"},
    "search by last name": {"q": "ch"},
    "search by domain": {"q": "@DOMAIN"},
    "search for one": {"q": "levesque zoe"},
}
# Suggestions, as htmx asks for them: what they suggest, from where.
SUGGESTED = {
    "suggestions of the search": ("/search/", {"q": "an"}),
    "suggestions of the search by domain": ("/search/", {"q": "@DOMAIN"}),
    "suggestions of a field": ("/c/SLUG/people/options/", {"q": "ch"}),
    "suggestions of a field at first": ("/c/SLUG/people/options/", {}),
}
SHOWN = {
    "search by two common words": {"q": "an ch"},
    "Super Users": {"role": "super_user"},
    "suspended": {"state": "suspended"},
    "in a team": {"team": "TEAM"},
    "may open a portal": {"portal": "webmail"},
    "second factor": {"factor": "yes"},
    "away 90 days": {"away": "yes"},
    "newest first": {"sort": "newest"},
    "longest away first": {"sort": "sign-in"},
}


def fill(slug: str, size: int) -> tuple[User, Team]:
    """Create a customer with people; return its main Super User and a team of one in ten."""
    generator, password, now = random.Random(3), make_password(None), timezone.now()
    customer = Customer.objects.create(slug=slug, name=slug.title())

    def name(n: int) -> str:
        return (
            f"{generator.choice(FIRST_NAMES)} {generator.choice(LAST_NAMES)}"
            if n
            else "Zoë Lévesque"
        )

    people = User.objects.bulk_create(
        (
            User(
                email=f"person-{n}@{slug}.example",
                name=name(n),
                password=password,
                last_login=now - timedelta(days=generator.randrange(100)) if n % 20 else None,
            )
            for n in range(size)
        ),
        batch_size=BATCH,
    )
    members = Membership.objects.bulk_create(
        (
            Membership(
                customer=customer,
                user=person,
                work_name=person.name,
                role="user" if n else "super_user",
                joined_at=now - timedelta(minutes=n),
                suspended_at=now if n % 99 == 98 else None,
            )
            for n, person in enumerate(people)
        ),
        batch_size=BATCH,
    )
    Customer.objects.filter(pk=customer.pk).update(main_super_user=members[0], status="active")
    team = Team(customer=customer, name="Front office")
    team.group = Group.objects.create(name=f"team:{team.uuid}")
    team.save()
    TeamMembership.objects.bulk_create(
        [TeamMembership(team=team, membership=member) for member in members[::10]], BATCH
    )
    Authenticator.objects.bulk_create(
        [Authenticator(user=person, type="totp", data={}) for person in people[::30]], BATCH
    )
    subscription = Subscription.objects.create(
        customer=customer, portal=Portal.objects.get(slug="webmail")
    )
    kind = subscription.portal.resource_types.get(code="subscription")
    root = Resource.objects.create(
        subscription=subscription, resource_type=kind, external_id=slug, name=slug
    )
    opening = Privilege.objects.get(resource_type=kind, code="open")
    PersonGrant.objects.bulk_create(
        [
            PersonGrant(
                user=person, permission_id=opening.pk, content_object=root, granted_by=people[0]
            )
            for person in people[1::2]
        ],
        BATCH,
    )
    return people[0], team


def ask(client: Client, path: str, query: dict[str, str]) -> float:
    """Return the milliseconds of one request. Exit if the answer lists nobody."""
    headers = {"HX-Request": "true"} if "people/" not in path or "options" in path else {}
    began = time.perf_counter()
    answer = client.get(path, query, headers=headers)
    took = (time.perf_counter() - began) * 1000
    html = answer.content.decode()
    if answer.status_code != 200 or "Nobody found" in html or "Nothing matches" in html:
        sys.exit(f"{path} {query}: nobody is listed")
    return took


def main() -> None:
    """Fill the database, warm up and measure."""
    sizes = {"small": int(sys.argv[1]), "large": int(sys.argv[2])}
    rounds = int(sys.argv[3])
    setup_test_environment(debug=False)
    clients, teams = {}, {}
    for slug, size in sizes.items():
        person, team = fill(slug, size)
        clients[slug], teams[slug] = Client(), str(team.uuid)
        clients[slug].force_login(person, backend="accounts.backends.PersonBackend")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)" if connection.vendor == "postgresql" else "ANALYZE")
    results: dict[str, dict[str, list[float]]] = {}
    for turn in range(rounds + 1):
        lists = {page: ("/c/SLUG/people/", query) for page, query in {**JUDGED, **SHOWN}.items()}
        for page, (path, chosen) in {**lists, **SUGGESTED}.items():
            if page in SHOWN and turn > 5:
                continue
            for slug, client in clients.items():
                words = {"TEAM": teams[slug], "@DOMAIN": f"@{slug}.ex"}
                query = {key: words.get(value, value) for key, value in chosen.items()}
                took = ask(client, path.replace("SLUG", slug), query)
                if turn:  # the first warms up connections, plans and caches
                    results.setdefault(page, {}).setdefault(slug, []).append(took)
    print(json.dumps({"judged": [*JUDGED, *SUGGESTED], "pages": results}))


if __name__ == "__main__":
    main()
