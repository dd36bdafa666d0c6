"""Fill companies and find their pages: `python -m benchmarks.page_world FOLDER SMALL LARGE`.

It adds companies of two sizes to the example, follows the links of the hub as each main Super User
and as an operator, and writes FOLDER/<company>/<page>.json with the request of each kind of page.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.urls import Resolver404, resolve  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import AccessRequest, Customer, User  # noqa: E402
from accounts.services.audit import record_event  # noqa: E402
from benchmarks.people_pages import BATCH  # noqa: E402
from benchmarks.people_pages import fill as fill_people  # noqa: E402
from portals.models import PersonGrant, Privilege, Resource, ResourceType  # noqa: E402

LINK = re.compile(r'<a\b[^>]*?\shref="([^"#]+)')
NOT_PAGES = re.compile(r"^/(admin|static|api|access|identity|\.well-known|demo)/|/export/")
MAILBOXES = 50_000
EVENTS = 2_000


def fill(slug: str, size: int) -> User:
    """Create a company, with mailboxes, access, requests and a log in proportion to its people."""
    main, _team = fill_people(slug, size)
    customer, now = Customer.objects.get(slug=slug), timezone.now()
    root = Resource.objects.get(external_id=slug, resource_type__code="subscription")
    kind = ResourceType.objects.get(code="mailbox", portal=root.subscription.portal)
    domain = Resource.objects.create(
        subscription=root.subscription,
        resource_type=ResourceType.objects.get(code="mail_domain", portal=root.subscription.portal),
        external_id=f"{slug}.example",
        name=f"{slug}.example",
        parent=root,
    )
    names = [f"box-{number}@{slug}.example" for number in range(min(size, MAILBOXES))]
    boxes = Resource.objects.bulk_create(
        [
            Resource(
                subscription=root.subscription,
                resource_type=kind,
                external_id=name,
                name=name,
                parent=domain,
            )
            for name in names
        ],
        BATCH,
    )
    privilege = Privilege.objects.filter(resource_type=kind).exclude(sensitive=True).earliest("pk")
    members = list(customer.memberships.exclude(user=main).select_related("user")[:MAILBOXES])
    PersonGrant.objects.bulk_create(
        [
            PersonGrant(
                user=member.user,
                permission_id=privilege.pk,
                content_object=box,
                granted_by=main,
                expires_at=now + timedelta(days=number % 60 + 1) if number % 50 == 0 else None,
            )
            for number, (member, box) in enumerate(zip(members, boxes, strict=False))
        ],
        BATCH,
    )
    # The first mailbox is everybody's.
    PersonGrant.objects.bulk_create(
        [
            PersonGrant(
                user=member.user,
                permission_id=privilege.pk,
                content_object=boxes[0],
                granted_by=main,
            )
            for member in members[1:]
        ],
        BATCH,
    )
    AccessRequest.objects.bulk_create(
        [
            AccessRequest(customer=customer, membership=member, kind="other", text="Please call.")
            for member in members[:: max(1, len(members) // 200)]
        ],
        BATCH,
    )
    with transaction.atomic():
        for member in members[:EVENTS]:
            record_event(kind="user.signed_in", actor=member.user, customer=customer)
    return main


def pages_for(person: User) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield (name, path, headers) of each kind of page that links lead this person to."""
    client = Client()
    client.force_login(person, backend="accounts.backends.PersonBackend")
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    headers = {"Cookie": cookie, "Host": "localhost", "User-Agent": "benchmark"}
    waiting, seen = ["/"], set()
    while waiting:
        path = waiting.pop(0)
        try:
            name = resolve(urlsplit(path).path).view_name
        except Resolver404:
            continue
        if name in seen or not name or NOT_PAGES.search(path):
            continue
        seen.add(name)
        answer = client.get(path)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        yield name, path, headers
        found = (link.replace("&amp;", "&") for link in LINK.findall(answer.text))
        base = urlsplit(path).path
        waiting += [
            base + link if link.startswith("?") else link for link in found if link[0] in "/?"
        ]


def write(folder: Path, company: str, person: User) -> None:
    """Write the requests of all pages of a person."""
    (folder / company).mkdir()
    for name, path, headers in pages_for(person):
        client = Client(headers={"Cookie": headers["Cookie"]})
        is_true = "true" in client.get(path).text
        lines = [f"GET {path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items())]
        request = "\r\n".join([*lines, "", ""])
        document = {"path": path, "headers": headers, "requests": [[request, is_true]]}
        (folder / company / f"{name.replace(':', '.')}.json").write_text(json.dumps(document))


def main() -> None:
    """Fill the database and write the requests."""
    folder, sizes = Path(sys.argv[1]), [int(size) for size in sys.argv[2:]]
    setup_test_environment(debug=False)
    settings.ALLOWED_HOSTS = ["*"]
    call_command("createcachetable", verbosity=0)
    alice = User.objects.get(email="alice@alder.example")
    people = {"7 people": alice}
    for size in sizes:
        people[f"{size:,} people"] = fill(f"of-{size}", size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    people["staff"] = User.objects.get(email="olive@harbour.example")
    people["a user"] = User.objects.get(email="bob@alder.example")
    for company, person in people.items():
        write(folder, company, person)
    (folder / "frame").mkdir()
    _name, _path, headers = next(pages_for(alice))
    lines = ["GET /empty HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items())]
    document = {
        "path": "/empty",
        "headers": headers,
        "requests": [["\r\n".join([*lines, "", ""]), True]],
    }
    (folder / "frame" / "empty.json").write_text(json.dumps(document))


if __name__ == "__main__":
    main()
