"""The data items of this app."""

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
        code="policy_answers",
        label=_("Your answers to policies"),
        holds=_(
            "Each policy you accepted, acknowledged or declined: its version, when, and from which"
            " device, or on which paper."
        ),
        whose=_("people who were asked about a policy"),
        sources=(Source.PERSON, Source.STAFF),
        purposes=(Purpose.PROOF,),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.PRIVACY),
        retention=Retention(
            6 * 365, Start.MEMBERSHIP_END, by="compliance.services.retention.run_retention"
        ),
        addresses=Retention(365, Start.CREATED, by="compliance.services.retention.run_retention"),
        erase=Erase.KEEP,
        kept_why=_("It proves what was agreed."),
        tables=(
            Table(
                "compliance.Acceptance",
                "id version person customer verb language sha256 at network_address browser way"
                " invitation reference recorded_by recorded_at",
                person="person",
                actor="recorded_by",
            ),
            Table("compliance.PolicyReminder", "id version person at", person="person"),
        ),
    ),
    DataItem(
        code="downloads",
        label=_("Downloads of your data"),
        holds=_("When you asked for your data, and each download of the file, with its device."),
        whose=_("people who asked for their data"),
        sources=(Source.PERSON, Source.HUB),
        purposes=(Purpose.RIGHTS, Purpose.SECURITY),
        basis=Basis.LAW,
        seen_by=(Viewer.PERSON,),
        retention=Retention(None, Start.CREATED),
        addresses=Retention(365, Start.CREATED, by="compliance.services.retention.run_retention"),
        erase=Erase.KEEP,
        kept_why=_("It proves that you got your data. The file itself is deleted after days."),
        tables=(
            Table(
                "compliance.SealedFile",
                "id uuid kind person language state asked_on asked_at ready_at expires_at size"
                " sha256 sealed_key",
                person="person",
                hidden="sealed_key",
            ),
            Table(
                "compliance.SealedChunk",
                "id file number content",
                hidden="content",
                copies="id file number",
            ),
            Table(
                "compliance.Download",
                "id file person at network_address browser",
                person="person",
            ),
        ),
    ),
    DataItem(
        code="privacy_requests",
        label=_("Requests about your data"),
        holds=_("Your request, the address that proved it, the day it is due, and the answer."),
        whose=_("people who asked about their data, with or without an account"),
        sources=(Source.PERSON, Source.STAFF),
        purposes=(Purpose.RIGHTS, Purpose.PROOF),
        basis=Basis.LAW,
        seen_by=(Viewer.PERSON, Viewer.PRIVACY),
        retention=Retention(
            2 * 365, Start.SETTLED, by="compliance.services.retention.run_retention"
        ),
        erase=Erase.BLANK,
        kept_why=_("Its dates and its result stay: they prove that you were answered in time."),
        tables=(
            Table(
                "compliance.PrivacyRequest",
                "id uuid kind address person language source entered_by law details received_at"
                " due_at paused_at extended_at extended_from extension_reason state answer ground"
                " kept_items kept_until settled_at settled_by",
                person="person",
                address="address",
                actor="settled_by entered_by",
                stays="ground kept_items",
            ),
        ),
    ),
]

NOT_PERSONAL = [
    NotPersonal("compliance.Policy", "A policy, which is public."),
    NotPersonal(
        "compliance.PolicyVersion",
        "The text of a policy, which is public.",
        "policy number title_en title_fr summary_en summary_fr body_en body_fr material"
        " effective_at created_at published_at withdrawn_at withdrawn_reason_en"
        " withdrawn_reason_fr sha256 data_snapshot",
    ),
    NotPersonal("compliance.DueAlarm", "Missed deadlines that staff were told about."),
    NotPersonal(
        "compliance.Announcement",
        "How a version was announced to everybody.",
        "version campaign announced_at early_reason_en early_reason_fr",
    ),
]
