"""A manifest that declares what cannot be is refused, with its file, the key and the reason."""

import pytest

from portals.services.manifests import read_manifest
from portals.services.manifests.declaration import ManifestRefused

TEXT = """\
kind = "other"
name = { en = "Shop", fr = "Boutique" }
home_url = "https://shop.harbour.example/"
redirect_uris = ["https://shop.harbour.example/callback"]

[sign_in]
refresh_grace = 60

[types.shelf]
label = { en = "Shelf", fr = "Rayon" }

[types.shelf.privileges.view]
label = { en = "See it", fr = "Voir" }
phrase = { en = "see {resource}", fr = "voir {resource}" }

[types.box]
label = { en = "Box", fr = "Boîte" }
parent = "shelf"

[types.box.privileges.open]
label = { en = "Open it", fr = "Ouvrir" }
sensitive = true
"""
VIEW = '[types.shelf.privileges.view]\nlabel = { en = "See it", fr = "Voir" }\n'
END = ""
ANOTHER = '\n[types.{}.privileges.{}]\nlabel = {{ en = "Use", fr = "Utiliser" }}\n'
OF_ROOT = "\n[types.subscription.privileges.{}]\n" + 'label = {{ en = "Use", fr = "Utiliser" }}\n'


# Replace a part of the text (END: add to it), and expect a refusal; None where it is read.
FAULTS = [
    ('kind = "other"\n', "", "kind: is missing"),
    ('kind = "other"', 'kind = "shop"', "kind: must be one of: "),
    ('kind = "other"', "kind = 3", "kind: must be a text"),
    ('kind = "other"', 'kind = "other"\nexplain = "no"', "explain: must be true or false"),
    ('kind = "other"', 'kind = "other"\ncolour = "red"', "colour: is not a key of a manifest"),
    ('kind = "other"', 'kind = "other', "is not TOML: "),
    ('"Shop"', '""', "name.en: must have 1 to 100 characters"),
    ('"Boutique"', f'"{"B" * 101}"', "name.fr: must have 1 to 100 characters"),
    ('"Shop"', '"Sh\\u202eop"', "name.en: "),
    ("refresh_grace = 60", "refresh_grace = 61", "sign_in.refresh_grace: is 0 to 60 seconds"),
    ("refresh_grace = 60", "refresh_grace = -1", "sign_in.refresh_grace: is 0 to 60 seconds"),
    ("[sign_in]\nrefresh_grace = 60", "", None),
    ("https://shop.harbour.example/\"", "shop\"", "home_url: is not a web address: shop"),
    ("https://shop.harbour.example/\"", "http://shop.harbour.example/\"",
     "home_url: must begin with https://: "),
    ("https://shop.harbour.example/\"", "http://localhost:8000/\"", None),
    ("example/callback", "example/callback#here", "redirect_uris: has a fragment"),
    ("shop.harbour.example/callback", "a:b@shop.harbour.example/", "redirect_uris: has a frag"),
    ("example/callback", "example/*", "redirect_uris: has a fragment"),
    ("example/callback", f"example/{'c' * 200}", "redirect_uris: has a fragment"),
    ('["https://shop.harbour.example/callback"]', "[3]", "redirect_uris: must be a list of te"),
    ('/callback"]', '/callback", "https://shop.harbour.example/callback"]',
     "redirect_uris: names https://shop.harbour.example/callback twice"),
    ("fr = \"voir {resource}\"", 'fr = "voir"', "view.phrase.fr: must have {resource} in it, o"),
    ('parent = "shelf"', 'parent = "room"', "types.box.parent: no such type: room"),
    ('parent = "shelf"', 'parent = "box"', "types.box.parent: the parents go in a circle"),
    ("[types.box]", '[types."a/b"]', "the name of a type has no /"),
    ("[types.box]", '[types."a.b"]', "the name of a type has no ."),
    ("privileges.open]", 'privileges." open"]', "a name has 1 to 100 printable characters"),
    ("privileges.open]", f"privileges.{'o' * 101}]", "a name has 1 to 100 printable"),
    ("privileges.open]", 'privileges."o\\u0000"]', "a name has 1 to 100 printable"),
    (VIEW, VIEW + 'includes = ["box.close"]\n', "view.includes: no such privilege: box.close"),
    (VIEW, VIEW + 'includes = ["box.open"]\n', "box.open is sensitive, so this one must be"),
    (VIEW, VIEW + "held_by_owner = true\n", None),
    (END, ANOTHER.format("shelf", "use") + 'includes = ["shelf.view"]\n'
     + "held_by_super_user = true\n", "shelf.view, which a Super User does not hold by role"),
    (END, ANOTHER.format("shelf", "use") + 'includes = ["shelf.view"]\n'
     + "held_by_owner = true\n", "shelf.view, which an owner does not hold"),
    (END, ANOTHER.format("shelf", "use") + 'includes = ["box.open"]\n'
     + "sensitive = true\nheld_by_owner = true\n", "box.open, of another type"),
    (END, OF_ROOT.format("pay") + "held_by_owner = true\n", "a subscription has no owner"),
    (END, OF_ROOT.format("open"), "every portal has this privilege already"),
    (END, OF_ROOT.format("pay"), None),
]  # fmt: skip


def read(folder, text, name="shop.toml"):
    file = folder / name
    file.write_text(text)
    return read_manifest(file)


def test_the_manifest_without_a_fault_is_read(tmp_path):
    manifest = read(tmp_path, TEXT)

    assert [declared.code for declared in manifest.types] == ["subscription", "shelf", "box"]
    assert manifest.sign_in.refresh_grace == 60


@pytest.mark.parametrize(("was", "becomes", "refusal"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_is_refused_with_its_key_and_the_reason(tmp_path, was, becomes, refusal):
    assert was in TEXT
    text = TEXT.replace(was, becomes, 1) if was else TEXT + becomes
    if refusal is None:
        read(tmp_path, text)
        return

    with pytest.raises(ManifestRefused) as refused:
        read(tmp_path, text)

    [message] = refused.value.messages
    assert message.startswith("shop.toml: ")
    assert refusal in message


@pytest.mark.parametrize("name", ["Shop.toml", "shop.txt", "1shop.toml", f"{'s' * 41}.toml"])
def test_the_name_of_the_file_is_the_slug(tmp_path, name):
    with pytest.raises(ManifestRefused, match=r"named <slug>\.toml"):
        read(tmp_path, TEXT, name)


def test_inclusions_in_a_circle_are_told_in_their_order(tmp_path):
    text = TEXT + ANOTHER.format("shelf", "use") + 'includes = ["shelf.view"]\n'
    text = text.replace(VIEW, VIEW + 'includes = ["shelf.use"]\n')

    with pytest.raises(ManifestRefused, match=r"circle: shelf\.view → shelf\.use → shelf\.view"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ManifestRefused, match="cannot be read"):
        read_manifest(tmp_path / "shop.toml")
