"""The type-ahead field: keys, typed text, refusals that list what matches, and its suggestions."""

import re
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.forms import StrictForm, TypeaheadField
from accounts.selectors.options import Option, PeopleOptions, TeamOptions
from accounts.services.teams import add_to_team, create_team
from portals.models import Resource
from portals.selectors.options import ResourceOptions

EVERYTHING = Option("all", "All domains of the company, future ones too", "everything")


def field_of(options, **more):
    return TypeaheadField(options=options, label="Who", **more)


def form_with(field, *values, unbound=False, **more):
    class Form(StrictForm):
        who = field

    data = QueryDict(mutable=True)
    data.setlist("who", list(values))
    return Form(None if unbound else data, **more)


@pytest.fixture
def teams(alice, alder):
    return [create_team(actor=alice, customer=alder, name=name) for name in ("Web", "Web shop")]


@pytest.mark.parametrize(
    "typed", ["bob", "  TREM ", "bob@alder.example", "Bob Tremblay", "bob alder.ex"]
)
def test_typed_text_finds_the_person_it_means(typed, alder, bob, membership):
    assert field_of(PeopleOptions(alder)).clean([typed]) == membership(bob)


def test_a_key_is_the_person(alder, bob, membership):
    assert field_of(PeopleOptions(alder)).clean([str(bob.sub), ""]) == membership(bob)


@pytest.mark.parametrize(
    ("values", "code", "text"),
    [
        ([], "required", "This field is required."),
        (["", " "], "required", "This field is required."),
        (["nobody"], "unknown", "No match for “nobody”"),
        (["charlie@birch.example"], "unknown", "No match for"),
        (["\x00"], "unsafe", ""),
        (["x" * 300], "unknown", "No match for"),
        (
            ["alder.example"],
            "several",
            "Alice Martin (alice@alder.example), Bob Tremblay (bob@alder.example), Emma Roy",
        ),
        (["bob", "emma"], "one", "Choose only one."),
        (["6f7fa0d6-2f1b-4d57-9a4c-0a5f7c8b1a11"], "gone", "no longer in the list"),
    ],
)
def test_refusals_say_what_to_do(values, code, text, alder):
    with pytest.raises(ValidationError) as refusal:
        field_of(PeopleOptions(alder)).clean(values)

    assert text in refusal.value.messages[0]
    if code != "unsafe":
        assert refusal.value.code == code


def test_people_of_another_company_are_no_options(alder, charlie):
    with pytest.raises(ValidationError):
        field_of(PeopleOptions(alder)).clean([str(charlie.sub)])


def test_several_are_chosen_once_each_and_not_without_end(alder, bob, emma, membership):
    field = field_of(PeopleOptions(alder), multiple=True)

    assert field.clean(["bob", str(emma.sub), str(bob.sub)]) == [membership(emma), membership(bob)]
    with pytest.raises(ValidationError, match="at most 200"):
        field.clean([str(uuid4()) for _ in range(201)])


def test_each_typed_text_is_a_search_so_there_are_few(alder, django_assert_num_queries):
    field = field_of(PeopleOptions(alder), multiple=True)
    typed = [f"word{number}" for number in range(300)]

    with django_assert_num_queries(0), pytest.raises(ValidationError, match="at most 10"):
        field.clean(typed)
    with django_assert_num_queries(10):
        str(form_with(field, *typed)["who"])


def test_nothing_chosen_is_none_or_an_empty_list(alder):
    assert field_of(PeopleOptions(alder), required=False).clean([]) is None
    assert field_of(PeopleOptions(alder), required=False, multiple=True).clean([""]) == []


def test_a_full_name_wins_over_longer_ones(alder, teams):
    assert field_of(TeamOptions(alder)).clean(["web"]) == teams[0]
    with pytest.raises(ValidationError, match="Web, Web shop"):
        field_of(TeamOptions(alder)).clean(["we"])


@pytest.mark.parametrize("sent", ["all", "all domains", "future"])
def test_a_fixed_choice_is_sent_by_key_or_typed(sent, alder):
    field = field_of(ResourceOptions(alder), fixed=[EVERYTHING], multiple=True)
    domain = Resource.objects.get(name="alder.example", resource_type__code="domain")

    assert field.clean([f"resource:{domain.pk}", sent]) == [domain, "everything"]


def test_resources_by_name_id_type_and_portal(alder):
    domains = ResourceOptions(alder, type="domains.domain")
    names = [option.label for option in ResourceOptions(alder).search("alder.example")]

    assert "alder.example" in names
    assert {option.value.resource_type.code for option in domains.search("")} == {"domain"}
    assert domains.search("info@alder.example") == []
    [portal] = ResourceOptions(alder).search("domains portal")
    assert (portal.label, portal.value.resource_type.code) == ("Domains portal", "subscription")
    assert ResourceOptions(alder, portals="").search("domains portal") == []
    assert ResourceOptions(alder, portals="").by_keys([portal.key]) == {}


def test_resources_of_another_company_are_no_options(alder, birch):
    foreign = Resource.objects.filter(subscription__customer=birch).first()

    assert ResourceOptions(alder).by_keys([f"resource:{foreign.pk}"]) == {}
    assert ResourceOptions(alder).by_keys(["resource:" + "9" * 18]) == {}
    assert not ResourceOptions(alder).is_key("resource:" + "9" * 30)


def test_people_narrowed_to_a_role_a_team_and_others(alder, alice, bob, emma, teams, membership):
    add_to_team(actor=alice, team=teams[0], membership=membership(bob))

    def names(**narrowing):
        return [option.value.user for option in PeopleOptions(alder, **narrowing).search("")]

    assert names(role="super_user") == [alice]
    assert names(outside=str(teams[0].uuid)) == [alice, emma]
    assert names(but=str(alice.sub)) == [bob, emma]
    assert TeamOptions(alder, without=str(bob.sub)).search("") != TeamOptions(alder).search("")


def test_the_form_shows_again_what_was_chosen(alder, bob, teams):
    values = (str(bob.sub), "emma", "alder.ex")
    form = form_with(field_of(PeopleOptions(alder), multiple=True), *values)
    assert not form.is_valid()
    html = str(form["who"])

    chips = re.findall(r'class="chip"><input [^>]*value="([^"]+)" checked> <span>([^<]+)', html)
    assert [label for _key, label in chips] == ["Bob Tremblay", "Emma Roy"]
    assert 'value="alder.ex"' in html
    [candidate] = re.findall(r'class="check"><input [^>]*value="([^"]+)"', html)
    assert form_with(field_of(PeopleOptions(alder), multiple=True), candidate).is_valid()


def test_initial_values_are_objects_and_fixed_choices(alder, bob, membership):
    people = form_with(
        field_of(PeopleOptions(alder)), unbound=True, initial={"who": membership(bob)}
    )
    field = field_of(ResourceOptions(alder), fixed=[EVERYTHING])
    resources = form_with(field, unbound=True, initial={"who": [EVERYTHING.value]})

    assert "<span>Bob Tremblay</span>" in str(people["who"])
    assert re.search(r'value="all" checked> <span>All domains', str(resources["who"]))


def test_the_fixed_choices_are_boxes_without_javascript(alder):
    html = str(form_with(field_of(ResourceOptions(alder), fixed=[EVERYTHING]), unbound=True)["who"])

    [fallback] = re.findall(r"<noscript>(.*?)</noscript>", html, re.DOTALL)
    assert 'type="checkbox" name="who" value="all"' in fallback


def test_suggestions_are_those_of_the_list_and_at_most_ten(as_, alice, teams):
    client = as_(alice)

    def labels(path, **query):
        html = client.get(path, query).text
        return re.findall(r"data-value=[^>]*><span>([^<]+)", html)

    assert labels("/c/alder/people/options/", q="roy") == ["Emma Roy"]
    assert labels("/c/alder/teams/options/", q="sho") == ["Web shop"]
    assert labels("/c/alder/resources/options/", q="zones portal") == []
    assert 0 < len(labels("/c/alder/resources/options/")) <= 10
    assert labels("/c/alder/people/options/", role="super_user") == ["Alice Martin"]
    assert labels("/c/alder/people/options/", outside="nonsense\x00", role="x") != []
    empty = client.get("/c/alder/people/options/", {"q": "<b>zzz"}).text
    assert "No match for “&lt;b&gt;zzz”." in empty


@pytest.mark.parametrize("kind", ["people", "teams", "resources"])
def test_suggestions_cost_the_same_however_much_is_typed(
    kind, as_, alice, django_assert_max_num_queries
):
    client = as_(alice)
    client.get(f"/c/alder/{kind}/options/")
    for text in ("a", "alder example", "a b c d e f g"):
        with django_assert_max_num_queries(8):
            client.get(f"/c/alder/{kind}/options/", {"q": text})
