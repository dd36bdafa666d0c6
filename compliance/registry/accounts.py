"""The data items of people, companies and the activity log."""

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

_MEMBERS = _("members of a company")

ITEMS = [
    DataItem(
        code="account",
        label=_("Your account"),
        holds=_(
            "Your name, email address, language and time zone, whether the account is open, and"
            " when you last signed in."
        ),
        whose=_("everybody with an account"),
        sources=(Source.PERSON, Source.SUPER_USER),
        purposes=(Purpose.SIGN_IN, Purpose.ACCESS, Purpose.NOTICES, Purpose.PROGRAMMES),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.SUPPORT, Viewer.OPERATORS),
        recipients=(Recipient.PORTALS, Recipient.MAIL_SERVICE, Recipient.REFERRED),
        retention=Retention(None, Start.ACCOUNT_END),
        erased_last=4,
        erase=Erase.BLANK,
        tables=(
            Table(
                "accounts.User",
                "id sub email name language time_zone search_shortcut is_active suspended_at"
                " is_staff is_superuser created_at last_login session_epoch search_name"
                " search_words",
                person="self",
                hidden="session_epoch",
                copies="search_name search_words",
            ),
            Table("accounts.UserSearchEntry", "id entry row", copies="id entry row"),
            Table("accounts.User_groups", "id user group", person="user", erase=Erase.DELETE),
            Table(
                "accounts.User_user_permissions",
                "id user permission",
                person="user",
                erase=Erase.DELETE,
            ),
            Table(
                "account.EmailAddress",
                "id user email verified primary",
                person="user",
                erase=Erase.DELETE,
            ),
        ),
    ),
    DataItem(
        code="sign_in_methods",
        label=_("Passwords, passkeys and codes"),
        holds=_(
            "A fingerprint of your password, your passkeys and authenticator app, and codes we"
            " emailed you. Nobody can read a password from its fingerprint."
        ),
        whose=_("everybody with an account"),
        sources=(Source.PERSON,),
        purposes=(Purpose.SIGN_IN, Purpose.SECURITY),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.NOBODY,),
        retention=Retention(None, Start.ACCOUNT_END),
        erase=Erase.DELETE,
        tables=(
            Table("accounts.User", "password", person="self", hidden="password"),
            Table(
                "mfa.Authenticator",
                "id user type data created_at last_used_at",
                person="user",
                hidden="data",
            ),
            Table(
                "account.EmailConfirmation",
                "id email_address created sent key",
                person="email_address__user",
                hidden="key",
            ),
            Table(
                "accounts.SignInCode",
                "id uuid address code_hash tries_left created_at expires_at",
                address="address",
                hidden="uuid code_hash",
            ),
        ),
    ),
    DataItem(
        code="hub_sessions",
        label=_("Devices you are signed in on"),
        holds=_("When you signed in, from which network address, and with which browser."),
        whose=_("everybody with an account"),
        sources=(Source.HUB,),
        purposes=(Purpose.SIGN_IN, Purpose.SECURITY),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON,),
        retention=Retention(
            0, Start.EXPIRY, by="accounts.services.sessions.forget_expired_sessions"
        ),
        erase=Erase.DELETE,
        tables=(
            Table(
                "usersessions.UserSession",
                "id user created_at ip last_seen_at session_key user_agent data",
                person="user",
                hidden="session_key data",
            ),
            Table(
                "sessions.Session",
                "session_key session_data expire_date",
                hidden="session_key session_data",
                copies="expire_date",
            ),
        ),
    ),
    DataItem(
        code="membership",
        label=_("Your place in a company"),
        holds=_(
            "Your name and phone number at work, your role and teams, and when you joined and left."
        ),
        whose=_MEMBERS,
        sources=(Source.SUPER_USER, Source.PERSON),
        purposes=(Purpose.COMPANY, Purpose.ACCESS, Purpose.NOTICES),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.COLLEAGUES, Viewer.SUPPORT, Viewer.OPERATORS),
        recipients=(Recipient.PORTALS,),
        retention=Retention(None, Start.MEMBERSHIP_END),
        erase=Erase.BLANK,
        tables=(
            Table(
                "accounts.Membership",
                "id uuid customer user role work_name work_phone joined_at suspended_at ends_at"
                " end_announced_at ended_at search_name search_words",
                person="user",
                copies="search_name search_words",
            ),
            Table(
                "accounts.MembershipSearchEntry",
                "id entry row customer",
                copies="id entry row customer",
            ),
            Table("accounts.TeamMembership", "id team membership", person="membership__user"),
        ),
    ),
    DataItem(
        code="company",
        label=_("Your company"),
        holds=_("The company's name, address, phone number and main Super User."),
        whose=_("companies, and their main Super User"),
        sources=(Source.SUPER_USER, Source.STAFF),
        purposes=(Purpose.COMPANY, Purpose.SUPPORT, Purpose.NOTICES),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.SUPER_USERS, Viewer.SUPPORT, Viewer.OPERATORS),
        retention=Retention(None, Start.ACCOUNT_END),
        erase=Erase.KEEP,
        kept_why=_("It describes the company, not a person."),
        tables=(
            Table(
                "accounts.Customer",
                "id slug name status main_super_user language phone street city region postal_code"
                " country time_zone second_factor_from created_at search_name search_words",
                person="main_super_user__user",
                copies="search_name search_words",
            ),
            Table("accounts.CustomerSearchEntry", "id entry row", copies="id entry row"),
            Table(
                "accounts.HandOver",
                "id uuid customer giver receiver state offered_at expires_at settled_at",
                person="giver__user receiver__user",
            ),
        ),
    ),
    DataItem(
        code="company_sign_in",
        label=_("Your account at your company's identity provider"),
        holds=_("The number by which your company's identity provider knows you."),
        whose=_("members who sign in through their company"),
        sources=(Source.COMPANY_PROVIDER,),
        purposes=(Purpose.SIGN_IN,),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.SUPER_USERS,),
        recipients=(Recipient.COMPANY_PROVIDER,),
        retention=Retention(None, Start.MEMBERSHIP_END),
        erase=Erase.DELETE,
        tables=(
            Table("accounts.CompanyIdentity", "id sign_in subject user bound_at", person="user"),
        ),
    ),
    DataItem(
        code="activity_log",
        label=_("Activity log"),
        holds=_("Each act: who did it, when, and the people concerned."),
        whose=_("everybody who acts in the hub or is concerned"),
        sources=(Source.HUB,),
        purposes=(Purpose.PROOF, Purpose.SECURITY),
        basis=Basis.INTEREST,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS, Viewer.OPERATORS),
        retention=Retention(
            7 * 365, Start.CREATED, by="compliance.services.retention.run_retention"
        ),
        erased_last=3,
        erase=Erase.SHRED,
        kept_why=_("The entry stays, because the log proves what was done."),
        tables=(
            Table(
                "accounts.AuditEvent",
                "id chain sequence customer at kind actor actor_label person public sealed"
                " previous_hash hash",
                person="actor person",
                copies="previous_hash sealed",
            ),
            Table(
                "accounts.SubjectKey",
                "id user address sealed_key is_current created_at",
                person="user",
                address="address",
                hidden="sealed_key",
            ),
            Table("accounts.AuditEventPerson", "id event person", copies="id event person"),
            Table("accounts.Undo", "id event undone_by", actor="undone_by__actor"),
        ),
    ),
]

NOT_PERSONAL = [
    NotPersonal("accounts.AuditChain", "The number and hash of each chain's last entry."),
    NotPersonal("accounts.AuditEventResource", "Which resources an entry is about."),
    NotPersonal("accounts.CompanySignIn", "The settings of a company's identity provider."),
    NotPersonal("accounts.CompanyDomain", "The email domains of a company."),
    NotPersonal("accounts.Team", "The name of a team; its members are in TeamMembership."),
    NotPersonal("accounts.TeamSearchEntry", "The words of a team's name."),
    NotPersonal("accounts.SkippedStep", "A step of the set-up that a company skipped."),
]
