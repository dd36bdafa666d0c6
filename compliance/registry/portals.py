"""The data items of access, resources and sign-ins at portals."""

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

_OFFERED = "id starts_at expires_at reason"

ITEMS = [
    DataItem(
        code="access",
        label=_("Access"),
        holds=_("Your permissions in each portal: who gave them, why, and when they end."),
        whose=_("people with access, and the Super Users who gave it"),
        sources=(Source.SUPER_USER, Source.PORTAL),
        purposes=(Purpose.ACCESS, Purpose.COMPANY),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS),
        recipients=(Recipient.PORTALS,),
        retention=Retention(
            0, Start.MEMBERSHIP_END, by="accounts.services.membership_expiry.end_membership"
        ),
        erase=Erase.DELETE,
        tables=(
            Table(
                "portals.PersonGrant",
                "id permission user starts_at expires_at reason granted_by granted_at reminded_at"
                " content_object",
                person="user",
                actor="granted_by",
            ),
            Table(
                "portals.TeamGrant",
                "id permission group starts_at expires_at reason granted_by granted_at reminded_at"
                " content_object",
                person="group__user",
                actor="granted_by",
                erase=Erase.KEEP,
            ),
            Table(
                "portals.OfferedGrant",
                f"{_OFFERED} invitation resource privilege",
                person="invitation__accepted_by",
                address="invitation__address",
            ),
            Table(
                "portals.RequestedGrant",
                "id request resource privilege expires_at given",
                person="request__membership__user",
            ),
            Table(
                "portals.ReassignedGrant",
                "id offboarding resource privilege receiver words",
                person="offboarding__membership__user",
                actor="receiver__user",
            ),
            Table(
                "guardian.UserObjectPermission",
                "id permission content_type object_pk user",
                person="user",
            ),
        ),
    ),
    DataItem(
        code="own_resources",
        label=_("Resources of your own"),
        holds=_("Mailboxes and other resources that a portal reported as yours."),
        whose=_("owners of a mailbox or another resource"),
        sources=(Source.PORTAL,),
        purposes=(Purpose.ACCESS,),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS),
        recipients=(Recipient.PORTALS,),
        retention=Retention(
            7, Start.REMOVED, by="portals.services.resources.deletion.end_removed_resources"
        ),
        erase=Erase.KEEP,
        kept_why=_("It belongs to the company, and its portal deletes it."),
        tables=(
            Table(
                "portals.Resource",
                "id subscription resource_type external_id name owner parent search_name"
                " search_words held_since removed_at",
                person="owner__user",
                copies="search_name search_words",
            ),
            Table(
                "portals.ResourceSearchEntry",
                "id entry row customer",
                copies="id entry row customer",
            ),
        ),
    ),
    DataItem(
        code="access_reviews",
        label=_("Access reviews"),
        holds=_("The access you had at each review, when you last used it, and the decision."),
        whose=_("people whose access was reviewed, and the Super Users who decided"),
        sources=(Source.SUPER_USER, Source.HUB),
        purposes=(Purpose.COMPANY, Purpose.PROOF),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.SUPER_USERS,),
        retention=Retention(None, Start.SETTLED),
        erase=Erase.BLANK,
        tables=(
            Table(
                "portals.AccessReview",
                "id uuid customer state begun_at begun_by due_at gathered_to ready_at total kept"
                " reduced removed overtaken reminders reminded_at ended_at ended_by",
                actor="begun_by ended_by",
            ),
            Table(
                "portals.ReviewItem",
                "id label_en label_fr starts_at expires_at reason review kind section membership"
                " team grantee_name grant_id portal privilege resource resource_name granted_by"
                " granted_at last_used_on counted_since decision decided_by decided_at",
                person="membership__user",
                actor="granted_by decided_by",
                stays="label_en label_fr resource_name",
            ),
        ),
    ),
    DataItem(
        code="portal_sessions",
        label=_("Sign-ins at portals"),
        holds=_("The portals you opened, when, and the facts you let them know."),
        whose=_("people who open portals"),
        sources=(Source.HUB,),
        purposes=(Purpose.SIGN_IN, Purpose.SECURITY),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.PERSON,),
        recipients=(Recipient.PORTALS,),
        retention=Retention(
            30, Start.EXPIRY, by="portals.services.portal_sessions.forget_old_sessions"
        ),
        erase=Erase.DELETE,
        tables=(
            Table(
                "portals.PortalSession",
                "id user client customer hub_session auth_time amr started_at ended_at end_reason",
                person="user",
                hidden="hub_session",
            ),
            Table(
                "portals.AuthorizationCode",
                "id session hash redirect_uri scopes claims nonce code_challenge created_at"
                " redeemed_at",
                person="session__user",
                hidden="hash nonce code_challenge",
            ),
            Table(
                "portals.SessionToken",
                "token code rotated_at",
                hidden="token code",
                copies="rotated_at",
            ),
            Table(
                "allauth_idp_oidc.Token",
                "id type hash client user data created_at expires_at scopes",
                person="user",
                hidden="hash data",
            ),
            Table(
                "portals.LogoutNotice",
                "id session attempts due_at sent_at problem",
                person="session__user",
            ),
            Table("portals.PortalConsent", "id user client scopes given_at", person="user"),
        ),
    ),
    DataItem(
        code="last_use",
        label=_("Last use of each permission"),
        holds=_("The day on which you last used a permission on a resource, without the time."),
        whose=_("people with access"),
        sources=(Source.PORTAL,),
        purposes=(Purpose.COMPANY,),
        basis=Basis.INTEREST,
        seen_by=(Viewer.PERSON, Viewer.SUPER_USERS),
        retention=Retention(
            0, Start.MEMBERSHIP_END, by="portals.services.uses.forget_uses_of_leaver"
        ),
        erase=Erase.DELETE,
        tables=(Table("portals.PrivilegeUse", "id user resource privilege day", person="user"),),
    ),
]

NOT_PERSONAL = [
    NotPersonal("portals.Portal", "A portal's manifest."),
    NotPersonal("portals.ResourceType", "A portal's manifest."),
    NotPersonal("portals.Privilege", "A portal's manifest."),
    NotPersonal("portals.PrivilegeInclusion", "A portal's manifest."),
    NotPersonal("portals.Subscription", "Which company uses which portal."),
    NotPersonal("portals.ResourceAncestor", "Which resource is inside which."),
    NotPersonal("portals.ResourceTenure", "Which company had which resource, and when."),
    NotPersonal("portals.SigningKey", "The hub's own keys."),
    NotPersonal("portals.Preset", "A named set of permissions, given to nobody yet."),
    NotPersonal("portals.PresetLine", "A named set of permissions, given to nobody yet."),
    NotPersonal("portals.ReviewQuarter", "When a company last began a review."),
]
