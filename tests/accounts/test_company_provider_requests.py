"""Requests to an address that a company names: by https, at public addresses, and short.

OWASP, Server-Side Request Forgery; security.md of requests-hardened.
"""

import gzip
import socket
import threading
import time
from contextlib import contextmanager, suppress

import dns.resolver
import pytest
import requests
from requests.adapters import HTTPAdapter

from accounts.openid import outgoing
from accounts.openid.discovery import UnfitProvider, discover, find_provider
from accounts.openid.dns import find_records
from accounts.openid.outgoing import GuardedSession, ProviderUnreachable, fetch, is_https
from tests.accounts.company_provider import ISSUER


@pytest.mark.parametrize(
    "host",
    [
        *["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"],
        *["169.254.169.254", "[fd00::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "100.64.0.1"],
        *["2130706433", "0x7f.1", "127.1", "[64:ff9b::7f00:1]", "224.0.0.1"],
    ],
)
def test_no_address_of_this_network_is_asked(host):
    with pytest.raises(ProviderUnreachable) as refusal:
        find_provider(f"https://{host}")
    assert "InvalidIPAddress" in str(refusal.value) or "Error" in str(refusal.value)
    with pytest.raises(requests.RequestException):
        GuardedSession().get(f"http://{host}/")


def test_a_name_that_leads_into_this_network_is_not_asked(monkeypatch):
    asked = []

    def resolve(host, port, *_more, **_how):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(ProviderUnreachable, match="InvalidIPAddress"):
        fetch("https://login.alder.example/keys")
    assert asked == ["login.alder.example"]


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    """It would resolve the name again, after it was checked."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert GuardedSession().trust_env is False
    with pytest.raises(ProviderUnreachable, match="InvalidIPAddress"):
        fetch("https://localhost/")


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("https://login.alder.example", True),
        ("https://login.alder.example:8443/x?y=z", True),
        ("http://login.alder.example", False),
        ("file:///etc/passwd", False),
        ("gopher://login.alder.example", False),
        ("https://", False),
        ("https:///path", False),
        ("https://a@login.alder.example", False),
        ("https://a:b@login.alder.example", False),
        ("https://login.alder.example\\@evil.example", False),
        ("https://login.alder.example:x", False),
        ("https://login.alder.example /", False),
        ("https://login.alder.example\n", False),
        ("//login.alder.example", False),
        ("", False),
        (None, False),
        (["https://login.alder.example"], False),
    ],
)
def test_only_plain_addresses_of_https_are_asked(address, is_good):
    assert is_https(address) is is_good


@contextmanager
def answering(*parts, pause=0.0):
    """Run a server on this machine that sends these parts; yield a session that may ask it."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with suppress(OSError):
            while True:
                taken, _address = server.accept()
                taken.recv(65536)
                with suppress(OSError):
                    for part in parts:
                        taken.sendall(part)
                        time.sleep(pause)
                taken.close()

    threading.Thread(target=serve, daemon=True).start()
    address = f"http://127.0.0.1:{server.getsockname()[1]}/"
    session = GuardedSession()
    session.mount(address, HTTPAdapter())  # past the guard; the rest of the session is as always
    try:
        yield session, address
    finally:
        server.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def test_an_answer_is_read_up_to_a_limit():
    large = answering(HEAD + b"\r\n", b'{"a": "', b"x" * outgoing.LARGEST)
    refused = pytest.raises(requests.RequestException, match="too large")
    with large as (session, address), refused:
        session.get(address)


def test_a_small_packed_answer_that_is_large_is_too():
    packed = gzip.compress(b"x" * (outgoing.LARGEST * 40))
    head = HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    refused = pytest.raises(requests.RequestException, match="too large")
    with answering(head, packed) as (session, address), refused:
        session.get(address)


def test_an_answer_in_drops_ends(monkeypatch):
    monkeypatch.setattr(outgoing, "LONGEST", 0.3)
    with answering(HEAD + b"\r\n", *[b"x"] * 40, pause=0.05) as (session, address):
        begin = time.monotonic()
        with pytest.raises(requests.RequestException, match="too long"):
            session.get(address)
        assert time.monotonic() - begin < 1.5


def test_no_redirection_is_followed():
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with answering(moved) as (session, address):
        assert session.get(address).status_code == 302


def test_an_answer_in_chunks_is_read():
    with answering(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\n{}\n\r\n", b"0\r\n\r\n"
    ) as (session, address):
        assert session.get(address).json() == {}


# --- The document ---


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"issuer": "https://login.birch.example"}, "of the issuer https://login.birch"),
        ({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}, "of the issuer"),
        ({"issuer": None}, "of the issuer"),
        ({"authorization_endpoint": "http://login.alder.example/a"}, "authorization_endpoint"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
        ({"userinfo_endpoint": "http://login.alder.example/u"}, "userinfo_endpoint"),
        ({"response_types_supported": ["id_token"]}, "doesn't give codes"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "no client secret"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_by_name(changes, why, provider):
    provider.document |= changes
    with pytest.raises(UnfitProvider, match=why):
        discover(ISSUER)


def test_the_issuer_is_compared_letter_by_letter(provider):
    provider.document["issuer"] = f"{ISSUER}/"
    with pytest.raises(UnfitProvider):
        discover(ISSUER)
    # Its document's address doesn't say the slash that the issuer ends in (as Auth0's does).
    assert find_provider(f"{ISSUER}/.well-known/openid-configuration").issuer == f"{ISSUER}/"


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'"x"', b"\xff\xfe"])
def test_what_is_no_document_is_refused(body, monkeypatch):
    def send(_session, _request, **_how):
        answer = requests.Response()
        answer.status_code, answer._content = 200, body
        return answer

    monkeypatch.setattr(GuardedSession, "send", send)
    with pytest.raises(ProviderUnreachable, match="no JSON"):
        discover(ISSUER)


# --- DNS ---


def test_records_are_asked_of_the_domains_own_label_and_none_is_no_fault(monkeypatch):
    asked = []

    class Record:
        strings = (b"hub-domain-", b"verification=1")

    def resolve(_resolver, name, kind, **_how):
        asked.append((name, kind))
        return [Record()]

    monkeypatch.setattr("dns.resolver.Resolver.resolve", resolve)
    monkeypatch.setattr("dns.resolver.Resolver.read_resolv_conf", lambda *_a, **_k: None)
    assert find_records("alder.example") == ["hub-domain-verification=1"]
    assert asked == [("_hub-domain.alder.example.", "TXT")]
    monkeypatch.undo()

    def nothing(_resolver, _name, _kind, **_how):
        raise dns.resolver.NXDOMAIN

    monkeypatch.setattr("dns.resolver.Resolver.resolve", nothing)
    assert find_records("alder.example") == []
