"""What the triggers write themselves: raw SQL, then a question, and its right answer."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Customer, Invitation, Membership, Team, User
from portals.models import Resource, ResourceAncestor
from preferences.models import ConsentRecord, Recipient
from tests.constraints.statements import NOW, Statement, change, copy, first, remove

# Each searchable row, copied under other words; the keys that may not be copied have new values.
SEARCHED = {
    User: {"email": "'new@shop.example'"},
    Customer: {"slug": "'new'", "main_super_user_id": "NULL", "status": "'closed'"},
    Membership: {"role": "'user'", "ended_at": "CURRENT_TIMESTAMP"},
    Invitation: {"address": "'new@shop.example'", "token_hash": "'other'"},
    Team: {
        "uuid": "'0b9d2c34-8d3f-4d65-9c0e-4f8d5a1b7c22'",
        "name": "'New'",
        "group_id": "(SELECT MAX(id) FROM auth_group"
        " WHERE id NOT IN (SELECT group_id FROM accounts_team))",
    },
    Resource: {"external_id": "'new'"},
}
WORDS = {"search_words": "'yak zebra'", "search_name": "'zoe'"}
NEW_WORDS = "search_words = 'yak zebra'"
BELOW = "parent_id IS NOT NULL"
LATER = "'2040-01-01 00:00:00'"
CHILD = first(Resource, f"parent_id IN (SELECT id FROM portals_resource WHERE {BELOW})")
PARENT = f"(SELECT parent_id FROM portals_resource WHERE id = {CHILD})"
NEW_RESOURCE = first(Resource, "external_id = 'new'")
BOB = first(User, "email IN ('bob@alder.example', 'sam@shop.example')")
SUBSCRIBER = {"user_id": "NULL", "address": "'sam@shop.example'", "language": "'en'"}


@dataclass(frozen=True)
class Effect:
    """After these statements, the question has this answer."""

    statements: list[Statement]
    question: str
    answer: list[tuple[Any, ...]]


def ancestors(resource: str) -> str:
    return f"SELECT ancestor_id FROM portals_resourceancestor WHERE resource_id = {resource}"


def effects() -> dict[str, Effect]:
    return {**search_entries(), **resources(), **consent(), **representatives()}


def representatives() -> dict[str, Effect]:
    emma = first(User, "email = 'emma@alder.example'")
    hers = first(Membership, f"user_id = {emma} AND ended_at IS NULL")
    ended = (
        "SELECT ending, CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END FROM compliance_representative"
        f" WHERE membership_id IN (SELECT id FROM accounts_membership WHERE user_id = {emma})"
    )
    of_hers = {
        "left": change(Membership, f"id = {hers}", ended_at=NOW),
        "suspended": change(Membership, f"id = {hers}", suspended_at=NOW),
    }
    account = change(User, f"id = {emma}", is_active="FALSE")
    return {
        "representative_ends_with_membership": Effect([of_hers["left"]], ended, [("left", 1)]),
        "representative_ends_with_suspension": Effect(
            [of_hers["suspended"]], ended, [("suspended", 1)]
        ),
        "representative_ends_with_account": Effect([account], ended, [("suspended", 1)]),
    }


def search_entries() -> dict[str, Effect]:
    effects = {}
    for model, keys in SEARCHED.items():
        entries = f"{model._meta.db_table}searchentry"
        where = BELOW if model is Resource else "TRUE"
        add = copy(model, where, **keys, **WORDS)
        found = (
            f"SELECT entry FROM {entries} WHERE entry LIKE 'yak %' OR entry LIKE 'zebra %'"
            f" OR entry LIKE 'emu %' ORDER BY entry"
        )
        renamed = change(model, NEW_WORDS, search_words="'emu'", search_name="'eve'")
        two = [("yak zoe",), ("zebra zoe",)]
        effects[f"{entries}_insert"] = Effect([add], found, two)
        effects[f"{entries}_update"] = Effect([add, renamed], found, [("emu eve",)])
        effects[f"{entries}_delete"] = Effect([add, remove(model, NEW_WORDS)], found, [])
    return effects


def resources() -> dict[str, Effect]:
    copied_parent = copy(Resource, f"id = {PARENT}", external_id="'new'")
    own_line = f"SELECT COUNT(*) FROM ({ancestors(NEW_RESOURCE)}) AS lines"
    return {
        # Itself and the root: a copy stands below the same root.
        "resource_ancestors_of_new": Effect([copied_parent], own_line, [(2,)]),
        "resource_ancestors_of_moved": Effect(
            [copied_parent, change(Resource, f"id = {CHILD}", parent_id=NEW_RESOURCE)],
            f"SELECT COUNT(*) FROM ({ancestors(CHILD)}) AS lines WHERE ancestor_id IN"
            f" (SELECT id FROM portals_resource WHERE external_id = 'new' OR id = {CHILD}"
            f" OR parent_id IS NULL) UNION ALL SELECT COUNT(*) FROM ({ancestors(CHILD)}) AS lines",
            [(3,), (3,)],
        ),
        # Itself and all below it, and nothing else.
        "resource_removed_with_all_below": Effect(
            [change(Resource, f"id = {PARENT}", removed_at=NOW)],
            "SELECT COUNT(*) FROM portals_resource WHERE removed_at IS NOT NULL UNION ALL"
            f" SELECT COUNT(*) FROM portals_resource WHERE id = {PARENT} OR parent_id = {PARENT}",
            [(6,), (6,)],
        ),
        "ownership_ends_with_membership": Effect(
            [change(Membership, f"user_id = {BOB}", ended_at=NOW)],
            "SELECT external_id FROM portals_resource WHERE owner_id IS NULL"
            " AND external_id IN ('bob@alder.example', 'emma@alder.example')",
            [("bob@alder.example",)],
        ),
        **tenures(copied_parent),
    }


def tenures(copied_parent: Statement) -> dict[str, Effect]:
    def open_and_ended(external_id: str) -> str:
        return (
            "SELECT COUNT(*) FILTER (WHERE ended_at IS NULL),"
            " COUNT(*) FILTER (WHERE ended_at IS NOT NULL)"
            f" FROM portals_resourcetenure WHERE external_id = {external_id}"
        )

    renamed = change(Resource, f"id = {NEW_RESOURCE}", external_id="'newer'", held_since=LATER)
    taken = change(Resource, f"id = {NEW_RESOURCE}", removed_at=NOW)
    given_back = change(Resource, "external_id = 'new'", removed_at="NULL")
    new, newer = open_and_ended("'new'"), open_and_ended("'newer'")
    return {
        "tenure_begins": Effect([copied_parent], new, [(1, 0)]),
        "tenure_ends_with_the_id": Effect(
            [copied_parent, renamed], f"{new} UNION ALL {newer}", [(0, 1), (1, 0)]
        ),
        "tenure_ends_at_removal": Effect([copied_parent, taken], new, [(0, 1)]),
        "tenure_goes_on": Effect([copied_parent, taken, given_back], new, [(1, 0)]),
        "tenure_ends_at_deletion": Effect(
            [
                copied_parent,
                *[remove(ResourceAncestor, f"resource_id = {NEW_RESOURCE}")] * 2,
                Statement(
                    "DELETE FROM portals_resourcesearchentry WHERE row_id IN"
                    " (SELECT id FROM portals_resource WHERE external_id = 'new')"
                ),
                remove(Resource, "external_id = 'new'"),
            ],
            new,
            [(0, 1)],
        ),
    }


def consent() -> dict[str, Effect]:
    of_new_person = (
        "SELECT COUNT(*) FROM preferences_recipient r JOIN accounts_user u ON u.id = r.user_id"
        " WHERE u.email = 'new@shop.example'"
    )
    return {
        "recipient_of_new_person": Effect([copy(User, **SEARCHED[User])], of_new_person, [(1,)]),
        "recipient_follows_address": Effect(
            [
                copy(Recipient, "user_id IS NOT NULL", **SUBSCRIBER),
                change(User, f"id = {BOB}", email="'sam@shop.example'"),
            ],
            "SELECT COUNT(*) FROM preferences_recipient s JOIN preferences_recipient p"
            f" ON p.id = s.followed_by_id WHERE s.address = 'sam@shop.example'"
            f" AND p.user_id = {BOB}",
            [(1,)],
        ),
        "choice_of_consent": Effect(
            [copy(ConsentRecord, wants="FALSE")],
            "SELECT COUNT(*) FROM preferences_choice WHERE NOT wants AND consent_id ="
            " (SELECT MAX(id) FROM preferences_consentrecord)",
            [(1,)],
        ),
        "stop_of_consent": Effect(
            [copy(ConsentRecord, topic_id="NULL", wants="FALSE")],
            "SELECT COUNT(*) FROM preferences_recipient WHERE stopped_id ="
            " (SELECT MAX(id) FROM preferences_consentrecord)",
            [(1,)],
        ),
    }
