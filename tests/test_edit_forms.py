"""Two people, one form: the second save never undoes the first.

After the lost updates in open-mercato/open-mercato#2989 and userfrosting/UserFrosting#402. A form
that shows stored values carries their version; the walks below find one that does not.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from accounts.forms import EditForm, VersionedForm
from accounts.models import AuditEvent, Customer, Membership, Team, User
from accounts.services.memberships import update_work_details, work_details
from accounts.services.versions import ChangedMeanwhile, changed_names, version_of
from compliance.models import Breach, PolicyVersion
from portals.models import Preset
from preferences.models import Campaign, Topic
from tests.acts import ACTS, BREACH, NEWSLETTER, POLICY, TOPIC, WORDS, Scene
from tests.edits import edit, version_on
from tests.journeys.walk import kind_of
from tests.savepoints import made_once
from tests.test_wrong_actors import address_of

APPS = ("accounts", "portals", "preferences", "compliance", "hub")
TOPIC_DATA = {name: value for name, value in TOPIC.items() if name != "slug"}
COMPANY = {"name": "Alder Dental", "language": "en"}


@dataclass(frozen=True)
class Edited:
    """An edit form: what two people send, the field they disagree on, and where it is stored."""

    field: str
    theirs: dict[str, Any]
    mine: dict[str, Any]
    stored: Callable[[Scene], Any]
    by_staff: bool = False


def _day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


EDITED = {
    "accounts:company": Edited(
        "city",
        {**COMPANY, "city": "Gaspé", "phone": "555 0100"},
        {**COMPANY, "city": "Laval"},
        lambda s: Customer.objects.get(pk=s.customer.pk).city,
    ),
    "accounts:person-details": Edited(
        "work_name",
        {"work_name": "Gina Roy", "work_phone": "555 0100"},
        {"work_name": "Gina King", "work_phone": ""},
        lambda s: Membership.objects.get(pk=s.person.pk).work_name,
    ),
    "accounts:person-end": Edited(
        "last_day",
        {"last_day": _day(30)},
        {"last_day": _day(60)},
        lambda s: Membership.objects.get(pk=s.person.pk).last_day.isoformat(),
    ),
    "accounts:team-rename": Edited(
        "name",
        {"name": "Front desk"},
        {"name": "Back office"},
        lambda s: Team.objects.get(pk=s.team.pk).name,
    ),
    "portals:preset": Edited(
        "name",
        {"name": "Readers"},
        {"name": "Watchers"},
        lambda s: Preset.objects.get(pk=s.preset.pk).name,
    ),
    "preferences:topic-edit": Edited(
        "cadence_en",
        {**TOPIC_DATA, "cadence_en": "Weekly"},
        {**TOPIC_DATA, "cadence_en": "Monthly"},
        lambda s: Topic.objects.get(**NEWSLETTER).cadence_en,
        by_staff=True,
    ),
    "preferences:campaign-edit": Edited(
        "body_en",
        {**WORDS, "category": "topic:newsletter", "body_en": "We moved."},
        {**WORDS, "category": "topic:newsletter", "body_en": "We stay."},
        lambda s: Campaign.objects.get(pk=s.campaign.pk).body_en,
        by_staff=True,
    ),
    "compliance:breach-edit": Edited(
        "cause",
        {**BREACH, "cause": "A mistake"},
        {**BREACH, "cause": "A theft"},
        lambda s: Breach.objects.get(pk=s.breach.pk).cause,
        by_staff=True,
    ),
    "compliance:breach-wording": Edited(
        "advice_en",
        {"advice_en": "Change your password."},
        {"advice_en": "Wait for our call."},
        lambda s: s.breach.waves.values_list("advice_en", flat=True).first() or "",
        by_staff=True,
    ),
    "compliance:version-edit": Edited(
        "body_en",
        {**POLICY, "body_en": "We moved."},
        {**POLICY, "body_en": "We stay."},
        lambda s: PolicyVersion.objects.get(pk=s.draft.pk).body_en,
        by_staff=True,
    ),
}


scene_of_alder = made_once(lambda: Scene(Customer.objects.get(slug="alder")))


@pytest.fixture
def scene(db, scene_of_alder) -> Scene:
    return deepcopy(scene_of_alder)


@pytest.fixture
def colleague_of_olive(dana) -> User:
    dana.user_permissions.add(
        *Permission.objects.filter(
            codename__in=[
                "change_topic",
                "view_topic",
                "change_campaign",
                "view_campaign",
                "change_policyversion",
                "view_policyversion",
                "change_breach",
                "view_breach",
            ]
        )
    )
    return User.objects.get(pk=dana.pk)


@pytest.fixture
def two(as_, scene, olive, colleague_of_olive) -> Callable[[str], tuple[Client, Client, User]]:
    """Return a function: me, the other one, and who that is."""

    def of(name: str) -> tuple[Client, Client, User]:
        staff = EDITED[name].by_staff
        me = olive if staff else scene.super_user
        other = colleague_of_olive if staff else scene.second.user
        return as_(me), as_(other), other

    return of


def _sent(name: str, data: dict[str, Any], scene: Scene) -> dict[str, Any]:
    return {**data, "privilege": scene.view.pk} if name == "portals:preset" else data


class _Forms(HTMLParser):
    """The forms of a page: action, names and values as a browser would send them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._select, self._area, self._in_template = "", "", False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self._in_template |= tag == "template"  # browsers send nothing of it
        if self._in_template:
            return
        if tag == "form":
            self.forms.append({"action": given.get("action", ""), "method": given.get("method")})
            self.forms[-1] |= {"sent": {}, "shown": set(), "hidden": set()}
        if not self.forms or (tag != "option" and not given.get("name")):
            return
        form, name, value = self.forms[-1], given.get("name") or "", given.get("value") or ""
        kind = given.get("type") or "text"
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given and value:
            form["sent"][self._select] = value
            form["shown"].add(self._select)
        elif tag == "textarea":
            self._area = name
        elif tag == "input" and kind == "hidden":
            form["hidden"].add(name)
            form["sent"][name] = value
        elif tag == "input" and kind in ("checkbox", "radio"):
            if "checked" in given:
                form["sent"][name] = value or "on"
                form["shown"].add(name)
        elif tag == "input" and kind not in ("submit", "button", "file", "search"):
            form["sent"][name] = value
            if value:
                form["shown"].add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._in_template = False
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and data.strip():
            self.forms[-1]["shown"].add(self._area)
            self.forms[-1]["sent"][self._area] = data.removeprefix("\n").removeprefix("\r\n")


def form_with_version(html: str) -> dict[str, str]:
    """Return what a browser would send of the edit form of a page."""
    (form,) = (form for form in _Forms(html).forms if "version" in form["hidden"])
    return {name: value for name, value in form["sent"].items() if name != "csrfmiddlewaretoken"}


# --- Both values are shown, nothing is lost, and the person chooses ---


FRANK = {"email": "frank@cedar.example"}


def _record_similar_acts(saved: AuditEvent, actor: User) -> None:
    """Add later events by somebody else, each about another subject or act than this one."""
    differences: list[dict[str, Any]] = [{"kind": "another"}]
    if saved.customer:
        differences.append({"customer": Customer.objects.get(slug="cedar")})
    if saved.person:
        differences.append({"person": actor})
    for name in {"team", "preset", "topic", "campaign", "policy", "breach"} & saved.data.keys():
        differences.append({"data": {**saved.data, name: "Another"}})
    for number, difference in enumerate(differences, 1):
        similar = copy(saved)
        similar.pk, similar.chain, similar.sequence = None, "similar", number
        similar.actor, similar.actor_name = actor, actor.name
        for name, value in difference.items():
            setattr(similar, name, value)
        AuditEvent.objects.bulk_create([similar])


@pytest.mark.parametrize("name", EDITED)
def test_the_second_save_shows_both_values_and_saves_neither(name, scene, two):
    edited, act = EDITED[name], ACTS[name]
    act.before(scene)
    path = address_of(name, act, scene)
    me, other, who = two(name)
    opened = version_on(me.get(path))
    assert edit(other, path, _sent(name, edited.theirs, scene)).status_code == 302
    _record_similar_acts(AuditEvent.objects.latest("pk"), User.objects.get(**FRANK))
    events = AuditEvent.objects.count()

    answer = me.post(path, {**_sent(name, edited.mine, scene), "version": opened})

    assert answer.status_code == 200
    assert edited.stored(scene) == edited.theirs[edited.field]
    assert AuditEvent.objects.count() == events
    form = answer.context["form"]
    texts = {row.label: (row.saved, row.typed) for row in form.conflict.differences}
    saved, typed = texts[form.label_of(edited.field)]
    if edited.field != "last_day":  # a day is shown in the reader's style
        assert (saved, typed) == (edited.theirs[edited.field], edited.mine[edited.field])
    text = answer.content.decode()
    assert f"Saved by {form.conflict.event.actor_name} on" in text
    assert form.conflict.event.actor == who
    assert saved in text
    assert typed in text

    again = form_with_version(text)
    assert again[edited.field] == edited.mine[edited.field], "the input is kept"
    assert me.post(path, again).status_code == 302, "saving again is a choice"
    assert edited.stored(scene) == edited.mine[edited.field]


@pytest.mark.parametrize("name", EDITED)
def test_a_save_after_which_nothing_changed_goes_through(name, scene, two):
    edited, act = EDITED[name], ACTS[name]
    act.before(scene)
    me, _other, _who = two(name)
    answer = edit(me, address_of(name, act, scene), _sent(name, edited.mine, scene))
    assert answer.status_code == 302
    assert edited.stored(scene) == edited.mine[edited.field]


@pytest.mark.parametrize("name", EDITED)
@pytest.mark.parametrize("version", [None, "", "x", "0.0", "\x00", "9" * 1001])
def test_a_form_without_its_version_changes_nothing(name, version, scene, two):
    edited, act = EDITED[name], ACTS[name]
    act.before(scene)
    me, _other, _who = two(name)
    data = _sent(name, edited.mine, scene)
    if version is not None:
        data = {**data, "version": version}
    events = AuditEvent.objects.count()
    answer = me.post(address_of(name, act, scene), data)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert AuditEvent.objects.count() == events


def test_what_only_the_other_one_changed_is_taken_over(scene, two):
    """Alice changes the city; Iris has changed the phone meanwhile. Saving again keeps both."""
    me, other, _who = two("accounts:company")
    path = address_of("accounts:company", ACTS["accounts:company"], scene)
    opened = version_on(me.get(path))
    edit(other, path, {**COMPANY, "phone": "555 0100"})
    answer = me.post(path, {**COMPANY, "city": "Laval", "version": opened})
    assert "You didn't change this" in answer.content.decode()
    again = form_with_version(answer.content.decode())
    assert (again["city"], again["phone"]) == ("Laval", "555 0100")
    me.post(path, again)
    company = Customer.objects.get(pk=scene.customer.pk)
    assert (company.city, company.phone) == ("Laval", "555 0100")


def test_the_same_change_twice_is_no_conflict(scene, two):
    me, other, _who = two("accounts:team-rename")
    path = address_of("accounts:team-rename", ACTS["accounts:team-rename"], scene)
    opened = version_on(me.get(path))
    edit(other, path, {"name": "Front desk"})
    assert me.post(path, {"name": "Front desk", "version": opened}).status_code == 302
    assert AuditEvent.objects.filter(kind="team.renamed").count() == 1


def test_the_lines_of_a_preset_are_compared_and_shown(scene, two):
    act = ACTS["portals:preset"]
    act.before(scene)
    path = address_of("portals:preset", act, scene)
    me, other, _who = two("portals:preset")
    opened = version_on(me.get(path))
    edit(other, path, {"name": "Looks", "privilege": scene.open.pk})
    answer = me.post(path, {"name": "Watchers", "privilege": scene.view.pk, "version": opened})
    assert answer.status_code == 200
    assert set(scene.preset.lines.values_list("privilege", flat=True)) == {scene.open.pk}
    differences = {row.label: row for row in answer.context["form"].conflict.differences}
    assert set(differences) == {"Permissions in this preset"}, "only I changed the name"
    assert form_with_version(answer.content.decode())["name"] == "Watchers"
    assert str(scene.open) in differences["Permissions in this preset"].saved


def test_ones_own_profile_in_two_tabs(as_, bob):
    here, there = as_(bob), as_(bob)
    opened = version_on(here.get("/profile/"))
    edit(there, "/profile/", {"name": "Robert Tremblay", "language": "en"})
    answer = here.post("/profile/", {"name": "Bobby", "language": "en", "version": opened})
    assert "Saved by Robert Tremblay on" in answer.content.decode()
    bob.refresh_from_db()
    assert bob.name == "Robert Tremblay"


def test_the_language_alone_is_no_save_of_the_name(as_, bob):
    """The preference page sends one field; the other is not written again."""
    client = as_(bob)
    User.objects.filter(pk=bob.pk).update(name="Robert")
    client.post(reverse("preferences:language"), {"language": "fr"})
    bob.refresh_from_db()
    assert (bob.name, bob.language) == ("Robert", "fr")


def test_a_message_is_sent_as_its_sender_saw_it(scene, two, olive):
    """A draft that somebody changed after the check is not sent; the new text is shown."""
    act = ACTS["preferences:campaign-check"]
    act.before(scene)
    check = address_of("preferences:campaign-check", act, scene)
    me, other, _who = two("preferences:campaign-edit")
    data = {**act.data(scene), "version": version_on(me.get(check))}
    change = reverse("preferences:campaign-edit", args=[scene.campaign.pk])
    edit(other, change, {**WORDS, "category": "topic:newsletter", "body_en": "Pay at once."})

    answer = me.post(check, data)

    scene.campaign.refresh_from_db()
    assert scene.campaign.state == "draft"
    text = answer.content.decode()
    assert "changed this after you opened the page" in text
    assert "Pay at once." in text
    assert not form_with_version(text)["confirmation_count"], "the number is typed again"


def test_markup_in_a_saved_value_stays_text(scene, two):
    me, _other, _who = two("accounts:team-rename")
    path = address_of("accounts:team-rename", ACTS["accounts:team-rename"], scene)
    opened = version_on(me.get(path))
    Team.objects.filter(pk=scene.team.pk).update(name='<b hx-get="/">Desk</b>')
    text = me.post(path, {"name": "Office", "version": opened}).content.decode()
    assert "&lt;b hx-get=" in text
    assert "<b hx-get" not in text


# --- The rule, in the service ---


def test_a_service_compares_under_its_lock(scene):
    values = {"work_name": "Gina Roy", "work_phone": ""}
    version = version_of(work_details(scene.person))
    update_work_details(actor=scene.super_user, membership=scene.person, version=version, **values)
    with pytest.raises(ChangedMeanwhile) as refusal:
        update_work_details(
            actor=scene.second.user,
            membership=scene.person,
            version=version,
            **values | {"work_name": "Gina King"},
        )
    assert refusal.value.saved["work_name"] == "Gina Roy"
    assert refusal.value.event.actor == scene.super_user


def test_versions():
    values = {"a": "x", "b": None, "c": frozenset({(1, True), (2, False)})}
    version = version_of(values)
    assert version == version_of(dict(reversed(values.items())))
    assert changed_names(version, values) == frozenset()
    assert changed_names(version, values | {"a": "y"}) == {"a"}
    assert changed_names(version, values | {"c": frozenset({(1, True)})}) == {"c"}
    assert changed_names(version, values | {"a": " x\r\n"}) == frozenset(), "as browsers send it"
    assert changed_names(version, values | {"b": ""}) == {"b"}
    assert changed_names("", values) == changed_names("..", values) == set(values)


# --- Every edit form, those of tomorrow too ---


def form_classes() -> Iterator[type[forms.BaseForm]]:
    for app in APPS:
        folder = settings.BASE_DIR / app
        for file in [*folder.glob("*.py"), *(folder / "forms").glob("*.py")]:
            name = ".".join(file.relative_to(settings.BASE_DIR).with_suffix("").parts)
            if "wsgi" in name or "settings" in name:
                continue
            for _name, found in inspect.getmembers(import_module(name), inspect.isclass):
                if issubclass(found, forms.BaseForm) and found.__module__ == name:
                    yield found


def test_every_edit_form_is_tried_above():
    tried = {"ProfileForm"}  # in two tabs, as nobody else edits it
    for name in EDITED:
        view = resolve(address_pattern(name)).func
        source = ast.unparse(ast.parse(inspect.getsource(inspect.unwrap(view))))
        tried |= set(re.findall(r"\b(\w+Form)\(", source))
    missing = {form.__name__ for form in form_classes() if issubclass(form, EditForm)} - tried
    assert missing - {"EditForm"} == set()


def address_pattern(name: str) -> str:
    """Return an address of this name, with made-up arguments."""
    key = "00000000-0000-4000-8000-000000000000"
    arguments = {
        "accounts:company": ["x"],
        "preferences:topic-edit": ["x"],
        "preferences:campaign-edit": [1],
        "compliance:version-edit": ["x", 1],
        "compliance:breach-edit": ["x"],
        "compliance:breach-wording": ["x"],
    }
    return reverse(name, args=arguments.get(name, ["x", key]))


def test_no_form_is_made_from_a_model():
    """A ModelForm writes every field it shows: it would need a version of its own."""
    assert [form for form in form_classes() if issubclass(form, forms.BaseModelForm)] == []


# Forms that begin with a value which is not what they change.
BEGIN_WITH = {
    "AcceptForm": "an invitation's name, for a new account",
    "AnswerForm": "the text that is shown, which never changes",
    "AccessForm": "what a link of a portal asks for",
    "ApproveForm": "the end that was asked for; the request is answered once",
    "FileReportForm": "the facts of the register, for a new row",
    "LetterForm": "the name and address that are listed, for a new row",
    "CloseCaseForm": "the likely outcome; a case is closed once",
    "NewTopicForm": "the usual settings of a new topic",
    "PrivacyRequestForm": "the language of the page",
    "ReferForm": "the language of the page",
    "AlertsForm": "the sender's own choice",
    "SubscribeForm": "the language of the page",
    "InviteForm": "what an earlier step of the same page sent",
    "ImportForm": "what an earlier step of the same page sent",
}


def test_a_form_with_initial_values_carries_a_version():
    versioned = {form.__name__ for form in form_classes() if issubclass(form, VersionedForm)}
    found = set()
    for app in APPS:
        for file in Path(settings.BASE_DIR / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name.endswith("Form") and any(word.arg == "initial" for word in node.keywords):
                    found.add(name)
    assert found - versioned == set(BEGIN_WITH)


# Forms of pages that show a value and need no version, by the name of their URL.
NO_VERSION = {
    "compliance:privacy": "nothing is stored yet",
    "compliance:breach-add": "it only adds; a person is listed once",
    "portals:give-access": "it never shortens or replaces what is there",
    "portals:access-change": "it carries the fingerprint of the grants that it showed",
    "portals:review-save": "each line carries its grant, and is decided once",
    "portals:request-approve": "a request is answered once",
    "portals:copy-access": "it carries the fingerprint of the changes that it showed",
    "portals:invite": "nothing is stored yet",
    "portals:person-grant-renew": "the grant's row is its version",
    "portals:team-grant-renew": "the grant's row is its version",
    "portals:offboarding": "a plan is made once, and cancelled before another",
    "portals:provider-subscription": "a button names the new state",
    "preferences:choose": "a switch sends one topic and the answer to it",
    "preferences:digest": "one value, one's own, saved as it is chosen",
    "preferences:language": "one value, one's own, saved as it is chosen",
    "preferences:topic-new": "nothing is stored yet",
    "preferences:subscribe": "nothing is stored yet",
    "set_language": "the language of the page",
}


@pytest.mark.parametrize("who", ["super_user", "person", "olive", "dana"])
def test_every_page_that_shows_stored_values_in_a_form_carries_a_version(who, scene, as_, request):
    scene.make_preset()
    scene.compose()
    scene.note_breach()
    person = getattr(scene, who, None) or request.getfixturevalue(who)
    client = as_(getattr(person, "user", person))
    waiting, seen, edited, unknown = ["/"], set(), set(), {}
    while waiting:
        path = waiting.pop(0)
        if kind_of(path) in seen:
            continue
        seen.add(kind_of(path))
        answer = client.get(path)
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        html = answer.content.decode()
        waiting += [
            urlsplit(link).path
            for link in re.findall(r'href="(/[^"]*)"', html)
            if not re.match(r"/(admin|static|api|access|identity|\.well-known|accounts)/", link)
        ]
        for form in _Forms(html).forms:
            if form["method"] != "post" or not form["shown"]:
                continue
            name = resolve(urlsplit(form["action"]).path or path).view_name
            if "version" in form["hidden"]:
                edited.add(name)
            elif name not in NO_VERSION:
                unknown[name] = (path, form["shown"])
    assert unknown == {}, "a version, or a reason in NO_VERSION"
    assert len(seen) > 5
    if who == "super_user":
        mine = {name for name in EDITED if not EDITED[name].by_staff} | {"accounts:profile"}
        assert mine - {"accounts:person-end"} <= edited, "an empty day shows nothing"
    if who == "olive":
        assert {name for name in EDITED if EDITED[name].by_staff} <= edited
