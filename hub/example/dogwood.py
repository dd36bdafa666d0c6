"""Dogwood Freight in the history: forty people in six teams, and two Super Users."""

from datetime import datetime
from functools import partial

from allauth.mfa.models import Authenticator
from django.utils.crypto import get_random_string

from accounts.choices import RequestKind, RequestState, Role
from accounts.models import AccessRequest, Invitation, Team
from accounts.services.factors import seal_seed
from accounts.services.invitations import Invitee, invite_people
from accounts.services.memberships import change_role, suspend_membership
from accounts.services.offboarding import set_membership_end
from accounts.services.requests import (
    approve_request,
    open_request,
    refuse_request,
    withdraw_request,
)
from accounts.services.teams import create_team
from hub.example import acts
from hub.example.acts import Access
from hub.example.cast import OPERATOR
from hub.example.dogwood_people import (
    ACCESS,
    CONTRACTOR,
    DOMAIN,
    DOMAINS,
    INVITED,
    LEAVER,
    NADIA,
    NAME,
    OWEN,
    PORTALS,
    QUEUES,
    RECEIVER,
    SHARED_MAILBOXES,
    SLUG,
    SUSPENDED,
    TEAM_ACCESS,
    TEAMS,
    USAGE_REPORTS,
    WITH_FACTOR,
    address_of,
)
from hub.example.story import FRI, MON, THU, TUE, WED, Story
from hub.example.work import answer_review, tell_reviews, tell_work
from portals.models import PersonGrant
from portals.services.offboarding import plan_offboarding
from portals.services.requests import Approval
from portals.services.resources import Report
from portals.services.reviews import begin_review

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
HANDED_OVER = "queue.reply"  # from the leaver to a colleague
PARTS_REVIEWED = 25  # of the review that is open now
QUESTIONS = [  # week, who, access, why they ask, and the answer: yes, a reason, or withdrawn
    (17, "tara", Access("ticketing", "queue.open", "dogwood-email"), "My calendar is slow.", "yes"),
    (13, "joan", Access("ticketing", "queue.open", "dogwood-network"), "The truck phone.", "yes"),
    (11, "kevin", Access("domains", "domain.transfer", "dogwoodfreight.example"), "A friend asked.",
     "This domain carries our invoices. It stays."),
    (8, "elise", Access("ticketing", "queue.reply", "dogwood-dispatch"), "Night shifts.", "yes"),
    (6, "nora", Access("statistics", "usage_report.export", "dogwood-web"), "For the fair.", "yes"),
    (5, "paul", Access("ticketing", "queue.open", "dogwood-network"), "A scanner.", "withdrawn"),
    (2, "wendy", Access("statistics", "usage_report.view", "dogwood-mail"), "Year end.", "yes"),
]  # fmt: skip


def tell_dogwood(story: Story) -> None:
    """Add the acts of Dogwood Freight."""
    story.on(22, MON, "9:30", _found)
    story.on(22, MON, "11:00", partial(_invite_nadia, story))
    story.on(22, MON, "15:10", partial(story.accept, NADIA))
    story.on(21, MON, "9:00", _create_teams)
    for minute, team in enumerate(TEAMS, start=10):
        story.on(21, MON, f"9:{minute}", partial(_invite_team, story, team))
        for number, name in enumerate(TEAMS[team]):
            day, hour = divmod(number * 7 + minute, 4)
            accepted = partial(story.accept, address_of(name))
            story.on(21, TUE + day % 3, f"{10 + hour}:{minute + 3 * number:02}", accepted)
    story.on(20, MON, "8:30", _promote_owen)
    story.on(20, MON, "9:00", _report_mailboxes)
    for number, (team, access, reason) in enumerate(TEAM_ACCESS, start=10):
        story.on(20, TUE, f"9:{number}", partial(_give_team, team, access, reason))
    for number, (week, first, access, reason, days) in enumerate(ACCESS, start=10):
        ends = None if days is None else story.clock.end_of_day(days)
        story.on(week, WED, f"15:{number}", partial(_give, first, access, reason, ends))
    for number, first in enumerate(WITH_FACTOR):
        story.on(15 - number, WED, "12:05", partial(_add_app, f"{first}@{DOMAIN}"))
    _tell_requests(story)
    story.on(6, MON, "10:15", partial(_plan_departure, story.clock.weekday(5, FRI, "17:00")))
    story.on(3, TUE, "8:40", partial(_suspend, SUSPENDED))
    contract = story.clock.end_of_day(12)
    story.on(4, TUE, "9:05", partial(_limit, CONTRACTOR, contract))
    tell_work(story, SLUG, (16, 9, 2))
    for super_user in (NADIA, OWEN):
        tell_reviews(story, super_user, SLUG, range(19, 3, -1), strict=True)
    story.before_now(_begin_review, days=25, hours=4)
    story.before_now(
        partial(answer_review, NADIA, SLUG, parts=PARTS_REVIEWED, strict=True), days=19
    )
    story.before_now(partial(_invite_more, story), days=2, hours=5)
    story.before_now(_ask_for_logs, hours=7)


def _found() -> None:
    acts.found_company(acts.person(OPERATOR), SLUG, NAME, PORTALS)
    acts.report(SLUG, "domains", "domain", [Report(name, name) for name in DOMAINS])
    acts.report(SLUG, "webmail", "mail_domain", [Report(DOMAIN, DOMAIN)])
    parent = ("mail_domain", DOMAIN)
    shared = [f"{name}@{DOMAIN}" for name in SHARED_MAILBOXES]
    acts.report(SLUG, "webmail", "mailbox", [Report(name, name, parent) for name in shared])
    for portal, kind, named in (
        ("ticketing", "queue", QUEUES),
        ("statistics", "usage_report", USAGE_REPORTS),
    ):
        acts.report(SLUG, portal, kind, [Report(f"{SLUG}-{i}", n) for i, n in named.items()])


def _invite_nadia(story: Story) -> None:
    invitation = acts.invite_main(acts.person(OPERATOR), SLUG, "nadia", "Nadia Haddad")
    story.invitations[NADIA] = invitation


def _create_teams() -> None:
    for name in TEAMS:
        create_team(actor=acts.person(NADIA), customer=acts.company(SLUG), name=name)


def _team(name: str) -> Team:
    return Team.objects.get(customer__slug=SLUG, name=name)


def _invite_team(story: Story, name: str) -> None:
    def keep(invitations: list[Invitation]) -> None:
        story.invitations.update({row.address: row for row in invitations})

    invite_people(
        actor=acts.person(NADIA),
        customer=acts.company(SLUG),
        invitees=[Invitee(address_of(person), person) for person in TEAMS[name]],
        team=_team(name),
        offer=keep,
    )


def _invite_more(story: Story) -> None:
    for first, name in INVITED:
        story.invite(OWEN, first, name)


def _promote_owen() -> None:
    change_role(actor=acts.person(NADIA), membership=acts.member(OWEN), role=Role.SUPER_USER)


def _report_mailboxes() -> None:
    names = ["nadia", *(address_of(name).split("@")[0] for team in TEAMS.values() for name in team)]
    parent = ("mail_domain", DOMAIN)
    addresses = [f"{name}@{DOMAIN}" for name in names]
    acts.report(SLUG, "webmail", "mailbox", [Report(a, a, parent, a) for a in addresses])


def _give_team(team: str, access: Access, reason: str) -> None:
    acts.give(NADIA, _team(team), access, reason)


def _give(first: str, access: Access, reason: str, ends: datetime | None) -> None:
    acts.give(OWEN, acts.member(f"{first}@{DOMAIN}"), access, reason, ends)


def _add_app(address: str) -> None:
    """Set up an authenticator app, whose seed nobody knows."""
    seed = seal_seed(get_random_string(32, BASE32))
    Authenticator.objects.create(
        user=acts.person(address), type=Authenticator.Type.TOTP, data={"secret": seed}
    )


def _suspend(address: str) -> None:
    suspend_membership(actor=acts.person(NADIA), membership=acts.member(address))


def _limit(address: str, ends_at: datetime) -> None:
    set_membership_end(actor=acts.person(NADIA), membership=acts.member(address), ends_at=ends_at)


# --- Requests ---


def _tell_requests(story: Story) -> None:
    for minute, (week, first, access, text, answer) in enumerate(QUESTIONS, start=10):
        asking = partial(acts.ask, f"{first}@{DOMAIN}", access, text)
        story.on(week, THU, f"9:{minute}", asking)
        story.on(week, THU, f"14:{minute}", partial(_answer, first, answer))
    story.on(3, MON, "10:30", _ask_for_phone)
    story.on(3, MON, "16:30", partial(_answer, "sam", "yes"))


def _answer(first: str, answer: str) -> None:
    asker = acts.member(f"{first}@{DOMAIN}")
    [access_request] = AccessRequest.objects.filter(membership=asker, state=RequestState.OPEN)
    if answer == "withdrawn":
        withdraw_request(actor=asker.user, access_request=access_request)
    elif answer == "yes":
        how = Approval() if access_request.kind == RequestKind.ACCESS else None
        approve_request(actor=acts.person(OWEN), access_request=access_request, how=how)
    else:
        refuse_request(actor=acts.person(OWEN), access_request=access_request, reason=answer)


def _ask_for_phone() -> None:
    open_request(
        actor=acts.person(f"sam@{DOMAIN}"),
        customer=acts.company(SLUG),
        kind=RequestKind.PHONE,
        wanted={"work_phone": "+1 902 555 0187"},
    )


def _ask_for_logs() -> None:
    acts.ask(
        f"marcus@{DOMAIN}",
        Access("statistics", "usage_report.export", "dogwood-tracking"),
        "Two customers say that they can't see their deliveries.",
    )


# --- Theo leaves, and the review that waits for Owen ---


def _plan_departure(leaves_at: datetime) -> None:
    theo = acts.member(LEAVER)
    grants = PersonGrant.objects.filter(user=theo.user, permission__codename=HANDED_OVER)
    plan_offboarding(
        actor=acts.person(NADIA),
        membership=theo,
        grants=[(grant, acts.member(RECEIVER)) for grant in grants],
        leaves_at=leaves_at,
        reason="Moves to Calgary",
    )


def _begin_review() -> None:
    dogwood = acts.company(SLUG)
    if not dogwood.access_reviews.open().exists():
        begin_review(actor=acts.person(NADIA), customer=dogwood)
