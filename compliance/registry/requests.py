"""The data items of invitations, requests, offboarding and support."""

from django.utils.translation import gettext_lazy as _

from compliance.registry.items import (
    Basis,
    DataItem,
    Erase,
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
        code="invitations",
        label=_("Invitations"),
        holds=_("The name and address that were invited, by whom, and what became of it."),
        whose=_("people who were invited, and the Super Users who invited them"),
        sources=(Source.SUPER_USER, Source.STAFF),
        purposes=(Purpose.COMPANY,),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.SUPER_USERS, Viewer.OPERATORS),
        recipients=(Recipient.MAIL_SERVICE,),
        retention=Retention(None, Start.SETTLED),
        erase=Erase.BLANK,
        tables=(
            Table(
                "accounts.Invitation",
                "id uuid customer address name role as_main_super_user work_phone team token_hash"
                " invited_by created_at sent_at times_sent bounced_at bounce_reason expires_at"
                " accepted_at accepted_by revoked_at search_name search_words",
                person="accepted_by",
                actor="invited_by",
                address="address",
                hidden="token_hash",
                copies="search_name search_words",
                stays="token_hash",
            ),
            Table(
                "accounts.InvitationSearchEntry",
                "id entry row customer",
                copies="id entry row customer",
            ),
        ),
    ),
    DataItem(
        code="requests",
        label=_("Requests to your Super User"),
        holds=_("Your requests, in your words, and the answers."),
        whose=_("people who asked, and the Super Users who answered"),
        sources=(Source.PERSON, Source.SUPER_USER),
        purposes=(Purpose.COMPANY, Purpose.ACCESS, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.OPERATORS),
        retention=Retention(None, Start.SETTLED),
        erase=Erase.BLANK,
        tables=(
            Table(
                "accounts.AccessRequest",
                "id uuid customer membership kind about text wanted phrases state created_at"
                " waiting_since reminders passed_at answer answered_by answered_at by_provider",
                person="membership__user",
                actor="answered_by",
            ),
        ),
    ),
    DataItem(
        code="offboarding",
        label=_("Leaving a company"),
        holds=_("The last day that was planned for you, the reason, and who took over what."),
        whose=_("members who leave, and those who plan it"),
        sources=(Source.SUPER_USER,),
        purposes=(Purpose.COMPANY, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.SUPER_USERS,),
        retention=Retention(None, Start.MEMBERSHIP_END),
        erase=Erase.BLANK,
        tables=(
            Table(
                "accounts.Offboarding",
                "id uuid membership leaves_at former_end reason request planned_by planned_at state"
                " settled_at event",
                person="membership__user",
                actor="planned_by",
            ),
            Table(
                "accounts.ReassignedTeam",
                "id offboarding team receiver words",
                person="offboarding__membership__user",
                actor="receiver__user",
                erase=Erase.KEEP,
            ),
        ),
    ),
    DataItem(
        code="support",
        label=_("Support"),
        holds=_(
            "Your calls to the support desk: why, how you were verified, what was done, and"
            " references to tickets and recordings."
        ),
        whose=_("people whom the desk helps, and the staff who help them"),
        sources=(Source.PERSON, Source.STAFF),
        purposes=(Purpose.SUPPORT, Purpose.SECURITY, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPPORT),
        retention=Retention(None, Start.SETTLED),
        erase=Erase.BLANK,
        tables=(
            Table(
                "accounts.SupportCase",
                "id uuid person customer opened_by ticket reason opened_at state outcome closed_at"
                " closed_by verification verified_at verified_by called_back",
                person="person",
                actor="opened_by closed_by verified_by",
            ),
            Table(
                "accounts.CaseAct",
                "id case act subject at",
                person="case__person",
                erase=Erase.KEEP,
            ),
            Table(
                "accounts.CaseReference",
                "id uuid case kind system external_id announced keep_until added_at",
                person="case__person",
                erase=Erase.DELETE,
            ),
            Table(
                "accounts.CallerCode",
                "id uuid person case code_hash tries_left created_at expires_at",
                person="person",
                hidden="code_hash",
                erase=Erase.DELETE,
            ),
            Table(
                "accounts.CaseConfirmation",
                "id uuid case asked_at expires_at answer answered_by answered_at",
                person="case__person",
                actor="answered_by",
            ),
            Table(
                "accounts.DelayedAct",
                "id uuid case person act subject factor_name asked_at takes_effect_at state"
                " settled_at confirmed_by",
                person="person",
                actor="confirmed_by",
            ),
            Table(
                "accounts.Viewing", "id uuid case begun_at ends_at ended_at", person="case__person"
            ),
        ),
    ),
    DataItem(
        code="recoveries",
        label=_("Recovery of a company without Super User"),
        holds=_("The former main Super User, the new one, and the evidence that staff checked."),
        whose=_("the former and the new main Super User, and staff"),
        sources=(Source.STAFF,),
        purposes=(Purpose.SUPPORT, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.SUPPORT, Viewer.OPERATORS),
        retention=Retention(None, Start.SETTLED),
        erase=Erase.BLANK,
        tables=(
            Table(
                "accounts.SuperUserRecovery",
                "id uuid customer lost member address name ticket evidence proof state opened_by"
                " opened_at approved_by approved_at takes_effect_at offered_at expires_at"
                " invitation settled_at",
                person="lost__user member__user invitation__accepted_by",
                actor="opened_by approved_by",
                hidden="address name evidence proof",
            ),
        ),
    ),
]
