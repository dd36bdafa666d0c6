"""Addresses are those of Django, and a shape that is remembered fits no other argument."""

import uuid

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

from accounts.addresses import NumberConverter, address_of

KEYS = (uuid.UUID(int=7), uuid.uuid4())
SAMPLES = {
    UUIDConverter: KEYS,
    NumberConverter: (0, 31, 10**12, 10**18),
    SlugConverter: ("alder", "x", "a-b-9", "Upper_Case", "sample-1-x"),
    StringConverter: ("alder", "a b", "é", "x" * 80, "approve", '"><b>', "7"),
}


def named_patterns(resolver, namespace=""):
    """Yield the name of each view with the converters of its arguments."""
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_patterns(pattern, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}"


def ways_to(name):
    """Yield the names of the arguments of each pattern with this name, and their converters."""
    resolver, _colon, last = name.rpartition(":")
    inner = get_resolver()
    for part in resolver.split(":") if resolver else ():
        _prefix, inner = inner.namespace_dict[part]
    for [(_text, names)], *_pattern, converters in inner.reverse_dict.getlist(last):
        yield names, converters


def argument_lists():
    for name in sorted(set(named_patterns(get_resolver()))):
        for names, converters in ways_to(name):
            kinds = [type(converters.get(key, StringConverter())) for key in names]
            choices = [SAMPLES.get(kind, SAMPLES[StringConverter]) for kind in kinds]
            for number in range(max([1, *map(len, choices)])):
                yield name, [choice[number % len(choice)] for choice in choices]


def of_django(name, arguments):
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return None


def ours(name, arguments):
    try:
        return address_of(name, *arguments)
    except NoReverseMatch:
        return None


def test_every_address_is_djangos():
    tried = list(argument_lists())
    assert len(tried) > 800
    different = [each for each in tried if of_django(*each) != ours(*each)]
    assert different == []


def test_a_number_that_no_database_has_is_no_address(as_, alice):
    """On SQLite such a number was a failure of the hub, where its field was not asked first."""
    converters = {
        type(converter)
        for name in named_patterns(get_resolver())
        for _names, of_pattern in ways_to(name)
        for converter in of_pattern.values()
    }
    assert NumberConverter in converters
    assert IntConverter not in converters

    for number in (10**18, 2**63, 10**30):
        assert as_(alice).get(f"/c/alder/resources/{number}/").status_code == 404
    assert as_(alice).get(f"/c/alder/resources/{10**18 - 1}/").status_code == 404


def test_the_tag_escapes_names_and_keeps_quiet_where_it_may():
    def rendered(text, **context):
        return Template(text).render(Context(context))

    person = uuid.uuid4()
    tag = "{% url 'portals:person' slug key %}"
    assert rendered(tag, slug="alder", key=person) == f"/c/alder/people/{person}/"
    with pytest.raises(NoReverseMatch):
        rendered(tag, slug="alder", key="")
    assert rendered("{% url 'portals:person' slug key as to %}[{{ to }}]", slug="a", key="") == "[]"
    named = "{% url 'portals:person' customer=slug person=key %}"
    assert rendered(named, slug="alder", key=person) == f"/c/alder/people/{person}/"


def test_another_prefix_has_other_addresses(settings):
    from django.urls import set_script_prefix

    plain = address_of("home")
    set_script_prefix("/below/")
    try:
        assert address_of("home") == reverse("home") == f"/below{plain}"
    finally:
        set_script_prefix("/")
