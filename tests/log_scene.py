"""Steps of a log request at Alder, by the hub's own services: from the report to the release."""

import hashlib
from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone

from accounts.models import Customer, Membership, User
from accounts.timezones import today_of_provider
from compliance.models import Authorisation, Charge, LogRequest, Rate, Representative
from compliance.models.rates import Tax
from compliance.selectors.rates import rate_in_force
from compliance.services.authorisations import give_authorisation, propose_authorisation
from compliance.services.external_payments import Reporter
from compliance.services.log_decisions import approve_log_request
from compliance.services.log_requests import ask_for_logs, release_log_request
from compliance.services.payments import record_payment
from compliance.services.rates import add_rate
from compliance.services.representatives import confirm_representative, propose_representative
from compliance.services.tabulation import claim_log_request, finish_log_request, store_part
from hub.example import acts
from portals.models import Portal, Privilege, Resource
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.resources import Report, put_resource
from portals.services.subscriptions import subscribe_customer

DAYS = timedelta(days=1)
REPORT = "alder-shop"
BOOKS = Reporter("Books", "portal:books")  # a billing system
TAXES = [Tax("GST", "TPS", 5000), Tax("QST", "TVQ", 9975)]
CONTENT = b'203.0.113.7 "GET /" 200\n203.0.113.8 "GET /shop" 200\n'
TERMS = {"instructions_en": "By bank transfer.", "instructions_fr": "Par virement."}


def staff() -> User:
    """Return Olive, who is in every group."""
    return acts.person("olive@harbour.example")


def statistics() -> Portal:
    """Return the portal that keeps the logs."""
    return Portal.objects.get(slug="statistics")


def report(name: str = REPORT, slug: str = "alder", days: int = 60) -> Resource:
    """Let the portal report a usage report so many days ago; the company uses the portal."""
    customer = Customer.objects.get(slug=slug)
    if not customer.subscriptions.filter(portal=statistics()).exists():
        subscribe_customer(actor=staff(), customer=customer, portal=statistics())
    with time_machine.travel(timezone.now() - days * DAYS):
        put_resource(
            actor=statistics(),
            customer=slug,
            type_code="usage_report",
            report=Report(name, name.title(), None),
        )
    return Resource.objects.select_related("resource_type__portal", "subscription__customer").get(
        resource_type__code="usage_report", external_id=name
    )


def price(cents: int = 12_000) -> Rate:
    """Set the price of a log request."""
    return add_rate(actor=staff(), cents=cents, currency="CAD", taxes=TAXES)


def propose(member: Membership, by: User | None = None, **more: Any) -> Representative:
    """Propose a member as a representative for some months."""
    customer = member.customer
    values = {"capacity": "officer", "evidence": "The board decided it.", **more}
    values.setdefault("until", timezone.now() + 200 * DAYS)
    return propose_representative(
        actor=by or customer.main_super_user.user, customer=customer, member=member, **values
    )


def representative(member: Membership, **more: Any) -> Representative:
    """Put a member on file."""
    return confirm_representative(actor=staff(), representative=propose(member, **more))


def give_key(member: Membership, resource: Resource) -> Any:
    """Give a member the permission to ask for the logs of a report."""
    customer = member.customer
    others = customer.memberships.live().filter(role="super_user").exclude(pk=member.pk)
    giver = others.select_related("user").first()
    return grant_privilege(
        actor=giver.user if giver else customer.main_super_user.user,
        grantee=member,
        privilege=Privilege.objects.get(code="request_logs", portal=statistics()),
        resource=resource,
        terms=GrantTerms(reason="The auditor asks"),
        signed_in_at=timezone.now(),
    )


def ask(person: User, *resources: Resource, **more: Any) -> LogRequest:
    """Ask for the logs of ten days that ended ten days ago."""
    customer = Customer.objects.get(memberships__user=person, memberships__ended_at=None)
    today = today_of_provider()
    rate = rate_in_force()
    values: dict[str, Any] = {
        "purpose": "audit",
        "first_day": today - 20 * DAYS,
        "last_day": today - 10 * DAYS,
        "rate_number": rate.number if rate else 0,
        **more,
    }
    return ask_for_logs(actor=person, customer=customer, resources=resources, **values)


def approve(request: LogRequest, invoice: str = "INV-1") -> Charge:
    """Approve a request."""
    approved = approve_log_request(actor=staff(), request=request, invoice_number=invoice, **TERMS)
    return approved.charge


def pay(charge: Charge, cents: int | None = None) -> Any:
    """Record the whole payment of a charge, or a part."""
    return record_payment(
        actor=staff(),
        charge=charge,
        cents=cents or charge.total_cents,
        method="transfer",
        reference="T 1",
        day=today_of_provider(),
    )


def claim(request: LogRequest, worker: str = "one") -> LogRequest:
    """Claim the work for a worker."""
    return claim_log_request(actor=statistics(), request=request, worker=worker)


def send(claimed: LogRequest, content: bytes = CONTENT, part: int = 30) -> None:
    """Send the content in small parts."""
    for number, start in enumerate(range(0, len(content), part)):
        store_part(
            actor=statistics(),
            request=claimed,
            lease=claimed.lease,
            number=number,
            content=content[start : start + part],
        )


def finish(claimed: LogRequest, content: bytes = CONTENT, **more: Any) -> LogRequest:
    """Finish the work with the hash and the lines of the content."""
    tenure = claimed.resources.first().tenure
    values: dict[str, Any] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "lines": {(tenure.type_code, tenure.external_id): content.count(b"\n")},
        **more,
    }
    return finish_log_request(actor=statistics(), request=claimed, lease=claimed.lease, **values)


def ready(person: User, resource: Resource, invoice: str = "INV-1") -> LogRequest:
    """Bring a request of a person to the check of its file."""
    request = ask(person, resource)
    pay(approve(request, invoice))
    claimed = claim(request)
    send(claimed)
    return finish(claimed)


def released(person: User, resource: Resource, invoice: str = "INV-1") -> LogRequest:
    """Bring a request of a person to its release."""
    return release_log_request(
        actor=staff(), request=ready(person, resource, invoice), is_checked=True
    )


def authorisation(profile: str = "alder", slug: str = "alder", **more: Any) -> Authorisation:
    """Ask a company to authorise work on a profile."""
    values = {"platform": "Fotogram", "may": ["publish", "reply"], **more}
    values.setdefault("until", timezone.now() + 200 * DAYS)
    customer = Customer.objects.get(slug=slug)
    return propose_authorisation(actor=staff(), customer=customer, profile=profile, **values)


def give(person: User, proposed: Authorisation) -> Authorisation:
    """Let a representative give an authorisation."""
    return give_authorisation(
        actor=person,
        authorisation=proposed,
        sha256=proposed.sha256,
        signed_in_at=timezone.now(),
    )
