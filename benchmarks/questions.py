"""Write the checks for a seeded hub: `python -m benchmarks.questions FILE`.

The file holds a token, the checks and their answers. Half are yes by a grant on the resource
itself, half are no, spread over all people and resources. Only checks on which guardian's rows
agree with the hub's rule are used (no parents, teams or roles), so that one set of answers fits
all applications.
"""

import hashlib
import json
import os
import random
import sys
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

import django

django.setup()

from allauth.idp.oidc.models import Token  # noqa: E402
from django.db.models import Max, Min, Q  # noqa: E402
from django.utils import timezone  # noqa: E402

from portals.decision import decide  # noqa: E402
from portals.decision.prepared import PLACEHOLDER, PreparedStatement  # noqa: E402
from portals.decision.statement import CHECK  # noqa: E402
from portals.models import PersonGrant, Portal, Privilege  # noqa: E402
from portals.services.credentials import issue_credentials  # noqa: E402

MAX_QUESTIONS = 5000
Question = tuple[str, str, str, str]


def token_of(portal: Portal) -> str:
    """Create a token of this portal that is valid for a day."""
    issue_credentials(actor=None, portal=portal)
    portal.refresh_from_db()
    Token.objects.create(
        type=Token.Type.ACCESS_TOKEN,
        hash=hashlib.sha256(b"benchmark").hexdigest(),
        client=portal.client,
        scopes="access:check",
        expires_at=timezone.now() + timedelta(days=1),
    )
    return "benchmark"


def sample(portal: Portal, generator: random.Random) -> list[PersonGrant]:
    """Return grants in force, spread over the whole table."""
    ends = PersonGrant.objects.aggregate(first=Min("pk"), last=Max("pk"))
    keys = [generator.randint(ends["first"], ends["last"]) for _ in range(MAX_QUESTIONS * 4)]
    grants: list[PersonGrant] = []
    for start in range(0, len(keys), 500):
        grants += PersonGrant.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now() + timedelta(hours=1)),
            pk__in=keys[start : start + 500],
            content_object__subscription__portal=portal,
        ).select_related("user", "content_object__resource_type")
    generator.shuffle(grants)
    return grants[: MAX_QUESTIONS // 2]


def collect(portal: Portal) -> list[tuple[Question, bool]]:
    """Return checks with their answers, as many yes as no."""
    generator = random.Random(7)
    privileges = {privilege.pk: privilege for privilege in portal.privileges.all()}
    grants = sample(portal, generator)
    yes, no = [], []
    for grant in grants:
        user, resource = grant.user, grant.content_object
        kind = resource.resource_type

        def ask(privilege: Privilege, user=user, resource=resource, kind=kind) -> Question:
            return (str(user.sub), kind.code, resource.external_id, privilege.code)

        # The hub may answer by role here, but the answer is yes in every application.
        yes.append((ask(privileges[grant.permission_id]), True))
        others = [p for p in privileges.values() if p.resource_type_id == kind.pk]
        generator.shuffle(others)
        for privilege in others:
            grants_of_other = PersonGrant.objects.filter(
                user=user, content_object=resource, permission_id=privilege.pk
            )
            if (
                decide(user, privilege.codename, resource) == "not_allowed"
                and not grants_of_other.exists()
            ):
                no.append((ask(privilege), False))
                break
    count = min(len(yes), len(no))
    questions = yes[:count] + no[:count]
    generator.shuffle(questions)
    return questions


def main() -> None:
    """Write the plan."""
    portal = Portal.objects.get(slug="webmail")
    statement = PreparedStatement("benchmark", CHECK)
    plan = {
        "token": token_of(portal),
        "questions": collect(portal),
        "names": statement.names,
        "sqlite": statement.sqlite,
        "psycopg": PLACEHOLDER.sub(r"%(\1)s", " ".join(CHECK.split())),
    }
    Path(sys.argv[1]).write_text(json.dumps(plan))


if __name__ == "__main__":
    main()
