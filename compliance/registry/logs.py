"""The data items of representatives, log requests, payments and authorisations."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from compliance.registry.items import (
    Basis,
    DataItem,
    Erase,
    NotPersonal,
    Purpose,
    Recipient,
    Retention,
    Source,
    Start,
    Table,
    Viewer,
)

YEAR = 365  # days
# Only a hub with Stripe's secrets tells it anything: setting them is a new recipient (L17, L41).
CARD_SERVICE = (Recipient.CARD_SERVICE,) if settings.HUB_STRIPE_SECRET_KEY else ()

ITEMS = [
    DataItem(
        code="representatives",
        label=_("Representatives of a company"),
        holds=_(
            "The people who may act for a company, in which capacity, the evidence, and until when."
        ),
        whose=_("people whom their company proposed as representatives"),
        sources=(Source.SUPER_USER, Source.STAFF),
        purposes=(Purpose.COMPANY, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.PRIVACY),
        retention=Retention(6 * YEAR, Start.SETTLED),
        erase=Erase.KEEP,
        kept_why=_("It proves who could act for the company."),
        tables=(
            Table(
                "compliance.Representative",
                "id uuid membership capacity evidence proposed_by proposed_at until confirmed_by"
                " confirmed_at ended_at ending end_reason",
                person="membership__user",
                actor="proposed_by confirmed_by",
            ),
        ),
    ),
    DataItem(
        code="log_requests",
        label=_("Log requests"),
        holds=_("The logs you asked for, why, the price, what the provider decided, and when."),
        whose=_("representatives who asked for logs of their company"),
        sources=(Source.PERSON, Source.STAFF, Source.PORTAL),
        purposes=(Purpose.COMPANY, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.PRIVACY),
        retention=Retention(6 * YEAR, Start.SETTLED),
        erase=Erase.KEEP,
        kept_why=_("It is the receipt for what was given. The file itself is deleted after days."),
        tables=(
            Table(
                "compliance.LogRequest",
                "id uuid customer portal representative purpose first_day last_day asked_at rate"
                " fee_cents tax_lines total_cents currency state decided_by decided_at"
                " decline_reason worker lease lease_until failure file checked_by checked_at"
                " released_at",
                person="representative__membership__user",
                actor="decided_by checked_by",
                hidden="lease",
            ),
            Table(
                "compliance.LogResource",
                "id request tenure name starts_at ends_at lines",
                person="request__representative__membership__user",
            ),
            Table(
                "compliance.LogPart",
                "id request lease number content",
                hidden="lease content",
                copies="id request number",
            ),
        ),
    ),
    DataItem(
        code="payments",
        label=_("Payments for log requests"),
        holds=_("The invoice number, what came in or went back, when, and who recorded it."),
        whose=_("representatives who asked for logs, and staff who recorded a payment"),
        sources=(Source.STAFF, Source.HUB),
        purposes=(Purpose.COMPANY, Purpose.PROOF),
        basis=Basis.LAW,
        seen_by=(Viewer.PERSON, Viewer.OPERATORS),
        recipients=CARD_SERVICE,
        retention=Retention(6 * YEAR, Start.SETTLED),
        erase=Erase.KEEP,
        kept_why=_("Tax law requires it."),
        tables=(
            Table(
                "compliance.Charge",
                "id uuid request total_cents currency invoice_number instructions_en"
                " instructions_fr added_by added_at",
                person="request__representative__membership__user",
                actor="added_by",
            ),
            Table(
                "compliance.Payment",
                "id uuid charge cents method reference system external_id reverses day by at",
                person="charge__request__representative__membership__user",
                actor="by",
            ),
            Table(
                "compliance.RefusedPayment",
                "id charge system external_id cents currency at",
                person="charge__request__representative__membership__user",
            ),
            Table(
                "compliance.Waiver",
                "id charge reason by at",
                person="charge__request__representative__membership__user",
                actor="by",
            ),
            Table("compliance.Rate", "added_by", actor="added_by"),
        ),
    ),
    DataItem(
        code="authorisations",
        label=_("Authorisations"),
        holds=_(
            "The profiles of the company that the provider may work on, who allowed it, and when."
        ),
        whose=_("representatives who authorised the provider, and who ended it"),
        sources=(Source.STAFF, Source.PERSON),
        purposes=(Purpose.COMPANY, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.PRIVACY),
        retention=Retention(6 * YEAR, Start.SETTLED),
        erase=Erase.KEEP,
        kept_why=_("It proves what the company authorised."),
        tables=(
            Table(
                "compliance.Authorisation",
                "id uuid customer platform profile may sha256 proposed_by proposed_at given_by"
                " given_at until ended_at ended_by ending reason told_at",
                person="given_by__membership__user",
                actor="proposed_by ended_by",
            ),
        ),
    ),
]

NOT_PERSONAL = [
    NotPersonal(
        "compliance.Rate",
        "The prices of the provider.",
        "id code number cents currency taxes starts_at added_at",
    ),
]
