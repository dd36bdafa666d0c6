"""Rights begin and end with a membership, in the same transaction."""

from typing import Any

from django.dispatch import Signal

from accounts import signals as accounts_signals

customer_page_shown = Signal()  # request, customer: receivers return a section for staff, or ""


def _began(*, membership: Any, actor: Any, invitation: Any, **_: Any) -> list[str]:
    from portals.services import offers, registrations

    registrations.register_new_member(actor=actor, membership=membership)
    if invitation is None:
        return []
    return offers.apply_offered_grants(actor=actor, invitation=invitation, membership=membership)


def _ended(*, membership: Any, **_: Any) -> dict[str, Any]:
    from portals.services import holders, uses

    uses.forget_uses_of_leaver(membership=membership)
    return holders.drop_grants_of_leaver(membership=membership)


def _leaving_due(*, leaving: Any, **_: Any) -> dict[str, list[Any]]:
    from portals.services import leavings

    return leavings.give_handed_grants(leaving=leaving)


def _returning(
    *, actor: Any, event: Any, membership: Any = None, team: Any = None, **_: Any
) -> list[str]:
    from portals.services import returns

    if membership is not None:
        returns.take_back_handed(actor=actor, customer=membership.customer, event=event)
    return returns.bring_back_grants(actor=actor, holder=membership or team, event=event)


def _approved(*, asked: Any, actor: Any, how: Any, **_: Any) -> None:
    from portals.services import requests, service_requests

    if asked.is_of_provider:
        service_requests.do_as_asked(actor=actor, asked=asked, how=how)
    else:
        requests.give_requested_grants(actor=actor, asked=asked, how=how)


def _joining(
    *,
    team: Any,
    membership: Any,
    actor: Any,
    reason: str,
    signed_in_at: Any,
    promised_at: Any = None,
    **_: Any,
) -> None:
    from portals.services import holders

    holders.check_joining(
        actor=actor,
        team=team,
        membership=membership,
        reason=reason,
        signed_in_at=signed_in_at,
        promised_at=promised_at,
    )


def _team_ending(*, team: Any, **_: Any) -> dict[str, Any]:
    from portals.services import holders

    return holders.drop_grants_of_team(team=team)


def _locked_out(*, user: Any, **_: Any) -> None:
    from allauth.idp.oidc.models import Token

    Token.objects.filter(user=user).delete()


def _announce_endings(**_: Any) -> None:
    from portals.services import endings

    endings.announce_endings()


def _run_reviews(**_: Any) -> None:
    from portals.services import reviews

    reviews.run_reviews()


def connect() -> None:
    """Connect the receivers above; called once at start-up."""
    accounts_signals.minute_passed.connect(_announce_endings, dispatch_uid="portals endings")
    accounts_signals.minute_passed.connect(_run_reviews, dispatch_uid="portals reviews")
    accounts_signals.membership_began.connect(_began, dispatch_uid="portals")
    accounts_signals.membership_ended.connect(_ended, dispatch_uid="portals")
    accounts_signals.leaving_due.connect(_leaving_due, dispatch_uid="portals")
    accounts_signals.membership_returning.connect(_returning, dispatch_uid="portals")
    accounts_signals.team_returning.connect(_returning, dispatch_uid="portals")
    accounts_signals.request_approved.connect(_approved, dispatch_uid="portals")
    accounts_signals.team_member_joining.connect(_joining, dispatch_uid="portals")
    accounts_signals.team_ending.connect(_team_ending, dispatch_uid="portals")
    accounts_signals.person_locked_out.connect(_locked_out, dispatch_uid="portals")
