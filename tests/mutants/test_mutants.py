"""The mutants themselves: which faults are made, and what becomes of each kind of mutant."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cosmic_ray.mutating import mutate_code

from tests.mutants.__main__ import EVERY_OTHER, is_judged, judged
from tests.mutants.finding import Mutant, mutants_of
from tests.mutants.forking import OutsideOfFunctionsError, changed_functions
from tests.mutants.operators import ChangeSql, DropCondition, LetThrough, RemoveCall
from tests.mutants.reach import Reach, files_with_tests
from tests.mutants.running import SHORTEST, TABLE, Outcome, Runner, runs_of

RULES = '''"""Not more than 2 names."""

LIMIT: int | None = 2

@atomic
def add(names: list[str] | None) -> str | None:
    """Add 1."""
    for name in names:
        require(name)
    try:
        return save(names and names[0]) is True
    except a.Error:
        return not done()

class Twin:
    def add(self):
        require(name)
        return SQL("SELECT 1 FROM a WHERE b <= 2 AND c IS NULL")
'''


@pytest.fixture
def rules(tmp_path):
    file = tmp_path / "rules.py"
    file.write_text(RULES)
    return {(mutant.function, mutant.was, mutant.became) for mutant in mutants_of(file)}


def test_the_kinds_of_faults(rules):
    assert rules >= {
        ("", "LIMIT: int | None = 2", "LIMIT: int | None = 3"),
        ("", "LIMIT: int | None = 2", "LIMIT: int | None = 1"),
        ("add", "@atomic", ""),
        ("add", "for name in names:", "for name in []:"),
        ("add", "require(name)", "pass"),
        ("add", "except a.Error:", "except GeneratorExit:"),
        ("add", "return not done()", "return done()"),
        (
            "add",
            "return save(names and names[0]) is True",
            "return save(names or names[0]) is True",
        ),
        (
            "add",
            'return SQL("SELECT 1 FROM a WHERE b <= 2 AND c IS NULL")',
            'return SQL("SELECT 1 FROM a WHERE b < 2 AND c IS NULL")',
        ),
    }


def test_words_and_types_are_no_faults(rules):
    assert not [was for _function, was, _became in rules if '"""' in was or "->" in was]
    assert ("", "LIMIT: int | None = 2", "LIMIT: int & None = 2") not in rules


def test_what_decides_nothing_is_no_fault(tmp_path):
    file = tmp_path / "rules.py"
    file.write_text("assert a or not b\nrows.select_for_update(no_key=True, of=True)\n")
    made = {mutant.became for mutant in mutants_of(file)}
    assert made == {"rows.select_for_update(no_key=True, of=False)", "pass"}


def test_faults_that_run_alike_are_one(tmp_path):
    file = tmp_path / "rules.py"
    file.write_text("if not names:\n    save(1)\nif a == b:\n    save(2)\n")
    made = [(mutant.was, mutant.became) for mutant in mutants_of(file)]
    assert made.count(("if a == b:", "if not a == b:")) == 1
    assert ("if a == b:", "if a != b:") not in made
    assert [was for was, _became in made].count("if not names:") == 1


def test_a_sample_is_the_same_each_time_and_another_for_another_seed(tmp_path):
    file = tmp_path / "rules.py"
    file.write_text(RULES)

    def sample(seed):
        return sorted(mutants_of(file), key=lambda mutant: mutant.rank(seed))[:5]

    assert sample(1) == sample(1) != sample(2)


@pytest.mark.parametrize("operator", [RemoveCall, DropCondition, LetThrough, ChangeSql])
def test_our_operators_do_as_their_examples_say(operator):
    for example in operator.examples():
        assert mutate_code(example.pre_mutation_code, operator(), 0) == example.post_mutation_code


def test_a_file_has_the_tests_of_the_longest_path(monkeypatch):
    monkeypatch.setitem(TABLE, "sqlite", {"a": ["test_a.py"], "a/b.py": ["test_b.py"], "c": []})
    monkeypatch.setitem(TABLE, "postgresql", {"a/b.py": ["test_b_races.py"]})
    assert runs_of("a/x.py") == [("sqlite", ("test_a.py",))]
    assert runs_of("a/b.py") == [("sqlite", ("test_b.py",)), ("postgresql", ("test_b_races.py",))]
    assert runs_of("ab.py") == []
    assert runs_of("a/services/x.py") == [("sqlite", ("test_a.py", "test_services_are_atomic.py"))]


def test_the_table_names_files_that_exist():
    tests = {test for table in TABLE.values() for tests in table.values() for test in tests}
    paths = {path for table in TABLE.values() for path in table}
    assert [
        path for path in [*paths, *(f"tests/{t}" for t in tests)] if not Path(path).exists()
    ] == []


def test_each_judged_mutant_still_exists():
    constants = {mutant for mutant in judged() if mutant.became == EVERY_OTHER}
    others = set(judged()) - constants
    made = {mutant for file in {m.file for m in others} for mutant in mutants_of(Path(file))}
    assert others - made == set()
    for constant in constants:
        lines = [" ".join(line.split()) for line in Path(constant.file).read_text().splitlines()]
        assert constant.was in lines


def test_each_other_number_of_a_constant_is_judged_at_once():
    known = {Mutant("rules.py", "", "LIMIT = 2", EVERY_OTHER): "Nobody notices."}
    assert is_judged(Mutant("rules.py", "", "LIMIT = 2", "LIMIT = 3"), known)
    assert not is_judged(Mutant("rules.py", "", "MOST = 2", "MOST = 3"), known)


MODULE = "accounts/services/confirmation_name.py"
TESTS = f"tests/{SHORTEST.tests[0]}"


FUNCTION = "require_confirmation_name"


def mutant_of(was="", became="", function=FUNCTION):
    text = Path(MODULE).read_text()
    assert was in text
    return Mutant(MODULE, function, was, became, text=text.replace(was, became, 1))


@pytest.fixture(scope="module")
def reach(tmp_path_factory):
    """What the tests of a confirmation name reach, noted by running them."""
    reach = Reach(tmp_path_factory.mktemp("reach") / "reached.json")
    with ThreadPoolExecutor(1) as pool:
        Runner("", reach, [Path(MODULE)]).note_reach([SHORTEST], pool)
    return reach


def test_a_mutant_is_tried_on_the_tests_that_call_its_function(reach):
    by_function = reach.tests_for(mutant_of(), [TESTS])
    assert len(by_function) == 6
    assert f"{TESTS}::test_the_form_requires_the_name" not in by_function
    of_a_constant = reach.tests_for(mutant_of(function=""), [TESTS])
    of_a_decorator = replace(mutant_of(), was="@transaction.atomic")
    assert reach.tests_for(of_a_decorator, [TESTS]) == of_a_constant
    assert of_a_constant.keys() == reach.notes[TESTS]["tests"].keys()
    assert list(reach.tests_for(mutant_of(), ["tests/accounts/test_names.py"])) == [
        "tests/accounts/test_names.py"
    ]


def test_quick_files_come_first_and_slow_tests_are_left_out(tmp_path):
    call = [["accounts.services.confirmation_name", FUNCTION]]
    reach = Reach(tmp_path / "reached.json")
    reach.notes = {
        file: {"tests": {f"{file}::{s}": {"seconds": s, "reached": call} for s in seconds}}
        for file, seconds in {"slow.py": [90, 7], "quick.py": [40, 2]}.items()
    }
    chosen = reach.tests_for(mutant_of(), ["slow.py", "quick.py"])
    assert list(chosen) == ["quick.py::40", "quick.py::2", "slow.py::7"]


def test_notes_are_kept_until_the_file_changes(reach, tmp_path):
    assert Reach(reach.path).unknown([TESTS, "tests/accounts/test_names.py"]) == [
        "tests/accounts/test_names.py"
    ]
    reach.notes[TESTS]["digest"] = "another"
    assert reach.unknown([TESTS]) == [TESTS]


def test_a_folder_is_its_test_files():
    assert files_with_tests(["mutants", "test_access.py"]) == [
        "tests/mutants/test_mutants.py", "tests/test_access.py",
    ]  # fmt: skip


def test_a_test_that_caught_a_mutant_must_pass_without_it():
    runner = Runner("", Reach(Path("nothing noted")))
    runner.caught_by["sqlite"] = {f"{TESTS}::test_the_form_requires_the_name"}
    runner.confirm()
    runner.caught_by["sqlite"].add(f"{TESTS}::test_that_fails_always")
    with pytest.raises(SystemExit, match="without any mutant"):
        runner.confirm()


@pytest.fixture(scope="module")
def runner_with_forks(reach):
    runner = Runner("", reach, [Path(MODULE)])
    runner.fork([SHORTEST])
    yield runner
    runner.close()


@pytest.mark.parametrize(
    ("was", "became", "is_caught"),
    [
        (" != ", " == ", True),
        ("casefold().split()", "casefold().strip().split()", False),  # changes nothing
        ("from accounts", "from nowhere", False),  # runs at the import, so it is tried otherwise
        ("def require", "@classmethod\ndef require", False),
    ],
)
def test_a_fork_has_the_changed_function(was, became, is_caught, monkeypatch, runner_with_forks):
    monkeypatch.setitem(TABLE, "sqlite", {MODULE: [*SHORTEST.tests]})
    monkeypatch.setitem(TABLE, "sqlite_elsewhere", {})
    runner = runner_with_forks
    runner.caught_by.clear()
    assert runner._caught_in_a_fork(mutant_of(was, became)) is is_caught
    assert (len(runner.caught_by["forks"]) == 1) is is_caught
    runner.confirm()


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("def f(): return 1", "def f(): return 2", ["f"]),
        ("class C:\n def f(self): return 1", "class C:\n def f(self): return 2", ["C.f"]),
        (
            "def f():\n def g(): return 1\n return g",
            "def f():\n def g(): return 2\n return g",
            ["f", "f.<locals>.g"],
        ),
        ("def f(): return [x for x in y]", "def f(): return []", ["f"]),
        ("def f(): return 1", "def f(): return True", ["f"]),
        ("def f():\n\n return 1", "def f(): return 1", []),
    ],
)
def test_the_functions_that_differ(old, new, changed):
    pairs = changed_functions(*(compile(text, "rules", "exec") for text in (old, new)))
    assert [code.co_qualname for code, _changed in pairs] == changed


@pytest.mark.parametrize(
    "new", ["LIMIT = 3\ndef f(): return 1", "LIMIT = 2\n@g\ndef f(): return 1"]
)
def test_what_runs_at_the_import_is_no_changed_function(new):
    old = "LIMIT = 2\ndef f(): return 1"
    with pytest.raises(OutsideOfFunctionsError):
        changed_functions(*(compile(text, "rules", "exec") for text in (old, new)))


@pytest.mark.parametrize(
    ("was", "became", "outcome"),
    [
        (" != ", " == ", Outcome.CAUGHT),
        ("casefold().split()", "casefold().strip().split()", Outcome.SURVIVED),  # changes nothing
        ("from accounts", "from nowhere", Outcome.BROKEN),
    ],
)
def test_the_outcomes(was, became, outcome, monkeypatch):
    monkeypatch.setitem(TABLE, "sqlite", {MODULE: [*SHORTEST.tests]})
    monkeypatch.setitem(TABLE, "sqlite_elsewhere", {})
    runner = Runner("", Reach(Path("nothing noted")))
    [run] = runner.runs_of(MODULE)
    runner.limits[run] = 120
    assert runner.outcome(mutant_of(was, became)) is outcome
