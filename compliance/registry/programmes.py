"""The data items of the referral and reseller programmes."""

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
        code="referrals",
        label=_("Referrals"),
        holds=_(
            "A contact's name, address and answer, who referred them, and how the two know each"
            " other. After 30 days, name and address are removed."
        ),
        whose=_("people who were referred, and the Super Users who referred them"),
        sources=(Source.REFERRER, Source.PERSON),
        purposes=(Purpose.PROGRAMMES,),
        basis=Basis.LAW,
        seen_by=(Viewer.OPERATORS,),
        recipients=(Recipient.MAIL_SERVICE,),
        retention=Retention(
            30, Start.CREATED, by="compliance.services.referrals.blank_old_referrals"
        ),
        erase=Erase.BLANK,
        kept_why=_("A fingerprint of the address stays, so that nobody is written to twice."),
        tables=(
            Table(
                "compliance.Referral",
                "id uuid customer referrer contact_name address address_hash language relation"
                " confirmed state created_at answered_at may_tell joined_at blanked_at",
                address="address",
                actor="referrer",
                hidden="address_hash",
            ),
        ),
    ),
    DataItem(
        code="reseller_requests",
        label=_("Requests to resell"),
        holds=_(
            "The person who asked that a company joins the reseller programme, and our answer."
        ),
        whose=_("Super Users who asked, and the staff who answered"),
        sources=(Source.SUPER_USER, Source.STAFF),
        purposes=(Purpose.PROGRAMMES,),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.SUPER_USERS, Viewer.OPERATORS),
        retention=Retention(None, Start.CREATED),
        erase=Erase.KEEP,
        kept_why=_("It is a record of your company."),
        tables=(
            Table(
                "compliance.ResellerRequest",
                "id uuid customer asked_by asked_at state reason decided_by decided_at",
                person="asked_by",
                actor="decided_by",
            ),
        ),
    ),
]
