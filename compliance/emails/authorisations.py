"""The emails about authorisations on file."""

from typing import Any

from django.urls import reverse

from accounts.emails import send_to
from compliance.models import Authorisation
from preferences.choices import NoticeCode


def send_authorisation_given(*, authorisation: Authorisation) -> None:
    """Tell the giver and the main Super User what the provider may do now."""
    _send(authorisation, "authorisation_given")


def send_authorisation_ended(*, authorisation: Authorisation) -> None:
    """Tell them that the provider may no longer do it."""
    _send(authorisation, "authorisation_ended", reason=authorisation.reason)


def send_authorisation_expiring(*, authorisation: Authorisation, ends_at: Any) -> None:
    """Tell them that it ends within 30 days, so that they can renew it."""
    _send(authorisation, "authorisation_expiring", ends_at=ends_at)


def _send(authorisation: Authorisation, template: str, **facts: Any) -> None:
    company, giver = authorisation.customer, authorisation.given_by
    readers = {}
    if giver is not None and giver.membership.ended_at is None:
        readers[giver.membership.user_id] = giver.membership.user
    if company.main_super_user is not None:
        readers[company.main_super_user.user_id] = company.main_super_user.user
    for reader in readers.values():
        send_to(
            reader,
            f"compliance/emails/{template}",
            notice_class=NoticeCode.SECURITY,
            path=reverse("compliance:authorisations", args=[company.slug]),
            zone=company.zone,
            company=company,
            profile=authorisation.profile,
            platform=authorisation.platform,
            acts=authorisation.acts,
            giver=giver and giver.membership,
            until=authorisation.until,
            **facts,
        )
