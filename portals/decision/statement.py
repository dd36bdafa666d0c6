"""The SQL of the decision, written once; other modules only bind its parameters."""
# ruff: noqa: S608 -- fixed texts of this module, composed; every value is a bound parameter

from portals.choices import Reason

# Aliases: u person, m their membership, c its customer, s its subscription, r resource,
# v privilege, a ancestor of r (or r itself), i inclusion of v (also in itself), g grant.


def _grant_exists(table: str, grantee: str) -> str:
    """Return the condition that a grant in force of this grantee covers r and v.

    LIMIT … OFFSET keeps PostgreSQL from merging the inner query into the outer ones, where it might
    start from every grant of a team. Alone, it is one index look-up for each ancestor.
    """
    return f"""EXISTS (
        SELECT 1 FROM portals_resourceancestor a WHERE a.resource_id = r.id AND EXISTS (
            SELECT 1 FROM {table} g
            JOIN portals_privilegeinclusion i ON i.privilege_id = g.permission_id
                AND i.included_id = v.permission_id
            WHERE g.content_object_id = a.ancestor_id AND {grantee}
                AND (g.starts_at IS NULL OR g.starts_at <= {{now}})
                AND (g.expires_at IS NULL OR {{now}} < g.expires_at)
            LIMIT 1 OFFSET 0))"""


_OF_PERSON = _grant_exists("portals_persongrant", "g.user_id = u.id")
_OF_TEAM = _grant_exists(
    "portals_teamgrant",
    "g.group_id = (SELECT t.group_id FROM accounts_team t WHERE t.id = tm.team_id)",
)
_REASON = f"""
    CASE
    WHEN m.role = 'super_user' AND v.held_by_super_user THEN '{Reason.ROLE}'
    WHEN r.owner_id = m.id AND v.held_by_owner THEN '{Reason.OWNER}'
    WHEN {_OF_PERSON} THEN '{Reason.GRANT}'
    WHEN EXISTS (
        SELECT 1 FROM accounts_teammembership tm WHERE tm.membership_id = m.id AND {_OF_TEAM}
    ) THEN '{Reason.TEAM}'
    END"""

_LIVE = """
    FROM accounts_user u
    JOIN accounts_membership m ON m.user_id = u.id AND m.ended_at IS NULL
        AND m.suspended_at IS NULL AND (m.ends_at IS NULL OR m.ends_at > {now})
    JOIN accounts_customer c ON c.id = m.customer_id AND c.status = 'active'
    JOIN portals_subscription s ON s.customer_id = m.customer_id AND s.status = 'active'
    JOIN portals_resource r ON r.subscription_id = s.id AND r.removed_at IS NULL
    JOIN portals_privilege v ON v.resource_type_id = r.resource_type_id
    WHERE u.is_active"""


def decision_sql(*, select: str, bind: str) -> str:
    """Return SQL for rows (`select`, reason) that match `bind`; the reason is null for a no.

    `select` names columns of u, r or v as `x AS name`, and `bind` is a condition over them. Both
    are fixed texts of this package, with {name} placeholders for values.
    """
    return f"SELECT {select}, {_REASON} AS reason {_LIVE} AND {bind}"


def allowed_sql(*, select: str, bind: str) -> str:
    """Return the same SQL for the rows that are allowed."""
    return f"SELECT * FROM ({decision_sql(select=select, bind=bind)}) d WHERE d.reason IS NOT NULL"


# For has_perm and pages: a person and a resource by key, a privilege by codename.
DECISION = decision_sql(
    select="(SELECT q.slug FROM portals_portal q WHERE q.id = s.portal_id) AS portal",
    bind="u.id = {user} AND r.id = {resource}"
    " AND v.portal_id = s.portal_id AND v.codename = {codename}",
)

# For the API: by names, in the portal p of the caller's token, in the same round trip. Each key has
# a sub-select of its own, so that a unique index finds it, however big the customer is. The reason
# and the keys are one text, because a second sub-select would decide twice.


def _check_sql(name: str, questions: str = "") -> str:
    """Return SQL for what the token allows and a decision; no row means that it is not valid.

    `name` is how a question's names stand in the text, such as `{{%s}}`; `questions` joins them.
    """
    decision = decision_sql(
        select="u.id AS person, r.id AS resource, v.permission_id AS privilege",
        bind=f"""
            u.id = (SELECT x.id FROM accounts_user x WHERE x.sub = {name % "subject"})
            AND r.id = (
                SELECT x.id FROM portals_resource x
                JOIN portals_resourcetype y ON y.id = x.resource_type_id
                WHERE y.portal_id = p.id AND y.code = {name % "resource_type"}
                    AND x.external_id = {name % "external_id"})
            AND v.portal_id = p.id AND v.codename = {name % "codename"}""",
    )
    return f"""
        SELECT t.scopes, t.data,
            (SELECT o.reason || ' ' || o.person || ' ' || o.resource || ' ' || o.privilege
                FROM ({decision}) o) AS reason,
            CASE WHEN p.explain THEN 'explain' END AS explain
        FROM allauth_idp_oidc_token t
        JOIN portals_portal p ON p.client_id = t.client_id
        {questions}
        WHERE t.type = 'at' AND t.hash = {{token_hash}} AND t.user_id IS NULL
          AND (t.expires_at IS NULL OR t.expires_at > {{now}})"""


CHECK = _check_sql("{%s}")

# The same for many questions, an array of [subject, type, id, codename] for each, in their order.
_QUESTIONS = {
    "postgresql": """
        JOIN (SELECT e.place, (e.names->>0)::uuid AS subject, e.names->>1 AS resource_type,
                e.names->>2 AS external_id, e.names->>3 AS codename
            FROM jsonb_array_elements({questions}::jsonb) WITH ORDINALITY AS e (names, place)
        ) q ON TRUE""",
    "sqlite": """
        JOIN (SELECT e.key AS place, json_extract(e.value, '$[0]') AS subject,
                json_extract(e.value, '$[1]') AS resource_type,
                json_extract(e.value, '$[2]') AS external_id,
                json_extract(e.value, '$[3]') AS codename
            FROM json_each({questions}) e
        ) q ON TRUE""",
}
CHECKS = {
    vendor: _check_sql("q.%s", questions) + " ORDER BY q.place"
    for vendor, questions in _QUESTIONS.items()
}

# For lists.
PERMITTED_RESOURCES = allowed_sql(
    select="r.id AS id", bind="u.id = {user} AND v.permission_id = {privilege}"
)
PERMITTED_PEOPLE = allowed_sql(
    select="u.id AS id", bind="r.id = {resource} AND v.permission_id = {privilege}"
)
PERMITTED_PRIVILEGES = allowed_sql(
    select="v.permission_id AS id", bind="u.id = {user} AND r.id = {resource}"
)
# Whether anybody of a team, who can use the resource's portal at all, is not allowed.
_OF_MEMBERS = decision_sql(
    select="u.id AS id",
    bind="""r.id = {resource} AND v.permission_id = {privilege} AND m.id IN (
        SELECT t.membership_id FROM accounts_teammembership t WHERE t.team_id = {team})""",
)
DENIED_MEMBER = f"SELECT 1 FROM ({_OF_MEMBERS}) d WHERE d.reason IS NULL LIMIT 1"

# For the searches of the API: the same sets, in pages.


def _page_sql(*, key: str, name: str, bind: str) -> str:
    """Return SQL for up to {limit} allowed rows (`key`, `name`) after {after}, by the key.

    Rows are sorted before they are decided, so a page decides no more of them than it needs: the
    inner LIMIT keeps PostgreSQL from doing it the other way round. COALESCE keeps it from reading
    the whole table in the order of its key to save the sorting.
    """
    candidates = decision_sql(
        select=f"COALESCE({key}, {key}) AS place, {name} AS name",
        bind=f"{bind} AND {key} > {{after}}",
    )
    return f"""
        SELECT d.place, d.name
        FROM ({candidates} ORDER BY place LIMIT 9223372036854775807) d
        WHERE d.reason IS NOT NULL ORDER BY d.place LIMIT {{limit}}"""


RESOURCES_PAGE = _page_sql(
    key="r.id", name="r.external_id", bind="u.id = {user} AND v.permission_id = {privilege}"
)
PEOPLE_PAGE = _page_sql(
    key="u.sub", name="u.sub", bind="r.id = {resource} AND v.permission_id = {privilege}"
)
PRIVILEGES_PAGE = _page_sql(
    key="v.permission_id", name="v.code", bind="u.id = {user} AND r.id = {resource}"
)
