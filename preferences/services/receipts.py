"""Consent receipts: a signed file of a person's consent records, and its verification.

The fields are those of ISO/IEC TS 27560 (R35). A receipt is signed twice. `jws` is under the key of
the hub's JWKS, so that anyone can check it. `signature` is for the hub alone, which recognises its
receipts by it where no such key is configured or the key has changed. The hub compares every record
in a receipt with the stored ones, which nothing can change (R36, R37). Only their age deletes them.
"""

import base64
import hashlib
import json
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.emails import absolute
from accounts.models import User
from portals.tokens import BadSignature, can_sign, jwks_address, read_signed_text, sign_text
from preferences.models import ConsentRecord, Recipient
from preferences.models.consent_end import KEPT_DAYS

SCHEMA = "ISO/IEC TS 27560:2023"
KIND = "hub-receipt+jws"
_SALT = "preferences.receipt"


class ReceiptRefused(Exception):
    """The file is no receipt of ours, or was changed."""


def receipt_for(*, actor: User) -> dict[str, Any]:
    """Return a signed receipt of all consent records of a person. It writes nothing."""
    recipient = Recipient.objects.select_related("user").get(user=actor)
    records = list(
        recipient.consent_records.select_related("topic", "actor").order_by("topic", "pk")
    )
    content: dict[str, Any] = {
        "schema_version": SCHEMA,
        "issued_at": timezone.now().isoformat(),
        "pii_principal_id": str(actor.sub),
        "pii_controllers": [
            {
                "name": settings.HUB_BRAND_NAME,
                "address": settings.HUB_BRAND_ADDRESS,
                "contact": settings.HUB_BASE_URL,
            }
        ],
        "records": [
            _record(list(group)) for _topic, group in groupby(records, key=lambda r: r.topic_id)
        ],
    }
    signed = can_sign()
    if signed:
        content["jwks_uri"] = jwks_address()
    content["receipt_id"] = hashlib.sha256(_canonical(content)).hexdigest()
    file = {"receipt": content, "signature": _signature(content, settings.SECRET_KEY)}
    return file | ({"jws": sign_text(_canonical(content), kind=KIND)} if signed else {})


def _record(records: list[ConsentRecord]) -> dict[str, Any]:
    """Describe one topic, or all optional email: the text last shown, and every yes and no."""
    latest = records[-1]
    with translation.override(latest.language):
        purpose = latest.topic.name if latest.topic else _("All optional email")
        kept = _("Until you unsubscribe. The evidence is kept as long as the law may ask for it.")
        data = [_("Email address"), _("Language")]
    return {
        "record_id": latest.pk,
        "purpose": {
            "name": purpose,
            "topic": latest.topic.slug if latest.topic else None,
            "lawful_basis": f"consent ({latest.basis})",
        },
        "notice": {
            "uri": absolute(reverse("preferences:centre")),
            "version": latest.wording_hash[:12],
            "hash": f"sha256:{latest.wording_hash}",
            "text": latest.wording,
            "language": latest.language,
        },
        "pii": data,
        "retention": kept,
        "recipients": [settings.HUB_BRAND_NAME],
        "withdrawal_method": absolute(reverse("preferences:centre")),
        "state": "given" if latest.wants else "withdrawn",
        "events": [_event(record) for record in records],
    }


def _event(record: ConsentRecord) -> dict[str, Any]:
    return {
        "record_id": record.pk,
        "time": record.said_at.isoformat(),
        "counts_from": record.at.isoformat(),
        "type": "consent given" if record.wants else "consent withdrawn",
        "state": "given" if record.wants else "withdrawn",
        "basis": record.basis,
        "source": record.source,
        "actor": "principal" if record.actor_id == record.recipient.user_id else "link or import",
        "notice_hash": f"sha256:{record.wording_hash}",
        "language": record.language,
    }


def verify_receipt(text: str) -> dict[str, Any]:
    """Return the content of a genuine receipt whose every record is stored here.

    A yes that is old enough to be deleted by age may be missing.

    `text` is the file as it was downloaded. Raises ReceiptRefused for anything else.
    """
    try:
        file = json.loads(text)
        content, signature = file["receipt"], file["signature"]
        genuine = any(
            constant_time_compare(_signature(content, key), signature)
            for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        )
        if "jws" in file:
            genuine = _jws_matches(file["jws"], content, genuine)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ReceiptRefused from error
    if not genuine:
        raise ReceiptRefused
    events = [event for record in content["records"] for event in record["events"]]
    stored = ConsentRecord.objects.select_related("recipient").in_bulk(
        [event["record_id"] for event in events]
    )
    for event in events:
        record = stored.get(event["record_id"])
        if record is None and _may_be_deleted(event):
            continue
        if (
            record is None or not event.items() <= _event(record).items()
        ):  # an older receipt has fewer fields
            raise ReceiptRefused
    return dict(content)


def _may_be_deleted(event: dict[str, Any]) -> bool:
    """Return whether this was a yes, so long ago that a retention rule may have deleted it."""
    if event.get("state") != "given" or "time" not in event:
        return False
    return (timezone.now() - datetime.fromisoformat(event["time"])).days >= KEPT_DAYS


def has_newer_records(*, actor: User, content: dict[str, Any]) -> bool | None:
    """Return whether a person has consent records that their genuine receipt lacks.

    Return None for somebody else's receipt: their later choices are private. It writes nothing.
    """
    if content["pii_principal_id"] != str(actor.sub):
        return None
    keys = [event["record_id"] for record in content["records"] for event in record["events"]]
    return ConsentRecord.objects.filter(recipient__user=actor).exclude(pk__in=keys).exists()


def _jws_matches(jws: str, content: Any, genuine: bool) -> bool:
    """Return whether the public signature matches; one under a former key proves nothing alone."""
    try:
        return read_signed_text(jws, kind=KIND) == _canonical(content)
    except BadSignature:
        return genuine and _payload(jws) == _canonical(content)


def _payload(jws: str) -> bytes:
    middle = jws.split(".")[1]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _signature(content: Any, key: str | bytes) -> str:
    signed = salted_hmac(_SALT, _canonical(content), secret=key, algorithm="sha256").hexdigest()
    return f"hmac-sha256:{signed}"
