"""The audience of a notice that goes to certain recipients alone, named before it is sent."""

from django.db import models
from django.utils import timezone

from accounts.triggers import append_only, refuse, refuse_set
from preferences.models.campaigns import Campaign
from preferences.models.recipients import Recipient

_TABLE = "preferences_namedrecipient"
_IS_NAMED = """EXISTS (SELECT 1 FROM preferences_campaign c
    WHERE c.id = NEW.campaign_id AND c.named)"""
_MAY_BE_ADDED = """EXISTS (SELECT 1 FROM preferences_campaign c
    WHERE c.id = NEW.campaign_id AND c.named AND c.state IN ('draft', 'scheduled')
      AND c.resolved_at IS NULL)"""
# A subscriber may have become a person, who is then the one to send to.
_HAS_NO_NAME = """NOT EXISTS (SELECT 1 FROM preferences_namedrecipient n
        WHERE n.campaign_id = NEW.campaign_id AND n.recipient_id = NEW.recipient_id)
    AND NOT EXISTS (SELECT 1 FROM preferences_recipient r
        JOIN preferences_namedrecipient n ON n.recipient_id = r.id
        WHERE r.followed_by_id = NEW.recipient_id AND n.campaign_id = NEW.campaign_id)"""


class NamedRecipient(models.Model):
    """A recipient of a notice with a named audience: written once, before it is sent.

    The notice goes to exactly these, whoever they are today: former members, suspended people,
    people who stopped all optional email, and people without an account.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="named_recipients", db_index=False
    )
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="namings")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["campaign", "recipient"], name="named_once"),
            *append_only(_TABLE),
            refuse_set(
                "recipient_is_named_before_sending",
                table=_TABLE,
                when=f"NOT {_MAY_BE_ADDED}",
                message="recipients are named before a notice with a named audience is sent",
            ),
            refuse_set(
                "candidate_of_named_audience",
                table="preferences_candidate",
                when=f"{_IS_NAMED} AND {_HAS_NO_NAME}",
                message="a notice with a named audience goes to those named alone",
            ),
            *refuse(
                "campaign_keeps_its_kind_of_audience",
                table="preferences_campaign",
                when={"UPDATE": "NEW.named <> OLD.named"},
                message="a campaign keeps its kind of audience",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} → {self.recipient_id}"
