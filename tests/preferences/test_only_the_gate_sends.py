"""Email is sent only through the gate, and every class named in the code exists."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from preferences.gate.codes import check_notice_codes, unknown_codes

GATE = settings.BASE_DIR / "preferences" / "gate"
MAIL_MODULES = ("smtplib", "imaplib", "poplib", "aiosmtplib", "anymail")


def mail_connections(source):
    """Yield the line and name of each mail connection that Python source opens."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and node.attr == "get_connection":
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            names = ["django.core.mail.get_connection"] if owner == "mail" else []
        elif isinstance(node, ast.Call):
            sends = getattr(node.func, "id", getattr(node.func, "attr", ""))
            mails = sends in ("EmailMessage", "EmailMultiAlternatives", "send_mail", "mail_admins")
            own = mails and any(k.arg in ("connection", "auth_user") for k in node.keywords)
            names = ["django.core.mail.get_connection"] if own else []
        else:
            continue
        for name in names:
            if name.split(".")[0] in MAIL_MODULES or name.startswith(
                ("django.core.mail.get_connection", "django.core.mail.backends")
            ):
                yield node.lineno, name


def sources():
    for app in ("hub", "accounts", "portals", "preferences", "compliance", "benchmarks"):
        yield from sorted((settings.BASE_DIR / app).rglob("*.py"))


def test_only_the_gate_opens_a_mail_connection():
    found = [
        (str(path.relative_to(settings.BASE_DIR)), *connection)
        for path in sources()
        if GATE not in path.parents
        for connection in mail_connections(path.read_text())
    ]
    assert found == []
    assert any(list(mail_connections(path.read_text())) for path in GATE.glob("*.py"))


@pytest.mark.parametrize(
    "source",
    [
        "import smtplib",
        "from smtplib import SMTP",
        "from django.core.mail import get_connection",
        "from django.core import mail\nmail.get_connection()",
        "from django.core.mail.backends.smtp import EmailBackend",
        "EmailMessage('a', 'b', connection=mine)",
        "send_mail('a', 'b', None, [], auth_user='x')",
    ],
)
def test_each_forbidden_call_is_detected(source):
    assert list(mail_connections(source))


def test_every_code_in_use_exists():
    assert check_notice_codes(None) == []


def test_the_check_finds_an_unknown_code():
    source = "send_notice(notice_class='gossip')\nheaders = {NOTICE_CLASS_HEADER: 'rumour'}"
    assert unknown_codes(source) == [(1, "gossip"), (2, "rumour")]
    assert unknown_codes("send_notice(notice_class='legal')") == []


def test_an_unknown_code_anywhere_in_the_hub_stops_it(monkeypatch):
    only_legal = SimpleNamespace(values=["legal"])
    monkeypatch.setattr("preferences.gate.codes.NoticeCode", only_legal)

    assert "no notice class “security”" in str(check_notice_codes(None))


def test_the_check_reads_the_lower_apps():
    from preferences.gate.codes import _codes_in

    path = Path(settings.BASE_DIR / "accounts" / "adapters" / "account.py")
    assert "security" in {code for _line, code in _codes_in(path.read_text())}
