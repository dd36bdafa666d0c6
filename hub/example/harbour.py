"""The provider's part of the history: portals, topics, a campaign each month, the support desk."""

from datetime import datetime, timedelta
from functools import partial

from accounts.choices import CaseOutcome
from accounts.services import support
from accounts.signals import periodic_tick
from hub.example import acts
from hub.example.campaigns import DRAFT
from hub.example.cast import OPERATOR, STAFF
from hub.example.mailings import MAINTENANCE, NEWSLETTERS, Mailing
from hub.example.post import deliver_campaign
from hub.example.story import FRI, MON, THU, TUE, Story
from hub.example.topics import RESELLER, create_topics, mark_as_reseller
from preferences.choices import ConsentSource
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.models import Message, NoticeClass, Recipient, Topic
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.choices import choose_topics
from preferences.services.delivery_events import record_delivery_event

FIRST_WEEK = 26
NEWSLETTER_WEEKS = (24, 20, 16, 11, 7, 3)
DAYS_AHEAD = 4  # of the next newsletter
BOUNCED = {  # week of the newsletter: whose mailbox refused it, in its server's words
    16: [("luc@dogwood.example", DeliveryEventKind.SOFT, "452 4.2.2 Mailbox full")],
    11: [("luc@dogwood.example", DeliveryEventKind.SOFT, "452 4.2.2 Mailbox full")],
    7: [("frank@cedar.example", DeliveryEventKind.SOFT, "421 4.3.2 Try again later")],
    3: [("mei@dogwood.example", DeliveryEventKind.SOFT, "452 4.2.2 Mailbox full")],
}
UNREACHABLE = ("viktor@dogwood.example", "550 5.1.1 No such user here")
UNSUBSCRIBED = {  # week of the newsletter: who had enough, by the link in it
    20: ["charlie@birch.example"],
    16: ["pete@dogwood.example", "carl@dogwood.example"],
    11: ["wendy@dogwood.example"],
    7: ["hamid@dogwood.example", "denis@dogwood.example"],
    3: ["yuki@dogwood.example"],
}
SUBSCRIBED = {  # topic: who asked for it on their page, and when
    "product-updates": [("bob@alder.example", 21), ("owen@dogwood.example", 13)],
    "promotions": [("frank@cedar.example", 18), ("laura@dogwood.example", 9)],
    "domain-market": [("alice@alder.example", 15), ("kevin@dogwood.example", 8)],
}


def tell_harbour(story: Story) -> None:
    """Add what the provider's staff do, and what the hub does each week by itself."""
    story.on(FIRST_WEEK, MON, "8:00", _open_shop)
    story.on(FIRST_WEEK, MON, "8:30", acts.apply_manifests)
    story.on(FIRST_WEEK, FRI, "9:00", lambda: create_topics(acts.person(OPERATOR)))
    story.on(
        FIRST_WEEK - 1, TUE, "16:00", lambda: mark_as_reseller(acts.person(OPERATOR), RESELLER)
    )
    for week in range(1, FIRST_WEEK):
        story.on(week, MON, "7:00", run_what_is_due)
    for moment in story.clock.quarters(since=story.clock.weekday(FIRST_WEEK, FRI, "18:00")):
        story.steps.append((moment, run_what_is_due))
    for week, mailing in zip(NEWSLETTER_WEEKS, NEWSLETTERS, strict=False):
        story.on(week, TUE, "10:00", partial(_send_newsletter, mailing))
        for minute, (address, kind, words) in enumerate(BOUNCED.get(week, ()), start=10):
            story.on(week, TUE, f"10:{minute}", partial(_bounce, address, kind, words))
        for minute, address in enumerate(UNSUBSCRIBED.get(week, ()), start=20):
            story.on(week, TUE, f"12:{minute}", partial(_unsubscribe, address))
    for slug, people in SUBSCRIBED.items():
        for address, week in people:
            story.on(week, THU, "13:15", partial(_subscribe, address, slug))
    story.on(5, THU, "9:00", _announce_maintenance)
    story.on(
        5, THU, "9:20", partial(_bounce, UNREACHABLE[0], DeliveryEventKind.HARD, UNREACHABLE[1])
    )
    for hour in ("11:00", "15:00"):  # an escalation takes its steps
        story.on(5, THU, hour, run_what_is_due)
    story.on(5, FRI, "17:00", run_what_is_due)
    story.on(4, TUE, "11:40", _help_frank)
    starts_at = story.clock.end_of_day(DAYS_AHEAD) + timedelta(hours=10)
    story.before_now(partial(_prepare_next, starts_at), hours=20)


def _open_shop() -> None:
    for first, (name, *groups) in STAFF.items():
        acts.hire(first, name, *groups)


def run_what_is_due() -> None:
    """Do what the hub does each minute; a failure is a fault of the example."""
    periodic_tick.send(sender=None)


def _send_newsletter(mailing: Mailing) -> None:
    campaign = create_campaign(
        actor=acts.person(OPERATOR),
        topic=Topic.objects.get(slug=mailing.category),
        **mailing.texts(),
    )
    deliver_campaign(schedule_campaign(actor=acts.person(OPERATOR), campaign=campaign))


def _announce_maintenance() -> None:
    campaign = create_campaign(
        actor=acts.person(OPERATOR),
        notice_class=NoticeClass.objects.get(code=MAINTENANCE.category),
        **MAINTENANCE.texts(),
    )
    deliver_campaign(schedule_campaign(actor=acts.person(OPERATOR), campaign=campaign))


def _prepare_next(starts_at: datetime) -> None:
    """Leave the next newsletter scheduled, and another message a draft without French."""
    operator = acts.person(OPERATOR)
    upcoming, draft = NEWSLETTERS[-1], Topic.objects.get(slug="product-updates")
    campaign = create_campaign(
        actor=operator, topic=Topic.objects.get(slug=upcoming.category), **upcoming.texts()
    )
    schedule_campaign(actor=operator, campaign=campaign, starts_at=starts_at)
    create_campaign(actor=operator, topic=draft, **DRAFT)


def _latest(address: str) -> Message:
    """Return the last message of a campaign to this address."""
    return Message.objects.filter(address=address, campaign__isnull=False).latest("pk")


def _bounce(address: str, kind: str, words: str) -> None:
    message = _latest(address)
    record_delivery_event(
        message=message, kind=kind, event=f"example:{message.pk}", diagnostic=words
    )


def _unsubscribe(address: str) -> None:
    message = _latest(address)
    choose_topics(
        actor=None,
        topics=Topic.objects.filter(messages=message),
        wants=False,
        source=ConsentSource.MAIL_LINK,
        recipient=Recipient.objects.get(user__email=address),
    )


def _subscribe(address: str, slug: str) -> None:
    topic = Topic.objects.get(slug=slug)
    choose_topics(actor=acts.person(address), topics=[topic], wants=True)


def _help_frank() -> None:
    dana, frank = acts.person("dana@harbour.example"), acts.person("frank@cedar.example")
    case = support.open_case(
        actor=dana,
        person=frank,
        ticket="HD-2041",
        reason="Frank lost his password. He is still signed in on his phone.",
    )
    support.verify_by_code(actor=dana, case=case, code=support.make_support_code(actor=frank))
    support.send_reset_link(actor=dana, case=case)
    support.close_case(actor=dana, case=case, outcome=CaseOutcome.HELPED)
