"""People and teams by their key in addresses and forms: `person:12` and `team:3`."""

import re
from collections.abc import Iterable

from accounts.models import Customer, Membership, Team
from portals.selectors.effective_access import Grantee

KEY = re.compile(r"(person|team):([0-9]{1,18})")


def grantee_key(grantee: Grantee) -> str:
    """Return the key of a person or team in addresses and forms."""
    return f"{'team' if isinstance(grantee, Team) else 'person'}:{grantee.pk}"


def grantees_by_key(customer: Customer, keys: Iterable[str]) -> dict[str, Grantee]:
    """Return key → person or team, for those that are of this customer, by name."""
    found = [match.groups() for key in keys if (match := KEY.fullmatch(key))]
    people = [int(pk) for kind, pk in found if kind == "person"]
    teams = [int(pk) for kind, pk in found if kind == "team"]
    grantees: list[Grantee] = []
    if people:
        present = Membership.objects.present().filter(customer=customer, pk__in=people)
        grantees += present.select_related("user", "customer").order_by("search_name", "pk")
    if teams:
        of_customer = Team.objects.filter(customer=customer, pk__in=teams)
        grantees += of_customer.select_related("group", "customer").order_by("name", "pk")
    return {grantee_key(grantee): grantee for grantee in grantees}
