"""The architecture: imports, module sizes, names and tools."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import Model

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BIOME = ROOT / ".venv/biome/node_modules/.bin/biome"
TEMPLATES = sorted(file for file in (ROOT / "templates").rglob("*") if file.is_file())
APPS = ("accounts", "portals", "preferences", "compliance", "hub")  # from the ground up
LONGEST_ROOM = 300
LONGEST_TEMPLATE_LINE = 159


def production_files() -> list[Path]:
    """Every Python file of the hub that is not a test, a migration or a benchmark."""
    files = [file for app in APPS for file in sorted((ROOT / app).rglob("*.py"))]
    return [ROOT / "manage.py", *(file for file in files if "migrations" not in file.parts)]


def run(*command: str | Path) -> None:
    """Run a tool over the tree; what it says is the failure's text."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def test_import_contracts():
    run(BIN / "lint-imports", "--no-cache")


def imports_of_modules() -> dict[str, set[str]]:
    """What each module imports, in functions too, with the packages that this runs first.

    To import `a.b.c` runs `a` and `a.b` before it, so whoever imports it from outside depends on
    these too. Modules inside `a` do not: `a` is there already, and imports them.
    """
    graph = grimp.build_graph(*APPS, cache_dir=None)
    imports = {}
    for module in graph.modules:
        imported = set(graph.find_modules_directly_imported_by(module))
        for name in list(imported):
            parts = name.split(".")
            packages = {".".join(parts[:length]) for length in range(1, len(parts))}
            imported |= {
                package for package in packages if not f"{module}.".startswith(f"{package}.")
            }
        imports[module] = imported
    return imports


def circles(imports: dict[str, set[str]]) -> set[frozenset[str]]:
    """The groups of modules in which each one leads to every other: Tarjan's components."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        path.append(module)
        for imported in sorted(imports.get(module, ())):
            if imported not in order:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in path:
                lowest[module] = min(lowest[module], order[imported])
        if lowest[module] == order[module]:
            start = path.index(module)
            component = frozenset(path[start:])
            del path[start:]
            if len(component) > 1 or module in imports.get(module, ()):
                found.add(component)

    for module in sorted(imports):
        if module not in order:
            visit(module)
    return found


def test_circles_are_found():
    imports = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"a"}}
    assert circles(imports) == {frozenset("bc")}
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == set()


def test_no_import_circle_between_modules():
    assert [sorted(circle) for circle in circles(imports_of_modules())] == []


def test_no_import_hides_in_a_function():
    """Start-up alone may import late: the models are not there when an `apps.py` is read."""
    hidden = [
        f"{file.relative_to(ROOT)}:{statement.lineno}"
        for file in production_files()
        if file.name != "apps.py"
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in ast.walk(function)
        if isinstance(statement, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_guardians_helpers_are_not_used():
    """They assign and list without our columns, so they would give what the decision refuses."""
    refused = re.compile(r"guardian\.(shortcuts|core|managers|mixins|decorators|utils)\b")
    users = [
        file.relative_to(ROOT) for file in production_files() if refused.search(file.read_text())
    ]
    assert users == []


@pytest.mark.parametrize("app", APPS)
def test_relations_point_down(app):
    """String foreign keys hide arrows from import-linter, so the models themselves are walked."""
    allowed = set(APPS[: APPS.index(app) + 1])
    upward = [
        f"{model.__name__}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        for field in model._meta.get_fields(include_hidden=True)
        if not field.auto_created
        and isinstance(field.related_model, type)
        and issubclass(field.related_model, Model)
        and field.related_model._meta.app_label in APPS
        and field.related_model._meta.app_label not in allowed
    ]
    assert upward == []


def test_hub_owns_no_model():
    assert list(apps.get_app_config("hub").get_models()) == []


def test_modules_are_small():
    lines = {file: len(file.read_text().splitlines()) for file in production_files()}
    assert [f"{file.relative_to(ROOT)}: {n}" for file, n in lines.items() if n > LONGEST_ROOM] == []


def test_no_catch_all_modules():
    """A room is named for what is in it."""
    cupboards = re.compile(r"utils?|helpers?|common|misc")
    names = [part for file in production_files() for part in (file.stem, file.parent.name)]
    assert [name for name in names if cupboards.fullmatch(name)] == []


@pytest.mark.parametrize("room", ["services", "selectors"])
def test_public_functions_have_docstrings(room):
    silent = []
    for file in production_files():
        if room not in (file.stem, file.parent.name):
            continue
        silent += [
            f"{file.relative_to(ROOT)}: {node.name}"
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.FunctionDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert silent == []


def test_every_app_has_a_docstring():
    for app in APPS:
        assert ast.get_docstring(ast.parse((ROOT / app / "__init__.py").read_text()))


@pytest.mark.django_db
def test_no_missing_migration():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_migrations_are_named():
    unnamed = [
        file.name
        for app in APPS
        for file in (ROOT / app).glob("migrations/*.py")
        if "_auto_" in file.name
    ]
    assert unnamed == []


def test_schema_is_complete(tmp_path):
    """OpenAPI without a warning (a view whose shape cannot be told) and without a fault."""
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml")
    )


def test_locks_name_no_index():
    for name in ROOT.glob("requirements*.lock"):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"^--|https?://|file:", text, re.MULTILINE)


def test_formatted():
    run(BIN / "ruff", "format", "--check", "--no-cache", ".")


def test_lint():
    run(BIN / "ruff", "check", "--no-cache", ".")


def test_types():
    run(BIN / "mypy")


def template_lines(pattern: str) -> list[str]:
    """Name each line of a template in which the pattern is found."""
    found = re.compile(pattern)
    return [
        f"{file.relative_to(ROOT)}:{number}"
        for file in TEMPLATES
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if found.search(line)
    ]


def test_template_lines_are_short():
    assert template_lines(f".{{{LONGEST_TEMPLATE_LINE + 1}}}") == []


def test_comments_of_templates_end_on_their_line():
    """Django shows a longer one on the page."""
    assert template_lines(r"\{#(?!.*#\})") == []


def test_templates_translate_by_one_name():
    assert template_lines(r"\{%-? *(end)?(block)?trans\b") == []


def test_components_stand_in_one_place():
    """Everywhere else these are tags: hub/templatetags/components.py."""
    markup = template_lines(r'class="(badge|page-header|crumbs|lede)\b')
    assert [line for line in markup if not line.startswith("templates/components/")] == []


def test_posted_forms_carry_their_token():
    """Whatever does not say `method="get"` is a form that posts."""
    started = "".join(file.read_text() for file in TEMPLATES).lower().count("<form")
    forms = [
        (str(file.relative_to(ROOT / "templates")), form)
        for file in TEMPLATES
        for form in re.findall(r"(?is)<form\b((?:(?!<form\b).)*)</form>", file.read_text())
    ]
    assert len(forms) == started  # each ends in its own file
    posted = [(file, form) for file, form in forms if not re.match(r'[^>]*method="get"', form)]
    assert len(posted) > 100
    bare = [file for file, form in posted if "{% csrf_token %}" not in form]
    # Unsubscribing takes the press of a mail program too, which has no token; allauth's own pages
    # put theirs into the body of this element.
    assert bare == ["allauth/elements/form.html", "preferences/unsubscribe.html"]


def test_templates_are_formatted():
    run(BIN / "djade", "--check", "--target-version", "5.2", *TEMPLATES)


def test_script_and_styles():
    if not BIOME.exists():
        pytest.skip("Biome, which checks the script and the styles, comes by npm alone")
    run(BIOME, "ci", "--error-on-warnings", ".")
