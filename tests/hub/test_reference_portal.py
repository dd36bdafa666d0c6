"""The reference portal by itself: with any manifest, and while the hub is away."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from tests.demo import ROOT
from tests.machine import free_port

MANIFEST = """
kind = "other"
name = { en = "Backups", fr = "Sauvegardes" }
home_url = "https://backups.example/"
"""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self' http://localhost:1"
)


@pytest.fixture(scope="module")
def portal(tmp_path_factory) -> Iterator[str]:
    """The address of a portal whose hub does not answer."""
    manifest = tmp_path_factory.mktemp("portal") / "backups.toml"
    manifest.write_text(MANIFEST)
    port = free_port()
    variables = {
        "PORTAL_MANIFEST": str(manifest),
        "PORTAL_URL": "https://backups.example",
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "PORTAL_CLIENT_ID": "backups",
        "PORTAL_CLIENT_SECRET": "a-secret-that-no-page-shows",
        "HUB_URL": "http://localhost:1",
    }
    command = [sys.executable, str(ROOT / "examples" / "portal")]
    with subprocess.Popen(command, env=os.environ | variables, stderr=subprocess.PIPE) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            assert process.poll() is None, process.stderr.read().decode()
            try:
                requests.get(f"{address}/signed-out", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield address
        process.terminate()


def test_every_page_has_a_strict_policy_and_stays_out_of_caches(portal):
    for path in ("/signed-out", "/portal.css", "/nothing", "/"):
        answer = requests.get(portal + path, timeout=10)

        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "a-secret-that-no-page-shows" not in answer.text
    page = requests.get(f"{portal}/signed-out", timeout=10).text
    assert "Backups" in page
    assert "style=" not in page
    assert "<script" not in page


def test_while_the_hub_is_away_the_portal_says_so_and_does_nothing(portal):
    answer = requests.get(f"{portal}/", timeout=10)

    assert answer.status_code == 503
    assert "The hub does not answer" in answer.text


def test_an_answer_that_the_portal_did_not_ask_for_signs_nobody_in(portal):
    """RFC 9700, 4.7: a code with a foreign state is somebody else's sign-in."""
    for query in ("code=x&state=y", "error=access_denied&error_description=No.", ""):
        answer = requests.get(f"{portal}/sign-in/callback?{query}", timeout=10)

        assert answer.status_code == 403
        assert "You are not signed in" in answer.text


def test_a_form_needs_the_portals_token(portal):
    assert requests.post(f"{portal}/sign-out", timeout=10).status_code == 403
    assert requests.get(f"{portal}/sign-out", timeout=10).status_code == 405


def test_another_host_name_is_refused(portal):
    answer = requests.get(f"{portal}/signed-out", headers={"Host": "evil.example"}, timeout=10)

    assert answer.status_code == 400


def test_a_logout_token_that_cannot_be_checked_now_ends_nothing(portal):
    answer = requests.post(f"{portal}/back-channel-logout", {"logout_token": "x.y.z"}, timeout=10)

    assert answer.status_code == 503  # the hub sends it again later
