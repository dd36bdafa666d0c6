"""Open, verified cases of the support desk, for the tests of its acts."""

from typing import Any

from django.db import transaction

from accounts.choices import Verification
from accounts.models import SupportCase, User
from accounts.services import support

WHY = {"ticket": "T-1042", "reason": "Called from the number on file"}


def verified_case(
    agent: User, person: User, method: str = Verification.CALL_BACK, **more: Any
) -> SupportCase:
    """Return an open case whose caller was verified, as if by this method."""
    case = support.open_case(actor=agent, person=person, **{**WHY, **more})
    verifier = agent
    if method == Verification.SUPER_USER:
        assert case.customer is not None
        others = case.customer.memberships.live().filter(role="super_user")
        verifier = others.exclude(user=person)[0].user
    called_back = "company" if method == Verification.CALL_BACK else ""
    with transaction.atomic():  # for tests that commit
        return support.verify(case, Verification(method), by=verifier, called_back=called_back)


def confirmed_case(agent: User, person: User, **more: Any) -> SupportCase:
    """Return an open case whose caller a Super User confirmed: nothing in it waits."""
    return verified_case(agent, person, Verification.SUPER_USER, **more)
