"""Keep the test database, so that each run copies it instead of migrating and loading.

It is kept in two layers, each under a fingerprint of everything that determines its content:

- *tables*: the result of the migrations. It is rebuilt when a migration, or a module that one
  imports, changes.
- *example*: the tables, the rows written after migrating, and the example provider. It is rebuilt
  from the tables when code, page text or a translation changes, and every hour, because the
  example's dates are relative to its loading.

With `TEST_SNAPSHOT`, an hour such as `2026-11-28 14`, the example of that hour is copied however
old it is, and nothing is kept: the code that runs may be a mutant's (tests/mutants).

SQLite keeps them as files in `.test-databases/`, PostgreSQL as databases on the same server.
"""

import fcntl
import hashlib
import os
import sqlite3
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from grimp import build_graph

from hub.example import load_example
from tests.cast import copy_rows

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".test-databases"
APPS = ("accounts", "compliance", "hub", "portals", "preferences")
MAX_KEPT = 3  # of each layer, so that changing branches and back rebuilds nothing


@dataclass(frozen=True)
class Layer:
    """One layer.

    `fill` writes it into a test database that holds the layer before; `fingerprint_now` says what
    its fingerprint is by now, for files may change while a layer is built.
    """

    kind: str
    fingerprint: str
    fill: Callable[[], None]
    fingerprint_now: Callable[[], str]

    @property
    def name(self) -> str:
        return f"{self.kind}_{self.fingerprint}"


def fingerprint(paths: Iterable[Path], *facts: str) -> str:
    """Return 16 hexadecimal digits that change with a file's name or content, or with a fact."""
    digest = hashlib.sha256(repr(facts).encode())
    for path in sorted(paths):
        content = path.read_bytes()
        digest.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def files_of_tables() -> set[Path]:
    """Return our files that determine the tables: migrations and what they import."""
    graph = build_graph(*APPS, cache_dir=None)
    modules = {name for name in graph.modules if ".migrations." in name} | {"hub.settings"}
    for name in list(modules):
        modules |= graph.find_upstream_modules(name)
    stems = [ROOT / name.replace(".", "/") for name in modules]
    files = {stem.with_suffix(".py") for stem in stems} | {stem / "__init__.py" for stem in stems}
    return {file for file in files if file.exists()} | {ROOT / "tests/settings.py", Path(__file__)}


def files_of_example() -> set[Path]:
    """Return our files that may determine the example's rows."""
    folders = [ROOT / name for name in (*APPS, "templates", "locale")]
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    ours = {ROOT / "tests" / name for name in ("settings.py", "conftest.py", "cast.py")}
    return {path for path in found if path.suffix != ".pyc"} | ours | {Path(__file__)}


def facts() -> list[str]:
    """Return the facts that determine both layers: versions and the environment."""
    packages = Path(sysconfig.get_path("purelib")).glob("*.dist-info")
    role = str(connection.settings_dict["USER"])
    hub = {name: value for name, value in os.environ.items() if name.startswith("HUB_")}
    hub.pop("HUB_DATABASE_URL", None)
    return [
        *(connection.vendor, role, sys.version, sqlite3.sqlite_version),
        *sorted(package.name for package in packages),
        *sorted(f"{name}={value}" for name, value in hub.items()),
    ]


def fingerprint_of_tables() -> str:
    return fingerprint(files_of_tables(), *facts())


def fingerprint_of_example() -> str:
    hour = os.environ.get("TEST_SNAPSHOT") or datetime.now(UTC).strftime("%Y-%m-%d %H")
    return fingerprint(files_of_example(), *facts(), hour)


def layers() -> list[Layer]:
    """Return both layers with the fingerprints of this moment."""
    return [
        Layer("tables", fingerprint_of_tables(), fill_tables, fingerprint_of_tables),
        Layer("example", fingerprint_of_example(), fill_example, fingerprint_of_example),
    ]


def fill_tables() -> None:
    """Run only the migrations; rows written after them belong to the next layer."""
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def fill_example() -> None:
    """Finish as `migrate` does, then load the example and copy its rows for tests that commit."""
    call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    call_command("createcachetable")
    load_example()
    copy_rows()


@contextmanager
def replaced(kind: str, fill: Callable[[], None]) -> Iterator[None]:
    """Give a block of tests other rows than the example's, kept like these under a name."""
    tables, example = layers()

    def fill_rows() -> None:
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
        call_command("createcachetable")
        fill()

    prepare(
        templates(), [tables, Layer(kind, example.fingerprint, fill_rows, example.fingerprint_now)]
    )
    yield
    prepare(templates(), [tables, example])


class SQLiteTemplates:
    """Layers as files; a file gets its name when it is complete."""

    def __init__(self, own: BaseDatabaseWrapper, folder: Path = FOLDER) -> None:
        self.own, self.folder = own, folder
        own.close()
        own.settings_dict["NAME"] = own.creation._get_test_db_name()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold a lock for one process at a time; the system releases that of a killed one."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def has(self, layer: Layer) -> bool:
        return self.path_of(layer).exists()

    def store(self, layer: Layer) -> None:
        """Keep a copy of the test database as this layer."""
        unfinished = self.folder / "unfinished"
        unfinished.unlink(missing_ok=True)
        self.own.ensure_connection()
        with closing(sqlite3.connect(unfinished)) as copy:
            self.own.connection.backup(copy)
        unfinished.rename(self.path_of(layer))
        files = self.folder.glob(f"{layer.kind}_*")
        for old in sorted(files, key=lambda file: file.stat().st_mtime)[:-MAX_KEPT]:
            old.unlink()

    def restore(self, layer: Layer) -> None:
        """Make the test database a copy of this layer."""
        self.own.ensure_connection()
        with closing(sqlite3.connect(self.path_of(layer))) as kept:
            kept.backup(self.own.connection)

    def clear(self) -> None:
        """Begin with an empty test database."""
        self.own.ensure_connection()
        with closing(sqlite3.connect(":memory:")) as empty:
            empty.backup(self.own.connection)

    def drop(self) -> None:
        """Do nothing: a database in memory ends with its process."""

    def path_of(self, layer: Layer) -> Path:
        return self.folder / f"{layer.name}.sqlite3"


class PostgreSQLTemplates:
    """Layers as databases; `CREATE DATABASE` makes a complete one or none."""

    LOCK = 7_264_021  # any number that nothing else on the server uses

    def __init__(self, own: BaseDatabaseWrapper, prefix: str = "test_template") -> None:
        self.own, self.prefix = own, prefix
        own.close()
        own.settings_dict["NAME"] = own.creation._get_test_db_name()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold a lock for one process at a time; the server releases that of a killed one."""
        with self.own._nodb_cursor() as self._cursor:
            self._cursor.execute("SELECT pg_advisory_lock(%s)", [self.LOCK])
            yield

    def has(self, layer: Layer) -> bool:
        self._cursor.execute("SELECT FROM pg_database WHERE datname = %s", [self._name(layer)])
        return self._cursor.fetchone() is not None

    def store(self, layer: Layer) -> None:
        """Keep a copy of the test database as this layer."""
        self._copy(self._own_name, self._name(layer))
        self._cursor.execute(
            "SELECT datname FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba"
            " WHERE rolname = current_user AND starts_with(datname, %s)"
            " ORDER BY pg_database.oid DESC OFFSET %s",
            [f"{self.prefix}_{layer.kind}_", MAX_KEPT],
        )
        for [old] in self._cursor.fetchall():
            self._cursor.execute(f'DROP DATABASE "{old}"')

    def restore(self, layer: Layer) -> None:
        """Make the test database a copy of this layer."""
        self._drop_own()
        self._copy(self._name(layer), self._own_name)

    def clear(self) -> None:
        """Begin with an empty test database."""
        self._drop_own()
        self._cursor.execute(f'CREATE DATABASE "{self._own_name}"')

    def drop(self) -> None:
        """Drop the test database, even if a test left a connection open."""
        self.own.close()
        with self.own._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self._own_name}" WITH (FORCE)')

    def _drop_own(self) -> None:
        """Drop the database of a killed run. The server refuses if another run uses it."""
        self.own.close()
        self._cursor.execute(f'DROP DATABASE IF EXISTS "{self._own_name}"')

    def _copy(self, source: str, target: str) -> None:
        self.own.close()
        self._cursor.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')

    @property
    def _own_name(self) -> str:
        return str(self.own.settings_dict["NAME"])

    def _name(self, layer: Layer) -> str:
        return f"{self.prefix}_{layer.name}"


Templates = SQLiteTemplates | PostgreSQLTemplates


def templates() -> Templates:
    """Return the templates of the database that the settings name."""
    kind = PostgreSQLTemplates if connection.vendor == "postgresql" else SQLiteTemplates
    return kind(connection)


def prepare(templates: Templates, wanted: list[Layer]) -> None:
    """Make the test database a copy of the last layer; build the layers that are not kept."""
    with templates.lock():
        _restore(templates, wanted)


def _restore(templates: Templates, wanted: list[Layer]) -> None:
    if not wanted:
        templates.clear()
        return
    *before, last = wanted
    if templates.has(last):
        templates.restore(last)
        return
    _restore(templates, before)
    last.fill()
    if last.fingerprint_now() == last.fingerprint and "TEST_SNAPSHOT" not in os.environ:
        templates.store(last)


def print_path_of_tables() -> None:
    """Print the path of SQLite's tables, which are made if they are not kept (tests/demo.py)."""
    kept, [tables, _example] = SQLiteTemplates(connection), layers()
    with kept.lock():
        if not kept.has(tables):
            _restore(kept, [tables])
    sys.stdout.write(f"{kept.path_of(tables)}\n")
