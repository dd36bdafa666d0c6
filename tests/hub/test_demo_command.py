"""`manage.py demo` starts and stops all its processes, or says in one line why it cannot."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from hub.demo.environment import demo_environment, write_demo_environment
from hub.management.commands.demo import email_line
from hub.progress import run_quietly
from tests.demo import ROOT, SLUGS, hub_environment, manage, running_demo
from tests.machine import free_port, free_ports

DEMO = {"HUB_ENV": "demo", "HUB_SECRET_KEY": "x" * 50}
PRODUCTION = {
    "HUB_ENV": "production",
    "HUB_SECRET_KEY": "x" * 50,
    "HUB_BASE_URL": "https://hub.example",
    "HUB_DATABASE_URL": "sqlite://:memory:",
    "HUB_EMAIL_URL": "consolemail://",
}


def one_line(done):
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def gone(pid):
    """Whether a process is over (one that nobody waited for counts)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def within(seconds, question):
    until = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < until
        time.sleep(0.1)


def answers(url):
    try:
        with urlopen(Request(url, headers={"Host": "hub.example"})) as response:
            return response.status == 200
    except OSError:
        return False


def test_the_demo_starts_and_stops_all_its_processes(tmp_path):
    with running_demo(tmp_path, portals=True, from_nothing=True) as demo:
        children = demo.children()
        started = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
        environments = [Path(f"/proc/{pid}/environ").read_text() for pid in children[2:]]
        with urlopen(f"{demo.url}/accounts/login/") as page:
            assert b"Alice Martin" in page.read()
        assert "alice@alder.example" in demo.output
        assert demo.url in demo.output
        assert f"Email is kept, not sent:   {demo.url}/demo/mail/" in demo.output
        assert all(f"{demo.portal(slug)}/" in demo.output for slug in SLUGS)
        for line, environment in zip(list(started.values())[2:], environments, strict=True):
            secret = re.search(r"PORTAL_CLIENT_SECRET=([^\0]+)", environment)[1]
            assert line.split("\0")[1].endswith("examples/portal")
            assert not any(secret in other for other in [*started.values(), demo.output])
            assert not re.search(r"HUB_(SECRET_KEY|OIDC_PRIVATE_KEY|DATABASE_URL)=", environment)

        code = demo.stop(signal.SIGINT)

        assert code == 0
        assert demo.output.splitlines()[-1] == "Stopped."
        assert len(children) == 2 + len(SLUGS)
        assert all(gone(pid) for pid in children)
        assert "Traceback" not in demo.output


def test_the_demo_stops_when_one_child_ends(tmp_path):
    with running_demo(tmp_path) as demo:
        first, second = demo.children()

        os.kill(second, signal.SIGKILL)
        within(20, lambda: demo.process.poll() is not None)

        assert demo.process.returncode == 1
        assert "The job worker stopped (exit code -9), so everything stops." in demo.output
        assert gone(first)
        assert "Traceback" not in demo.output


@pytest.mark.parametrize(
    ("transport", "host", "said"),
    [
        ("django.core.mail.backends.filebased.EmailBackend", "", "Email is kept, not sent:"),
        ("django.core.mail.backends.smtp.EmailBackend", "mx.example", "Email is sent"),
        ("django.core.mail.backends.console.EmailBackend", "", "Email is not sent:"),
        ("anymail.backends.brevo.EmailBackend", "", "Email is sent"),
    ],
)
def test_the_demo_says_whether_email_is_sent(settings, transport, host, said):
    settings.HUB_MAIL_TRANSPORT, settings.EMAIL_HOST = transport, host
    line = email_line()
    assert line.startswith(said)
    assert ("/demo/mail/" in line) == ("kept" in said)
    assert host in line


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_taken_port_is_one_line(command):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as granian does
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        line = one_line(manage(command, **DEMO, HUB_BIND=f"127.0.0.1:{port}"))

    assert f"127.0.0.1:{port} cannot be used (Address already in use)." in line
    assert f"HUB_BIND=127.0.0.1:{port + 1}" in line


@pytest.mark.parametrize("taken", [1, 4])
def test_the_taken_port_of_a_portal_is_one_line(taken):
    port = free_ports(5)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + taken))
        other.listen()

        line = one_line(manage("demo", **DEMO, HUB_BIND=f"127.0.0.1:{port}"))

    assert f"127.0.0.1:{port + taken} cannot be used (Address already in use)." in line
    assert f"HUB_BIND=127.0.0.1:{port + taken + 1}" in line


@pytest.mark.parametrize("bind", ["0.0.0.0:8000", "192.0.2.7:8000", "[::]:8000", ":8000", "8000"])
def test_the_demo_listens_on_loopback_only(bind):
    assert "loopback" in one_line(manage("demo", **DEMO, HUB_BIND=bind))


@pytest.mark.parametrize("bind", ["127.0.0.1:http", "127.0.0.1:0", "127.0.0.1:70000"])
def test_bind_is_host_and_port(bind):
    assert "HUB_BIND" in one_line(manage("demo", **DEMO, HUB_BIND=bind))


def test_demo_command_is_for_the_demo():
    assert "HUB_ENV" in one_line(manage("demo", **PRODUCTION))
    assert "never in production" in one_line(manage("example", **PRODUCTION))


@pytest.mark.parametrize(
    "name", ["HUB_SECRET_KEY", "HUB_BASE_URL", "HUB_DATABASE_URL", "HUB_EMAIL_URL"]
)
def test_production_names_the_missing_variables(name):
    line = one_line(manage("check", **{**PRODUCTION, name: ""}))

    assert line == f"The hub does not start: Set {name} (in the environment or in .env)."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_ENV", ""),
        ("HUB_ENV", "staging"),
        ("HUB_WORKERS", "many"),
        ("HUB_DATABASE_URL", "nonsense"),
        ("HUB_EMAIL_URL", "pigeon://coop"),
        ("HUB_BASE_URL", "hub.example"),
        ("HUB_BASE_URL", "http://hub.example"),
        ("HUB_SECRET_KEY", "short"),
        ("HUB_SECRET_KEY_FALLBACKS", f"{'y' * 40}, short"),
        ("HUB_DKIM_KEY_FILE", "/nowhere/dkim.pem"),
        ("HUB_DKIM_KEY_FILE", __file__),
        ("HUB_MAIL_FROM_TOPICS", "no-reply@harbour.example"),
    ],
)
def test_a_start_names_the_invalid_variable(name, value):
    assert name in one_line(manage("check", **{**PRODUCTION, name: value}))


def test_the_web_server_reports_why_it_does_not_start():
    """granian loads hub.wsgi in a process of its own; there, too, no traceback."""
    done = subprocess.run(
        [sys.executable, "-c", "import hub.wsgi"],
        cwd=ROOT,
        env=hub_environment(**{**PRODUCTION, "HUB_BASE_URL": ""}),
        capture_output=True,
        text=True,
    )

    assert one_line(done).endswith("Set HUB_BASE_URL (in the environment or in .env).")


def test_serve_serves(tmp_path):
    port = free_port()
    environment = hub_environment(
        **{**PRODUCTION, "HUB_DATABASE_URL": f"sqlite:///{tmp_path}/hub.sqlite3"},
        HUB_BIND=f"127.0.0.1:{port}",
    )
    command = [sys.executable, "manage.py", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            within(30, lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        finally:
            server.terminate()


def test_environment_file_is_private_and_never_replaced(tmp_path):
    file = tmp_path / ".env"

    write_demo_environment(file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert "HUB_ENV=demo" in file.read_text()
    assert demo_environment() != demo_environment()
    with pytest.raises(FileExistsError):
        write_demo_environment(file)


def test_progress_prints_dots_and_hides_output(capfd, monkeypatch):
    monkeypatch.setattr("hub.progress.DOT_INTERVAL", 0.05)
    script = "import time; print('noise'); time.sleep(0.4)"

    assert run_quietly("Working", [sys.executable, "-c", script]) == 0

    said = capfd.readouterr().out
    assert said.startswith("Working ...")
    assert ".... " in said
    assert "noise" not in said


def test_progress_shows_why_it_failed(capfd):
    assert run_quietly("Working", [sys.executable, "-c", "print('because'); exit(3)"]) == 3
    assert "because" in capfd.readouterr().err
