"""The statement itself, written once. Everything else binds its parameters."""
# ruff: noqa: S608 -- fixed texts of this module, composed; every value is a bound parameter

from portals.choices import Reason

_GRANT_IN_FORCE = """
    (g.starts_at IS NULL OR g.starts_at <= {now}) AND (g.expires_at IS NULL OR {now} < g.expires_at)
"""

# u the person, m their membership, c its customer, s its subscription, r the resource,
# v the privilege; a an ancestor of r (or r), i a privilege that includes v (or v), g a grant.
_REASON = f"""
    CASE
    WHEN m.role = 'super_user' AND v.held_by_super_user THEN '{Reason.ROLE}'
    WHEN EXISTS (
        SELECT 1 FROM portals_resourceancestor a
        JOIN portals_privilegeinclusion i ON i.included_id = v.permission_id
        JOIN portals_persongrant g ON g.user_id = u.id AND g.permission_id = i.privilege_id
            AND g.content_object_id = a.ancestor_id
        WHERE a.resource_id = r.id AND {_GRANT_IN_FORCE}
    ) THEN '{Reason.GRANT}'
    WHEN EXISTS (
        SELECT 1 FROM accounts_teammembership tm
        JOIN accounts_team t ON t.id = tm.team_id AND t.customer_id = m.customer_id
        JOIN portals_resourceancestor a ON a.resource_id = r.id
        JOIN portals_privilegeinclusion i ON i.included_id = v.permission_id
        JOIN portals_teamgrant g ON g.group_id = t.group_id AND g.permission_id = i.privilege_id
            AND g.content_object_id = a.ancestor_id
        WHERE tm.membership_id = m.id AND {_GRANT_IN_FORCE}
    ) THEN '{Reason.TEAM}'
    END"""

_LIVE = """
    FROM accounts_user u
    JOIN accounts_membership m ON m.user_id = u.id AND m.ended_at IS NULL
        AND m.suspended_at IS NULL AND (m.ends_at IS NULL OR m.ends_at > {now})
    JOIN accounts_customer c ON c.id = m.customer_id AND c.status = 'active'
    JOIN portals_subscription s ON s.customer_id = m.customer_id AND s.status = 'active'
    JOIN portals_resource r ON r.subscription_id = s.id
    JOIN portals_privilege v ON v.resource_type_id = r.resource_type_id
    WHERE u.is_active"""


def decision_sql(*, select: str, bind: str) -> str:
    """Rows (`select`, reason) of everything in `bind` that is allowed; reason is never null.

    `select` names columns of u, r or v as `x AS name`; `bind` is an SQL condition over them. Both
    are fixed texts of this package, with {name} placeholders for values.
    """
    return f"""
    SELECT * FROM (SELECT {select}, {_REASON} AS reason {_LIVE} AND {bind}) d
    WHERE d.reason IS NOT NULL"""


# One person, one resource, one privilege, by their keys: has_perm and pages.
ONE = decision_sql(
    select="(SELECT q.slug FROM portals_portal q WHERE q.id = s.portal_id) AS portal",
    bind="u.id = {user} AND r.id = {resource} AND v.codename = {codename}",
)

# The API's: the caller's token decides the portal, in the same round trip.
_BY_NAMES = decision_sql(
    select="r.id AS resource_id",
    bind="u.sub = {subject} AND v.portal_id = p.id AND v.codename = {codename}"
    " AND r.external_id = {external_id}",
)
CHECK = f"""
    SELECT t.scopes, t.data, (SELECT o.reason FROM ({_BY_NAMES}) o) AS reason
    FROM allauth_idp_oidc_token t
    JOIN portals_portal p ON p.client_id = t.client_id
    WHERE t.type = 'at' AND t.hash = {{token_hash}} AND t.user_id IS NULL
      AND (t.expires_at IS NULL OR t.expires_at > {{now}})"""

# The set-shaped twins.
RESOURCES_ONE_MAY = decision_sql(
    select="r.id AS id",
    bind="u.id = {user} AND v.permission_id = {privilege}",
)
PEOPLE_WHO_MAY = decision_sql(
    select="u.id AS id",
    bind="r.id = {resource} AND v.permission_id = {privilege}",
)
PRIVILEGES_ONE_HAS = decision_sql(
    select="v.permission_id AS id",
    bind="u.id = {user} AND r.id = {resource}",
)
