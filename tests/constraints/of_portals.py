"""What the constraints and triggers of portals refuse; the last statement of each is refused."""

from portals.models import (
    AccessReview,
    OfferedGrant,
    PersonGrant,
    PortalConsent,
    PortalSession,
    Preset,
    PresetLine,
    Privilege,
    PrivilegeInclusion,
    PrivilegeUse,
    ReassignedGrant,
    RequestedGrant,
    Resource,
    ResourceAncestor,
    ResourceTenure,
    ResourceType,
    ReviewItem,
    ReviewQuarter,
    Subscription,
    TeamGrant,
)
from tests.constraints.of_accounts import ALICE, BIRCH, MEMBER_CHARLIE
from tests.constraints.statements import NOW, change, copy, first, remove, truncate, without

FREE_PERMISSION = (
    "(SELECT MIN(id) FROM auth_permission"
    " WHERE id NOT IN (SELECT permission_id FROM portals_privilege))"
)
DOMAINS = "portal_id = (SELECT id FROM portals_portal WHERE slug = 'domains')"
DOMAINS_OF_BIRCH = first(Subscription, f"{DOMAINS} AND customer_id = {BIRCH}")
ROOT_ELSEWHERE = (
    "parent_id IS NULL AND subscription_id IN"
    f" (SELECT id FROM portals_subscription WHERE {DOMAINS} AND customer_id <> {BIRCH})"
)
BELOW = "parent_id IS NOT NULL"
PARENT = first(Resource, f"{BELOW} AND id IN (SELECT parent_id FROM portals_resource)")
CHILD_OF_REMOVED = f"parent_id = {PARENT}"
REMOVED = first(Resource, "removed_at IS NOT NULL")
OPEN_REVIEW = "state = 'open'"
UNDECIDED = "decision IS NULL"
BACKWARDS = {"starts_at": NOW, "expires_at": NOW}

HELD = "ended_at IS NULL"


def refused():
    remove_parent = change(Resource, f"id = {PARENT}", removed_at=NOW)
    return {
        # --- Manifests ---
        "resource_type_once": [copy(ResourceType)],
        "only_the_root_type_has_no_parent": [
            change(ResourceType, "code <> 'subscription'", parent_id="NULL")
        ],
        "privilege_once": [copy(Privilege, permission_id=FREE_PERMISSION)],
        "inclusion_once": [copy(PrivilegeInclusion)],
        # --- Subscriptions and resources ---
        "subscribed_once": [copy(Subscription)],
        "resource_once_in_its_portal": [copy(Resource, BELOW)],
        "resource_in_its_tree_insert": [
            copy(Resource, BELOW, external_id="'new'", parent_id="NULL")
        ],
        "resource_in_its_tree_update": [change(Resource, BELOW, parent_id="NULL")],
        "resource_keeps_its_place_update": [
            change(Resource, ROOT_ELSEWHERE, subscription_id=DOMAINS_OF_BIRCH)
        ],
        "owner_is_a_member_insert": [
            copy(Resource, BELOW, external_id="'new'", owner_id=MEMBER_CHARLIE)
        ],
        "owner_is_a_member_update": [change(Resource, BELOW, owner_id=MEMBER_CHARLIE)],
        "root_is_not_removed": [change(Resource, "parent_id IS NULL", removed_at=NOW)],
        "resource_below_a_removed_one_insert": [
            remove_parent,
            copy(Resource, CHILD_OF_REMOVED, external_id="'new'", removed_at="NULL"),
        ],
        "resource_below_a_removed_one_update": [
            remove_parent,
            change(Resource, CHILD_OF_REMOVED, removed_at="NULL"),
        ],
        "ancestor_once": [copy(ResourceAncestor)],
        "resource_held_by_one_company": [
            without("tenure_follows_its_resource_insert"),
            copy(ResourceTenure, HELD),
        ],
        "tenure_follows_its_resource_insert": [
            copy(ResourceTenure, HELD, external_id="'other.example'")
        ],
        "tenure_follows_its_resource_update": [change(ResourceTenure, HELD, ended_at=NOW)],
        "tenure_follows_its_resource_delete": [remove(ResourceTenure)],
        "tenure_follows_its_resource_truncate": [truncate(ResourceTenure)],
        "held_since_goes_with_the_id_update": [change(Resource, BELOW, external_id="'other'")],
        "privilege_use_once": [copy(PrivilegeUse)],
        # --- Grants: given, offered, requested, reassigned ---
        "person_grant_starts_before_it_ends": [change(PersonGrant, **BACKWARDS)],
        "team_grant_starts_before_it_ends": [change(TeamGrant, **BACKWARDS)],
        "offered_grant_starts_before_it_ends": [change(OfferedGrant, **BACKWARDS)],
        "portals_persongrant_not_on_removed": [
            remove_parent,
            copy(PersonGrant, content_object_id=REMOVED),
        ],
        "portals_persongrant_not_to_removed_update": [
            remove_parent,
            change(PersonGrant, content_object_id=REMOVED),
        ],
        "portals_teamgrant_not_on_removed": [
            remove_parent,
            copy(TeamGrant, content_object_id=REMOVED),
        ],
        "portals_teamgrant_not_to_removed_update": [
            remove_parent,
            change(TeamGrant, content_object_id=REMOVED),
        ],
        "offered_once": [copy(OfferedGrant)],
        "requested_once": [copy(RequestedGrant)],
        "grant_reassigned_once": [copy(ReassignedGrant)],
        "portals_reassignedgrant_to_a_colleague_insert": [
            copy(ReassignedGrant, receiver_id=MEMBER_CHARLIE)
        ],
        "portals_reassignedgrant_to_a_colleague_update": [
            change(ReassignedGrant, receiver_id=MEMBER_CHARLIE)
        ],
        "preset_name_once": [copy(Preset, name="upper(name)")],
        "preset_line_once": [copy(PresetLine)],
        # --- Signing in to portals ---
        "one_portal_session_at_a_time": [copy(PortalSession)],
        "portal_session_end_has_a_reason": [change(PortalSession, ended_at=NOW)],
        "portal_consent_once": [copy(PortalConsent)],
        # --- Access reviews ---
        "review_round_once": [copy(ReviewQuarter)],
        "one_open_review": [copy(AccessReview, OPEN_REVIEW)],
        "review_finished_when_all_is_decided": [change(AccessReview, OPEN_REVIEW, ended_at=NOW)],
        "review_decides_what_it_holds": [change(AccessReview, OPEN_REVIEW, kept="total + 1")],
        "review_ends_once_update": [
            change(AccessReview, OPEN_REVIEW, state="'not_finished'", ended_at=NOW),
            change(AccessReview, "state = 'not_finished'", state="'open'", ended_at="NULL"),
        ],
        "reviewed_once": [copy(ReviewItem, "kind = 'person'")],
        "role_reviewed_once": [copy(ReviewItem, "kind = 'role'")],
        "owner_reviewed_once": [copy(ReviewItem, "kind = 'owner'")],
        "review_changes_no_owner": [
            change(
                ReviewItem,
                "kind = 'owner'",
                decision="'remove'",
                decided_at=NOW,
                decided_by_id=ALICE,
            )
        ],
        "review_line_is_about_one_resource": [change(ReviewItem, "kind = 'role'", grant_id="1")],
        "decision_of_someone_at_a_moment": [change(ReviewItem, UNDECIDED, decided_at=NOW)],
        "review_line_decided_once_update": [
            change(
                ReviewItem,
                "kind = 'person' AND decision IS NULL",
                decision="'keep'",
                decided_at=NOW,
                decided_by_id=ALICE,
            ),
            change(ReviewItem, "decision = 'keep'", decision="'remove'"),
        ],
    }
