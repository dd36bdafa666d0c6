"""A service that a page or an API calls writes everything or nothing: it is one transaction.

The tests' own transaction hides a missing one, and on SQLite so does every lock.
"""

import importlib
import inspect
import pkgutil

import pytest

APPS = ("accounts", "portals", "preferences", "compliance")
CALLERS = ("views", "api", "adapters", "admin", "management")
NOT_ATOMIC = {
    "accounts.services.audit.record_event",  # one row, in the transaction of what it records
    "accounts.services.invitations.bulk.check_invitees",  # only reads
    # Only reads, and no transaction waits for Stripe.
    "compliance.services.card_payments.begin_card_payment",
    # Each item of an erasure is a transaction of its own: compliance/test_killed_erasure.py.
    "compliance.services.replays.replay_erasure",
    "portals.services.offboarding.plan_offboarding",  # one call of an atomic service
    "portals.services.offered_grants.check_offer",  # only reads
    "portals.services.offered_grants.offer_privileges",  # called inside invite_people
    "preferences.services.receipts.has_newer_records",  # only reads
    "preferences.services.receipts.receipt_for",  # only reads
    # Called by other services, in their transaction:
    "accounts.services.invitations.correcting.replace_address",
    "accounts.services.invitations.pending.send_again",
    "accounts.services.support.cases.lock_case",
    "accounts.services.support.cases.lock_verified_case",
    "accounts.services.membership_expiry.end_membership",
    "accounts.services.membership_expiry.finish_membership",
    "compliance.services.breaches.record_breach",
    "compliance.services.log_requests.record_step",
    "compliance.services.payments.add_payment",
    "compliance.services.payments.add_reversal",
    "compliance.services.payments.record_money",
    "preferences.services.campaigns.record_campaign",
    "preferences.services.campaigns.start_campaign",
    "preferences.services.choices.record_consent",
    "preferences.services.customer_email.restore_mail_of_member",
    "preferences.services.resellers.end_reselling",
}


def modules(name):
    """Yield a module and those below it; nothing if there is none."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        return
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{name}."):
        yield importlib.import_module(found.name)


def named_in(module):
    """Yield what a module imports, also by `from accounts.services import teams`."""
    for value in vars(module).values():
        if inspect.ismodule(value) and ".services." in value.__name__:
            yield from vars(value).values()
        else:
            yield value


SERVICES = {
    f"{service.__module__}.{service.__name__}": service
    for app in APPS
    for layer in CALLERS
    for module in modules(f"{app}.{layer}")
    for service in named_in(module)
    if inspect.isfunction(service) and ".services." in service.__module__
    if "actor" in inspect.signature(service).parameters and service.__name__[0] != "_"
}


def is_atomic(service):
    """Whether `transaction.atomic` wraps it, which keeps the function it wraps."""
    return hasattr(service, "__wrapped__")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_that_is_called_from_outside_is_one_transaction(name):
    assert is_atomic(SERVICES[name]) is (name not in NOT_ATOMIC)


def test_the_services_are_found():
    assert len(SERVICES) > 100
    assert set(SERVICES) >= NOT_ATOMIC
