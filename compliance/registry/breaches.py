"""The data items of the register of breaches."""

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

ITEMS = [
    DataItem(
        code="breach_notices",
        label=_("Notices about breaches"),
        holds=_(
            "That a breach affects your data, the address we told you at, letters to you, and when"
            " you read the notice."
        ),
        whose=_("people whose data a breach affects, with or without an account"),
        sources=(Source.STAFF, Source.PERSON, Source.HUB),
        purposes=(Purpose.NOTICES, Purpose.PROOF),
        basis=Basis.LAW,
        seen_by=(Viewer.PERSON, Viewer.PRIVACY),
        recipients=(Recipient.MAIL_SERVICE,),
        retention=Retention(5 * 365, Start.CREATED),
        erase=Erase.KEEP,
        kept_why=_("The law wants a record of every breach and of who was told."),
        tables=(
            Table(
                "compliance.Affected",
                "id breach wave corrects recipient name address post source why added_by added_at",
                person="recipient__user",
                address="address",
                actor="added_by",
                hidden="why",
            ),
            Table(
                "compliance.AffectedEnd",
                "affected outcome ground reason by at",
                person="affected__recipient__user",
                actor="by",
                hidden="reason",
            ),
            Table(
                "compliance.Letter",
                "id affected name post printed_at printed_by posted_on posted_by returned_on"
                " returned_by",
                person="affected__recipient__user",
                actor="printed_by posted_by returned_by",
            ),
            Table("compliance.NoticeReading", "affected person at", person="person"),
        ),
    ),
    DataItem(
        code="breach_register",
        label=_("Register of breaches"),
        holds=_(
            "The members of staff who noted, decided, wrote, released, delayed or reported a"
            " breach."
        ),
        whose=_("the provider's staff, and officers of authorities"),
        sources=(Source.STAFF,),
        purposes=(Purpose.PROOF,),
        basis=Basis.LAW,
        seen_by=(Viewer.PRIVACY,),
        retention=Retention(5 * 365, Start.CREATED),
        erase=Erase.KEEP,
        kept_why=_("The law wants a record of every breach and of who was told."),
        tables=(
            Table(
                "compliance.Breach",
                "id noted_by noted_at decided_by closed_by",
                actor="noted_by decided_by closed_by",
            ),
            Table(
                "compliance.Wave",
                "id written_by released_by alone_reason",
                actor="written_by released_by",
            ),
            Table(
                "compliance.Hold",
                "id breach authority officer legal_reference reason placed_by reviewed_by ended_by",
                actor="placed_by reviewed_by ended_by",
                hidden="authority officer legal_reference reason",
            ),
            Table("compliance.Report", "id decided_by", actor="decided_by"),
            Table("compliance.ReportFiling", "id contents by", actor="by", hidden="contents"),
            Table("compliance.CustomerNotice", "id customer sent_by sent_at", actor="sent_by"),
        ),
    ),
]

NOT_PERSONAL = [
    NotPersonal(
        "compliance.Breach",
        "The facts of a breach and the decision on its risk.",
        "uuid reference exercise role aware_at first_day last_day approximate circumstances cause"
        " items risk sensitivity probability reasons determined_at closed_at",
    ),
    NotPersonal(
        "compliance.Wave",
        "The text of a notice, which is public.",
        "uuid breach number corrects slug circumstances_en circumstances_fr period_en period_fr"
        " items_en items_fr measures_en measures_fr advice_en advice_fr contact_en contact_fr"
        " created_at released_at sha256 list_sha256 list_count campaign",
    ),
    NotPersonal(
        "compliance.Hold",
        "When notices wait for an authority.",
        "uuid begins_at until placed_at reviewed_at ended_at",
    ),
    NotPersonal(
        "compliance.Report",
        "Whether a regulator is told.",
        "uuid breach regulator needed why due_at",
    ),
    NotPersonal(
        "compliance.ReportFiling",
        "When a regulator was told.",
        "report number sha256 late_reason reference sent_at recorded_at",
    ),
    NotPersonal(
        "compliance.CustomerNotice",
        "The notice to a company.",
        "uuid breach body_en body_fr campaign",
    ),
]
