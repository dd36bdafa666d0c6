"""The list of affected people: by filter, by import, by hand; and taking somebody off it."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from compliance.choices.breaches import AffectedSource
from compliance.models import Affected, Breach
from compliance.permissions import BreachRefused, lock_breach
from compliance.selectors.affected import BATCH, Filter, preview_import, recipients_of
from compliance.services.breaches import record_breach
from preferences.models import Recipient
from preferences.services.named_audiences import find_or_create_recipients

WRITE = "compliance.change_breach"


@transaction.atomic
def add_by_filter(*, actor: User, breach: Breach, wanted: Filter, why: str = "") -> int:
    """Add everybody whom a filter finds. Return how many are new.

    Raises PermissionDenied without `compliance.change_breach`; BreachRefused for a filter without
    anything to find by, and for a closed breach.
    """
    breach = lock_breach(actor, breach, WRITE)
    if not (wanted.everybody or wanted.customer or wanted.portal or wanted.resource):
        raise BreachRefused(_("Choose a company, a portal or a resource, or everybody."))
    return _add(actor, breach, recipients_of(wanted).values_list("pk", flat=True), "filter", why)


@transaction.atomic
def add_by_import(
    *, actor: User, breach: Breach, text: str, unknown: bool, language: str = "en", why: str = ""
) -> int:
    """Add the recipients of a list of addresses; with `unknown`, those without any too.

    Raises like add_by_filter, and BreachRefused for a line that is no address.
    """
    breach = lock_breach(actor, breach, WRITE)
    found = preview_import(breach, text)
    if found.bad:
        raise BreachRefused(
            {"text": _("This is no email address: %(line)s") % {"line": found.bad[0]}}
        )
    keys = list(found.known.values())
    if unknown:
        languages = dict.fromkeys(found.unknown, language)
        keys += find_or_create_recipients(actor=actor, addresses=languages)
    return _add(actor, breach, keys, "import", why)


@transaction.atomic
def add_by_hand(
    *,
    actor: User,
    breach: Breach,
    address: str = "",
    name: str = "",
    post: str = "",
    language: str = "en",
    why: str = "",
) -> int:
    """Add one person: by their email address, or an outsider by name and postal address.

    Raises like add_by_filter, and BreachRefused where either is missing or somebody is listed.
    """
    breach = lock_breach(actor, breach, WRITE)
    if address:
        keys = find_or_create_recipients(actor=actor, addresses={address: language})
        added = _add(actor, breach, keys, "hand", why)
    elif name and post:
        _refuse_outsider_of_exercise(breach)
        row = Affected(
            breach=breach, name=name, post=post, source=AffectedSource.HAND, why=why, added_by=actor
        )
        row.full_clean(validate_constraints=False)
        added = int(not breach.affected.filter(recipient=None, name=name, post=post).exists())
        if added:
            row.save(force_insert=True)
            record_breach("breach.affected_added", actor, breach)
    else:
        raise BreachRefused(
            {"address": _("Enter an email address, or a name with a postal address.")}
        )
    if not added:
        raise BreachRefused({"address": _("This person is in the list.")}, code="listed")
    return added


def _refuse_outsider_of_exercise(breach: Breach) -> None:
    if breach.exercise:
        raise BreachRefused(_("An exercise reaches staff only."), code="exercise")


def _add(actor: User, breach: Breach, keys: Iterable[int], source: str, why: str) -> int:
    """Add the recipients with these keys who are not listed; in an exercise, staff alone."""
    listed = set(breach.affected.exclude(recipient=None).values_list("recipient_id", flat=True))
    fresh = sorted(set(keys) - listed)
    added = 0
    for begin in range(0, len(fresh), BATCH):
        rows = Recipient.objects.filter(pk__in=fresh[begin : begin + BATCH])
        if breach.exercise:
            rows = rows.filter(user__is_staff=True)
        added += len(
            Affected.objects.bulk_create(
                Affected(
                    breach=breach,
                    recipient=recipient,
                    name=str(recipient.user) if recipient.user else "",
                    address=recipient.email,
                    source=source,
                    why=why,
                    added_by=actor,
                )
                for recipient in rows.select_related("user").order_by("pk")
            )
        )
    if fresh and not added and breach.exercise:
        _refuse_outsider_of_exercise(breach)
    if added:
        record_breach("breach.affected_added", actor, breach)
    return added


@transaction.atomic
def remove_affected(*, actor: User, affected: Affected) -> Breach:
    """Take somebody off the list who was not told. Return the breach.

    Raises PermissionDenied without `compliance.change_breach`; BreachRefused for somebody told.
    """
    breach = lock_breach(actor, affected.breach, WRITE)
    removed, _rows = Affected.objects.filter(Q(wave=None), pk=affected.pk).delete()
    if not removed:
        raise BreachRefused(_("This person was told, and stays in the list."), code="told")
    record_breach("breach.affected_removed", actor, breach)
    return breach
