"""The data items of closings, erasures, holds and retention."""

from django.utils.translation import gettext_lazy as _

from compliance.registry.items import (
    Basis,
    DataItem,
    Erase,
    NotPersonal,
    Purpose,
    Retention,
    Source,
    Start,
    Table,
    Viewer,
)

ITEMS = [
    DataItem(
        code="closings",
        label=_("Closing of your account"),
        holds=_("When your account was closed, what was erased, and what was kept and why."),
        whose=_("people who closed their account, or asked to delete their data"),
        sources=(Source.PERSON, Source.HUB),
        purposes=(Purpose.RIGHTS, Purpose.PROOF),
        basis=Basis.LAW,
        seen_by=(Viewer.PERSON, Viewer.PRIVACY),
        retention=Retention(None, Start.SETTLED),
        erase=Erase.KEEP,
        kept_why=_("It proves that your data was erased, and erases it again in a backup."),
        tables=(
            Table(
                "compliance.Closing",
                "id uuid person address language request plan asked_at takes_effect_at state"
                " settled_at cancelled_by erasure",
                person="person",
                address="address",
                actor="cancelled_by",
            ),
            Table(
                "accounts.Erasure",
                "id uuid person sealed_addresses address_hash started_at done_at",
                person="person",
                hidden="sealed_addresses address_hash",
            ),
            Table(
                "accounts.ErasureStep",
                "id erasure item outcome ground until at",
                person="erasure__person",
            ),
        ),
    ),
    DataItem(
        code="holds",
        label=_("Legal holds"),
        holds=_("That data must be kept for a time, on which ground, and who decided it."),
        whose=_("people whose data a dispute or an authority needs, and staff"),
        sources=(Source.STAFF,),
        purposes=(Purpose.PROOF,),
        basis=Basis.LAW,
        seen_by=(Viewer.PRIVACY,),
        retention=Retention(None, Start.SETTLED),
        erase=Erase.BLANK,
        tables=(
            Table(
                "compliance.LegalHold",
                "id uuid scope item person address address_hash customer ground until placed_by"
                " placed_at ended_at ended_by end_reason",
                person="person",
                address="address",
                actor="placed_by ended_by",
                hidden="address_hash",
                stays="item address_hash",
            ),
        ),
    ),
    DataItem(
        code="data_notes",
        label=_("Notes on disputed data"),
        holds=_("Your words beside data that you find wrong, where it was not corrected."),
        whose=_("people whose correction was refused"),
        sources=(Source.PERSON, Source.STAFF),
        purposes=(Purpose.RIGHTS,),
        basis=Basis.LAW,
        seen_by=(Viewer.PERSON, Viewer.PRIVACY),
        retention=Retention(None, Start.ACCOUNT_END),
        erase=Erase.DELETE,
        tables=(
            Table(
                "compliance.DataNote",
                "id person item text request by at",
                person="person",
                actor="by",
            ),
        ),
    ),
]

NOT_PERSONAL = [
    NotPersonal("compliance.RetentionRun", "How many rows a rule found and deleted."),
]
