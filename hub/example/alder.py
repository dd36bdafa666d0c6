"""Alder Dental in the history: Bob and Emma join, Hugo comes and goes, requests are answered."""

from datetime import datetime
from functools import partial

from accounts.choices import RequestKind, RequestState
from accounts.models import AccessRequest, Team
from accounts.services.requests import approve_request, open_request, refuse_request
from accounts.services.teams import add_to_team, create_team
from hub.example import acts
from hub.example.acts import Access
from hub.example.cast import ACCESS, ALICE, MAILBOXES, ask_for_domains, load_presets
from hub.example.harbour import FIRST_WEEK, run_what_is_due
from hub.example.neighbours import tell_foundation
from hub.example.story import FRI, MON, THU, TUE, WED, Story
from hub.example.work import tell_reviews, tell_work
from portals.models import PersonGrant, Portal
from portals.services.offboarding import plan_offboarding
from portals.services.requests import Approval
from portals.services.resources import Report, delete_resource
from portals.services.reviews import begin_review

BOB, EMMA, HUGO = "bob@alder.example", "emma@alder.example", "hugo@alder.example"
HUGOS_MAILBOX = Access("webmail", "mailbox.view", HUGO)
HUGOS_ACCESS = [
    Access("domains", "subscription.open", "alder"),
    Access("domains", "domain.manage", "alderdental.example"),
    Access("ticketing", "queue.reply", "alder-hosting"),
    Access("ticketing", "queue.open", "alder-hosting"),
]
HANDED_OVER = "queue.reply"  # to Bob
GIVEN_IN_WEEK = {"bob": 24, "emma": 22, "reception": 22}


def tell_alder(story: Story) -> None:
    """Add the acts of Alder Dental."""
    tell_foundation(story, "alder", FIRST_WEEK, MON)
    for first, name, week in (
        ("bob", "Bob Tremblay", 25),
        ("hugo", "Hugo Petit", 25),
        ("emma", "Emma Roy", 23),
    ):
        day = TUE if first == "hugo" else MON
        story.on(week, day, "9:10", partial(story.invite, ALICE, first, name))
        story.on(week, day, "13:25", partial(story.accept, f"{first}@alder.example"))
    story.on(25, WED, "8:15", _report_mailboxes)
    story.on(23, WED, "8:15", _report_mailboxes)
    story.on(24, WED, "9:40", load_presets)
    story.on(23, WED, "10:05", _create_reception)
    for number, (grantee, *words, reason) in enumerate(ACCESS, start=10):
        act = partial(_give, grantee, Access(*words), reason)
        story.on(GIVEN_IN_WEEK[grantee], THU, f"14:{number}", act)
    for number, access in enumerate(HUGOS_ACCESS, start=40):
        story.on(24, THU, f"14:{number}", partial(_give, "hugo", access, "Looks after the website"))
    _tell_requests(story)
    _tell_departure(story)
    tell_work(story, "alder", (20, 16, 9, 2))
    tell_reviews(story, ALICE, "alder", range(24, 3, -1))
    story.before_now(_begin_review, days=2, hours=3)
    story.before_now(
        lambda: acts.ask(
            BOB,
            Access("domains", "domain.renew", "alder.example"),
            "It expires in January, and I pay the other invoices too.",
        ),
        hours=26,
    )
    story.before_now(ask_for_domains, minutes=50)


def _report_mailboxes() -> None:
    """Report whose the mailboxes are, Hugo's too while he is there."""
    domain, names = MAILBOXES["alder"]
    mailbox = Report(HUGO, HUGO, ("mail_domain", domain))
    acts.report("alder", "webmail", "mailbox", [mailbox])
    acts.report_owners("alder", domain, [*names, "hugo"])


def _create_reception() -> None:
    team = create_team(actor=acts.person(ALICE), customer=acts.company("alder"), name="Reception")
    add_to_team(actor=acts.person(ALICE), team=team, membership=acts.member(EMMA))


def _give(grantee: str, access: Access, reason: str, ends: datetime | None = None) -> None:
    to = (
        Team.objects.get(customer__slug="alder", name="Reception")
        if grantee == "reception"
        else acts.member(f"{grantee}@alder.example")
    )
    acts.give(ALICE, to, access, reason, ends)


# --- Requests ---


def _tell_requests(story: Story) -> None:
    story.on(18, TUE, "10:12", _ask_for_phone)
    story.on(18, TUE, "11:30", _approve)
    story.on(14, WED, "9:05", _ask_for_transfer)
    story.on(14, THU, "8:50", _refuse)
    reports = Access("statistics", "usage_report.view", "alder-mail")
    ends = story.clock.end_of_day(11)
    for_report = "I compare our email with last year's for the insurance."
    story.on(7, MON, "9:30", lambda: acts.ask(EMMA, reports, for_report, ends))
    story.on(7, MON, "15:45", _approve)
    until = story.clock.end_of_day(18)
    emails = Access("ticketing", "queue.reply", "alder-email")
    story.on(6, TUE, "11:20", partial(_give, "bob", emails, "Stands in for the front desk", until))


def _ask_for_phone() -> None:
    open_request(
        actor=acts.person(BOB),
        customer=acts.company("alder"),
        kind=RequestKind.PHONE,
        wanted={"work_phone": "+1 902 555 0142"},
    )


def _ask_for_transfer() -> None:
    acts.ask(
        BOB,
        Access("domains", "domain.transfer", "alder.example"),
        "Another registrar is cheaper.",
    )


def _open() -> AccessRequest:
    return AccessRequest.objects.get(customer__slug="alder", state=RequestState.OPEN)


def _approve() -> None:
    access_request = _open()
    how = Approval() if access_request.kind == RequestKind.ACCESS else None
    approve_request(actor=acts.person(ALICE), access_request=access_request, how=how)


def _refuse() -> None:
    refuse_request(
        actor=acts.person(ALICE),
        access_request=_open(),
        reason="Our domains stay with Harbour this year. Let's talk in spring.",
    )


# --- Hugo leaves ---


def _tell_departure(story: Story) -> None:
    story.on(9, MON, "9:20", _ask_to_leave)
    story.on(9, TUE, "10:40", partial(_plan_departure, story.clock.weekday(8, FRI, "18:00")))
    story.on(8, FRI, "18:01", run_what_is_due)
    story.on(4, MON, "8:20", _remove_mailbox)


def _ask_to_leave() -> None:
    open_request(
        actor=acts.person(HUGO),
        customer=acts.company("alder"),
        kind=RequestKind.LEAVE,
        text="I start elsewhere next month.",
    )


def _plan_departure(leaves_at: datetime) -> None:
    hugo, bob = acts.member(HUGO), acts.member(BOB)
    handed_over = PersonGrant.objects.filter(
        user=hugo.user, permission__codename=HANDED_OVER
    ).select_related("content_object", "permission__privilege")
    plan_offboarding(
        actor=acts.person(ALICE),
        membership=hugo,
        grants=[(grant, bob) for grant in handed_over],
        leaves_at=leaves_at,
        access_request=_open(),
    )


def _remove_mailbox() -> None:
    """Let the webmail portal delete Hugo's mailbox, which ends for good a week later."""
    resource = acts.resource_of(acts.company("alder"), HUGOS_MAILBOX)
    delete_resource(actor=Portal.objects.get(slug="webmail"), resource=resource)


def _begin_review() -> None:
    alder = acts.company("alder")
    if not alder.access_reviews.open().exists():
        begin_review(actor=acts.person(ALICE), customer=alder)
