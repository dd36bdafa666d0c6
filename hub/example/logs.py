"""The example's log requests: Dogwood has one released and one that waits for the provider."""

import hashlib
from datetime import datetime, timedelta
from functools import partial

from django.utils import timezone

from accounts.models import User
from compliance.models import LogRequest, Representative
from compliance.models.rates import Tax
from compliance.selectors.rates import rate_in_force
from compliance.services.log_decisions import approve_log_request
from compliance.services.log_requests import ask_for_logs, release_log_request
from compliance.services.payments import record_payment
from compliance.services.rates import add_rate
from compliance.services.representatives import confirm_representative, propose_representative
from compliance.services.tabulation import claim_log_request, finish_log_request, store_part
from hub.example import acts
from hub.example.acts import Access
from hub.example.dogwood_people import NADIA, OWEN
from hub.example.story import MON, THU, TUE, WED, Story
from portals.models import Portal

OPERATOR = "olive@harbour.example"
REPORT = "dogwood-web"
KEY = Access("statistics", "usage_report.request_logs", REPORT)
TAXES = [Tax("GST", "TPS", 5000), Tax("QST", "TVQ", 9975)]
LINES = [
    '203.0.113.24 - - [03/Aug/2026:09:14:07 -0400] "GET /tracking HTTP/1.1" 200 5120',
    '198.51.100.7 - - [03/Aug/2026:09:15:52 -0400] "GET /rates HTTP/1.1" 200 8210',
    '203.0.113.24 - - [04/Aug/2026:17:40:31 -0400] "POST /quote HTTP/1.1" 303 0',
]


def tell_logs(story: Story) -> None:
    """Add the price, the representative and both requests."""
    story.on(18, MON, "10:00", _set_price)
    story.on(7, TUE, "9:40", partial(_propose, story.clock.end_of_day(200)))
    story.on(7, TUE, "11:00", _confirm)
    story.on(7, TUE, "11:20", _give_key)
    story.on(3, WED, "10:00", partial(_ask, 60, 45))
    story.on(3, WED, "14:00", _approve)
    story.on(2, MON, "9:30", _pay)
    story.on(2, MON, "10:10", _put_together)
    story.on(1, THU, "15:00", _release)
    story.before_now(partial(_ask, 20, 6), hours=5)


def _operator() -> User:
    return acts.person(OPERATOR)


def _set_price() -> None:
    add_rate(actor=_operator(), cents=15_000, currency="CAD", taxes=TAXES)


def _propose(until: datetime) -> None:
    member = acts.member(OWEN)
    propose_representative(
        actor=acts.person(NADIA),
        customer=member.customer,
        member=member,
        capacity="officer",
        evidence="Decision of the board, 12 May",
        until=until,
    )


def _confirm() -> None:
    confirm_representative(actor=_operator(), representative=Representative.objects.get())


def _give_key() -> None:
    acts.give(NADIA, acts.member(OWEN), KEY, "The insurer asks for logs")


def _ask(first: int, last: int) -> None:
    """Ask for the days from `first` to `last` days ago."""
    person, customer = acts.person(OWEN), acts.company("dogwood")
    today, rate = timezone.localdate(), rate_in_force()
    ask_for_logs(
        actor=person,
        customer=customer,
        resources=[acts.resource_of(customer, KEY)],
        purpose="legal",
        first_day=today - timedelta(days=first),
        last_day=today - timedelta(days=last),
        rate_number=rate.number if rate else 0,
    )


def _approve() -> None:
    approve_log_request(
        actor=_operator(),
        request=LogRequest.objects.get(),
        invoice_number="H-2041",
        instructions_en="By bank transfer, with the invoice number.",
        instructions_fr="Par virement bancaire, avec le numéro de facture.",
    )


def _pay() -> None:
    charge = LogRequest.objects.get().charge
    record_payment(
        actor=_operator(),
        charge=charge,
        cents=charge.total_cents,
        method="transfer",
        reference="Transfer 88120",
        day=timezone.localdate(),
    )


def _put_together() -> None:
    portal = Portal.objects.get(slug="statistics")
    work = claim_log_request(actor=portal, request=LogRequest.objects.get(), worker="statistics 1")
    content = "".join(f"{line}\n" for line in LINES).encode()
    assert work.lease is not None  # noqa: S101 -- it was just claimed
    store_part(actor=portal, request=work, lease=work.lease, number=0, content=content)
    finish_log_request(
        actor=portal,
        request=work,
        lease=work.lease,
        sha256=hashlib.sha256(content).hexdigest(),
        lines={("usage_report", REPORT): len(LINES)},
    )


def _release() -> None:
    release_log_request(actor=_operator(), request=LogRequest.objects.get(), is_checked=True)
