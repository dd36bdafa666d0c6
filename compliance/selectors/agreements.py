"""The answers that a person may see: their own, and those given for their companies."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from accounts.emails import absolute
from accounts.models import Membership, User
from compliance.models import Acceptance
from portals.tokens import can_sign, jwks_address, sign_text

KIND = "hub-agreement+jws"


def visible_acceptances(person: User) -> QuerySet[Acceptance]:
    """Return the answers of a person, and those for the companies in which they are (L14)."""
    companies = Membership.objects.live().filter(user=person).values("customer")
    at_work = Membership.objects.filter(user=OuterRef("person"), customer=OuterRef("customer"))
    return (
        Acceptance.objects.filter(Q(person=person, customer=None) | Q(customer__in=companies))
        .select_related("version__policy", "customer", "person")
        .annotate(name_at_work=Subquery(at_work.order_by("-pk").values("work_name")[:1]))
    )


def receipt_of(acceptance: Acceptance, *, reader: User) -> dict[str, Any]:
    """Return the receipt of an answer: what was shown, who answered what, when and from where.

    `acceptance` is of `visible_acceptances`. It is signed under the key of the hub's JWKS where
    there is one. Only the person themselves learns their network address, browser and id; a
    colleague, their name at work.
    """
    version = acceptance.version
    content: dict[str, Any] = {
        "provider": settings.HUB_BRAND_NAME,
        "policy": version.policy.slug,
        "version": version.number,
        "title": version.in_language("title", acceptance.language),
        "text": absolute(
            reverse("compliance:policy-version", args=[version.policy.slug, version.number])
        ),
        "sha256": acceptance.sha256,
        "language": acceptance.language,
        "answer": acceptance.verb,
        "at": acceptance.at.isoformat(),
        "way": acceptance.way,
        "person": {"name": acceptance.name_at_work or acceptance.person.name},  # type: ignore[attr-defined]
        "company": acceptance.customer.name if acceptance.customer else None,
    }
    if acceptance.recorded_at is not None:
        content["reference"] = acceptance.reference
        content["recorded_at"] = acceptance.recorded_at.isoformat()
        content["recorded_by"] = settings.HUB_BRAND_NAME
    if acceptance.person_id == reader.pk:
        content["person"]["id"] = str(acceptance.person.sub)
        content["network_address"] = acceptance.network_address
        content["browser"] = acceptance.browser
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    file: dict[str, Any] = {"receipt": content, "receipt_sha256": hashlib.sha256(text).hexdigest()}
    if can_sign():
        file |= {"jwks_uri": jwks_address(), "jws": sign_text(text, kind=KIND)}
    return file
