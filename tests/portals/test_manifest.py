"""Manifests: read strictly, applied idempotently; removals need confirmation."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission

from accounts.models import AuditEvent
from hub.example import MANIFESTS
from portals.models import PersonGrant, Portal, Privilege, PrivilegeInclusion, Resource
from portals.services.manifests import (
    ManifestRefused,
    RemovalRefused,
    apply_manifest,
    read_manifest,
)
from portals.services.resources import Report, sync_resources
from portals.services.subscriptions import subscribe_customer

BACKUPS = """
kind = "other"
name = { en = "Backups", fr = "Sauvegardes" }
home_url = "https://backups.harbour.example/"
redirect_uris = ["https://backups.harbour.example/sign-in/callback"]
auto_register = true

[types.subscription.privileges.order_space]
label = { en = "Order space", fr = "Commander de l’espace" }

[types.server]
label = { en = "Server", fr = "Serveur" }

[types.server.privileges.view]
label = { en = "See it", fr = "Le voir" }
held_by_super_user = true

[types.server.privileges.manage]
label = { en = "Manage it", fr = "Le gérer" }
includes = ["view", "copy.list"]

[types.copy]
label = { en = "Copy", fr = "Copie" }
parent = "server"

[types.copy.privileges.list]
label = { en = "List the files", fr = "Lister les fichiers" }

[types.copy.privileges.restore]
label = { en = "Restore files", fr = "Restaurer des fichiers" }
includes = ["list"]
sensitive = true
"""


@pytest.fixture
def written(tmp_path: Path):
    """A manifest file with this text, read."""

    def write(text: str = BACKUPS, name: str = "backups.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_manifest(path)

    return write


def _inclusions(portal: str) -> set[tuple[str, str]]:
    rows = PrivilegeInclusion.objects.filter(privilege__portal__slug=portal)
    return set(rows.values_list("privilege__codename", "included__codename"))


def test_a_fifth_portal_needs_a_manifest_and_no_code(db, written, olive, alder, alice, bob):
    apply_manifest(actor=None, manifest=written())
    portal = Portal.objects.get(slug="backups")
    subscribe_customer(actor=olive, customer=alder, portal=portal)
    sync_resources(
        actor=portal, customer="alder", type_code="server", reports=[Report("s1", "Server one")]
    )
    sync_resources(
        actor=portal,
        customer="alder",
        type_code="copy",
        reports=[Report("s1/monday", "Monday", ("server", "s1"))],
    )

    privileges = Privilege.objects.filter(portal=portal)
    assert set(privileges.values_list("codename", "held_by_super_user", "sensitive")) == {
        ("subscription.open", True, False),
        ("subscription.order_space", False, False),
        ("server.view", True, False),
        ("server.manage", False, False),
        ("copy.list", False, False),
        ("copy.restore", False, True),
    }
    assert set(
        Permission.objects.filter(codename__startswith="backups.").values_list(
            "codename", "content_type__model"
        )
    ) == {(f"backups.{privilege.codename}", "resource") for privilege in privileges}
    own = {(privilege.codename, privilege.codename) for privilege in privileges}
    assert _inclusions("backups") == own | {
        ("server.manage", "server.view"),
        ("server.manage", "copy.list"),
        ("copy.restore", "copy.list"),
    }
    copy = Resource.objects.get(external_id="s1/monday")
    assert set(copy.ancestors.values_list("ancestor__external_id", flat=True)) == {
        "s1/monday",
        "s1",
        "alder",
    }
    server = Resource.objects.get(external_id="s1")
    assert alice.has_perm("portals.backups.server.view", server)
    assert not bob.has_perm("portals.backups.server.view", server)
    root = Resource.objects.get(subscription__portal=portal, resource_type__code="subscription")
    assert bob.has_perm("portals.backups.subscription.open", root)


def test_applying_again_changes_nothing_and_leaves_no_event(db, written):
    apply_manifest(actor=None, manifest=written())
    events = AuditEvent.objects.count()

    assert apply_manifest(actor=None, manifest=written()) == []

    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize("slug", ["webmail", "statistics", "ticketing", "domains"])
def test_the_four_manifests_are_applied_in_the_example(db, slug):
    assert apply_manifest(actor=None, manifest=read_manifest(MANIFESTS / f"{slug}.toml")) == []


def test_the_application_is_in_the_providers_chain(db, written):
    apply_manifest(actor=None, manifest=written())

    event = AuditEvent.objects.get(kind="portal.applied", public__slug="backups")
    assert (event.chain, event.actor, event.actor_name) == ("provider", None, "The hub")
    assert event.data["changes"] == "1 portal added, 3 types added, 6 privileges added"


def test_labels_flags_and_inclusions_follow_the_file(db, written):
    apply_manifest(actor=None, manifest=written())
    text = BACKUPS.replace("Restore files", "Bring files back").replace(
        'includes = ["view", "copy.list"]', 'includes = ["view"]\nsensitive = true'
    )

    changes = apply_manifest(actor=None, manifest=written(text))

    assert changes == [
        "privilege server.manage: sensitive: False → True",
        "privilege copy.restore: label_en: Restore files → Bring files back",
        "privilege server.manage: no longer includes copy.list",
    ]
    assert ("server.manage", "copy.list") not in _inclusions("backups")


def test_inclusion_is_transitive_and_across_types(db):
    closed = _inclusions("webmail")
    assert ("mail_domain.manage", "mailbox.view") in closed
    assert ("mailbox.use", "mailbox.view") in closed
    assert ("mail_domain.manage", "mailbox.read") not in closed


def test_no_role_gives_access_to_a_colleagues_mailbox(db):
    mine = Privilege.objects.filter(portal__slug="webmail", held_by_super_user=True)
    assert {"mailbox.manage", "mail_domain.manage"} <= set(mine.values_list("codename", flat=True))
    assert not mine.filter(sensitive=True).exists()
    for codename in ("mailbox.read", "mailbox.send", "mailbox.use"):
        assert Privilege.objects.get(portal__slug="webmail", codename=codename).sensitive


def test_a_removal_is_refused_with_counts_until_confirmed(
    written, resource, give, alice, bob, membership
):
    give(alice, membership(bob), "domains.domain.renew", resource("domain", "alder.example"))
    text = (MANIFESTS / "domains.toml").read_text()
    start, end = (
        text.index("[types.domain.privileges.renew]"),
        text.index("[types.domain.privileges.manage]"),
    )
    smaller = text[:start] + text[end:].replace(', "renew"', "")

    with pytest.raises(RemovalRefused) as refused:
        apply_manifest(actor=None, manifest=written(smaller, "domains.toml"))

    assert refused.value.removals == [
        "privilege domain.renew: removed, with 1 grants and 0 offered grants"
    ]
    assert PersonGrant.objects.filter(permission__codename="domains.domain.renew").count() == 1

    apply_manifest(actor=None, manifest=written(smaller, "domains.toml"), remove=True)

    assert not PersonGrant.objects.filter(permission__codename="domains.domain.renew").exists()
    assert not Permission.objects.filter(codename="domains.domain.renew").exists()
    assert not Privilege.objects.filter(codename="domain.renew").exists()


def test_a_removed_type_takes_its_resources(db, written):
    text = (MANIFESTS / "webmail.toml").read_text()
    smaller = text[: text.index("[types.mailbox]")]
    smaller = smaller.replace('includes = ["mailbox.view"]', "").replace(', "mailbox.manage"', "")

    with pytest.raises(RemovalRefused) as refused:
        apply_manifest(actor=None, manifest=written(smaller, "webmail.toml"))
    assert "type mailbox: removed, with 10 resources and 0 grants on them" in refused.value.removals
    assert Resource.objects.filter(resource_type__code="mailbox").count() == 10

    apply_manifest(actor=None, manifest=written(smaller, "webmail.toml"), remove=True)
    assert not Resource.objects.filter(resource_type__code="mailbox").exists()
    assert Resource.objects.filter(resource_type__code="mail_domain").count() == 3


def test_a_type_with_resources_keeps_its_parent(db, written):
    text = (MANIFESTS / "webmail.toml").read_text().replace('parent = "mail_domain"', "")

    with pytest.raises(ManifestRefused, match=r"webmail.toml: types.mailbox.parent: cannot change"):
        apply_manifest(actor=None, manifest=written(text, "webmail.toml"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind =", "colour ="), "backups.toml: kind: is missing"),
        (('kind = "other"', 'kind = "other"\ncolour = 1'), "colour: is not a key of a manifest"),
        (('kind = "other"', "kind = 7"), "kind: must be a text"),
        (('kind = "other"', 'kind = "shop"'), "kind: must be one of: webmail,"),
        (("auto_register = true", "auto_register = 1"), "auto_register: must be true or false"),
        (
            ('https://backups.harbour.example/"\nre', 'ftp://x"\nre'),
            "home_url: is not a web address",
        ),
        (
            ('https://backups.harbour.example/"\nre', 'http://x.example/"\nre'),
            "home_url: must begin with https",
        ),
        (("sign-in/callback", "sign-in/*"), "redirect_uris: has a fragment"),
        (
            ('fr = "Le voir" }', 'fr = "Le voir" }\nphrase = { en = "see it", fr = "le voir" }'),
            "types.server.privileges.view.phrase.en: must have {resource} in it, once",
        ),
        (
            ('fr = "Le voir" }', 'fr = "Le voir" }\nphrase = { en = "see {resource}" }'),
            "types.server.privileges.view.phrase.fr: is missing",
        ),
        (('fr = "Sauvegardes"', 'de = "Sicherung"'), "name.fr: is missing"),
        (('fr = "Sauvegardes"', 'fr = " "'), "name.fr: must have 1 to 100 characters"),
        (('fr = "Sauvegardes"', 'fr = "Sauve\\u202Egardes"'), "name.fr: Remove the invisible"),
        (("[types.copy]", '[types."a.b"]'), "types.a.b: the name of a type has no ."),
        (("[types.copy]", '[types."a/b"]'), "types.a/b: the name of a type has no /"),
        (("[types.copy]", '[types." a"]'), "types. a: a name has 1 to 100 printable"),
        (("[types.copy]", '[types."a\\tb"]'), "types.a\\tb: a name has 1 to 100 printable"),
        (("[types.copy]", f"[types.{'x' * 101}]"), "a name has 1 to 100 printable"),
        (("[types.copy]", "[[types.copy]]"), "types.copy"),
        (('parent = "server"', 'parent = "disk"'), "types.copy.parent: no such type: disk"),
        (
            ('fr = "Serveur" }', 'fr = "Serveur" }\nparent = "copy"'),
            "parent: the parents go in a circle",
        ),
        (
            ('includes = ["list"]', 'includes = ["copy.burn"]'),
            "restore.includes: no such privilege: copy.burn",
        ),
        (('includes = ["list"]', 'includes = "list"'), "restore.includes: must be a list"),
        (('includes = ["list"]', "includes = [3]"), "restore.includes: must be a list of texts"),
        (
            ("sensitive = true", "sensitive = true\nincludes2 = 1"),
            "restore.includes2: is not a key",
        ),
        (
            ('fr = "Lister les fichiers" }', 'fr = "Lister" }\nincludes = ["server.manage"]'),
            "goes in a circle: server.manage → copy.list → server.manage",
        ),
        (
            ('["view", "copy.list"]', '["copy.restore"]'),
            "copy.restore is sensitive, so this one must be",
        ),
        (
            (
                'includes = ["view", "copy.list"]',
                'includes = ["copy.list"]\nheld_by_super_user = true',
            ),
            "server.manage|held_by_super_user: it includes copy.list",
        ),
        (
            ('includes = ["list"]', 'includes = ["list"]\nheld_by_owner = true'),
            "copy.restore|held_by_owner: it includes copy.list, which an owner does not hold",
        ),
        (
            (
                'includes = ["view", "copy.list"]',
                'includes = ["copy.list"]\nheld_by_owner = true',
            ),
            "server.manage|held_by_owner: it includes copy.list, of a type below it",
        ),
        (
            ('fr = "Commander de l’espace" }', 'fr = "Commander" }\nheld_by_owner = true'),
            "order_space.held_by_owner: a subscription has no owner",
        ),
        (("privileges.order_space", "privileges.open"), "every portal has this privilege already"),
        (("[types.server]", "[types.server"), "is not TOML"),
    ],
)
def test_a_bad_manifest_is_refused_by_file_key_and_reason(db, written, change, message):
    assert change[0] in BACKUPS

    with pytest.raises(ManifestRefused) as refused:
        written(BACKUPS.replace(*change, 1))

    text = refused.value.messages[0]
    assert text.startswith("backups.toml: ")
    assert message.rpartition("|")[2] in text


@pytest.mark.parametrize("name", ["Backups.toml", "back ups.toml", "9.toml", "backups.txt"])
def test_the_files_name_is_the_slug(written, name):
    with pytest.raises(ManifestRefused, match=r"the file is named <slug>.toml"):
        written(name=name)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(ManifestRefused, match=r"gone.toml: cannot be read: No such file"):
        read_manifest(tmp_path / "gone.toml")
