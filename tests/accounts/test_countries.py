"""Network addresses are told with a country: an estimate, from a list inside a package."""

import socket

import pytest
from django.utils import translation

from accounts.countries import country_of


@pytest.fixture(autouse=True)
def _without_network(monkeypatch):
    """Any connection, and any look-up of a name, fails the test."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("something was called")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.mark.parametrize(
    "address",
    [
        "132.204.1.1",  # Université de Montréal
        "2607:fa48:6d::1",
        "::ffff:132.204.1.1",  # what a socket for both kinds says of IPv4
    ],
)
@pytest.mark.parametrize(
    ("language", "name"), [("en", "Canada"), ("fr", "Canada"), ("fr-ca", "Canada")]
)
def test_an_address_has_a_country(address, language, name):
    with translation.override(language):
        assert country_of(address) == name


@pytest.mark.parametrize(
    ("language", "name"), [("en", "United States"), ("fr", "États-Unis"), ("fr-ca", "États-Unis")]
)
def test_the_country_is_named_in_the_readers_language(language, name):
    with translation.override(language):
        assert country_of("8.8.8.8") == name
        assert country_of("2001:4860:4860::8888") == name


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.4",
        "172.16.0.1",
        "100.64.0.1",  # shared by a carrier's customers
        "169.254.1.1",
        "203.0.113.7",  # for documents
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
    ],
)
def test_a_private_or_unassigned_address_has_none(address):
    assert country_of(address) == ""


@pytest.mark.parametrize(
    "address", ["", "unknown", "8.8.8.8:80", "8.8.8", "8.8.8.8, 1.1.1.1", "\x00"]
)
def test_what_is_no_address_has_none(address):
    assert country_of(address) == ""
