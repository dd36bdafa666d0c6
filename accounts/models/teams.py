"""Teams: named sets of memberships of one customer."""

import uuid

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.customers import Customer, Membership
from accounts.models.search import SearchEntry, SearchKeyField, SearchWordsField
from accounts.triggers import refuse, search_entries
from accounts.validators import validate_name

_OF_ANOTHER_CUSTOMER = """(SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id)
    <> (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id)"""


class Team(models.Model):
    """A team. TeamMembership says who is in it; `group` only carries guardian's grants."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(_("name"), max_length=100, validators=[validate_name])
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="team")
    search_name = SearchKeyField(of="name", max_length=600)
    search_words = SearchWordsField(of=("name",))

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(F("customer"), Lower("name"), name="team_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class TeamSearchEntry(SearchEntry):
    """A word by which a team is found within a customer."""

    row = models.ForeignKey(
        Team, on_delete=models.DO_NOTHING, related_name="search_entries", db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            *search_entries(
                "accounts_team",
                entries="accounts_teamsearchentry",
                scope={"customer_id": "NEW.customer_id"},
            )
        ]
        indexes = [
            models.Index(fields=["customer", "entry", "row"], name="team_by_word"),
            models.Index(fields=["row", "entry"], name="words_of_team"),
        ]


class TeamMembership(models.Model):
    """One member of one team, both of the same customer (trigger)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="team_memberships")
    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="team_memberships"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "membership"], name="in_a_team_once"),
            *refuse(
                "team_within_customer",
                table="accounts_teammembership",
                when={"INSERT": _OF_ANOTHER_CUSTOMER, "UPDATE": _OF_ANOTHER_CUSTOMER},
                message="a team holds people of its own customer only",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership} in {self.team}"
