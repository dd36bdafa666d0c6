"""What tests of people and companies share."""

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import AuditEvent, User
from accounts.services.invitations import accept_invitation, invite_person

PASSWORD = "three unrelated words"


@pytest.fixture
def events(db: None) -> Callable[[], int]:
    """How many events the trail holds: what did not happen leaves none."""
    return AuditEvent.objects.count


@pytest.fixture
def join(alice, alder) -> Callable[..., User]:
    """Someone new at Alder, through an invitation: join("gina", role="super_user")."""

    def accept(name, *, actor=alice, customer=alder, role="user"):
        invitation = invite_person(
            actor=actor,
            customer=customer,
            address=f"{name}@{customer.slug}.example",
            name=f"{name.title()} Newcomer",
            role=role,
        )
        return accept_invitation(
            actor=None, token=invitation.token, name=invitation.name, password=PASSWORD
        ).user

    return accept


@pytest.fixture
def explain(db: None) -> Callable[[object], str]:
    """How the database would find these rows, were the table large."""

    def plan(rows) -> str:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        return rows.explain()

    return plan
