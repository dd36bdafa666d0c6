"""A system check: every notice class that our code names exists."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error

from preferences.choices import NoticeCode


def _codes_in(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, code) of each `notice_class="…"` argument and `NOTICE_CLASS_HEADER: "…"`."""
    for node in ast.walk(ast.parse(source)):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            values = [k.value for k in node.keywords if k.arg == "notice_class"]
        elif isinstance(node, ast.Dict):
            values = [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Name) and key.id == "NOTICE_CLASS_HEADER"
            ]
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.lineno, value.value


def unknown_codes(source: str) -> list[tuple[int, str]]:
    """Return (line, code) of the codes in Python source that are not in the closed list."""
    return [(line, code) for line, code in _codes_in(source) if code not in NoticeCode.values]


def check_notice_codes(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Return an error for each unknown code in the hub's own apps."""
    errors: list[CheckMessage] = []
    for app in apps.get_app_configs():
        folder = Path(app.path)
        if folder.parent != settings.BASE_DIR:
            continue
        for path in sorted(folder.rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "notice_class" not in source.lower():
                continue
            errors += [
                Error(f"{path.name}:{line}: no notice class “{code}”", id="preferences.E001")
                for line, code in unknown_codes(source)
            ]
    return errors
