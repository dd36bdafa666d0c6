"""Every requirement number in the tree, such as R44, is listed in docs/requirements.md."""

import re
from collections import Counter
from collections.abc import Iterator

from tests.demo import ROOT
from tests.tree import files

PAGE = ROOT / "docs" / "requirements.md"
ROW = re.compile(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NUMBER = r"[A-LR][1-9][0-9]?"
# In text, or in a test's name; not in %C3 or a colour.
CITED = re.compile(rf"(?<![\w%#])({NUMBER})(?!\w)|_({NUMBER})(?=_|\()")
RANGE = re.compile(r"(?<!\w)([A-LR])([1-9][0-9]?)(?: to |–)\1([1-9][0-9]?)(?!\w)")
NO_CITATIONS = {
    PAGE,
    ROOT / "tests" / "hub" / "test_requirements.py",
    ROOT / "pyproject.toml",  # names rules of ruff
    ROOT / "tests" / "accounts" / "test_spreadsheets.py",  # names cells
}


def rows() -> list[tuple[str, str, str]]:
    """Each requirement: its number, what it demands, its source."""
    return [row for row in ROW.findall(PAGE.read_text()) if re.fullmatch(NUMBER, row[0])]


def numbers_in(text: str) -> Iterator[str]:
    """Yield every number a text cites, and those inside a range."""
    for words, name in CITED.findall(text):
        yield words or name
    for letter, first, last in RANGE.findall(text):
        yield from (f"{letter}{number}" for number in range(int(first), int(last) + 1))


def cited() -> dict[str, str]:
    """Every number cited in the tree, with the last file that does."""
    texts = (path for path in files(".py", ".html", ".txt", ".md", ".toml", ".js", ".css"))
    return {
        number: str(path.relative_to(ROOT))
        for path in texts
        if path not in NO_CITATIONS
        for number in numbers_in(path.read_text())
    }


def test_every_cited_number_has_its_row():
    known = {number for number, _demand, _source in rows()}

    assert {number: path for number, path in cited().items() if number not in known} == {}


def test_numbers_are_found_in_texts_names_and_ranges():
    text = 'def test_links_R3_I1(): """Stays (R8, D1 to D3; I5–I6)."""  # %C3%BC #B30 E501'

    assert set(numbers_in(text)) == {"R3", "I1", "R8", "D1", "D2", "D3", "I5", "I6"}


def test_all_of_the_email_requirements_are_listed():
    listed = [number for number, _demand, _source in rows() if number.startswith("R")]

    assert listed == [f"R{number}" for number in range(1, 52)]


def test_rows_are_well_formed():
    lines = [line for line in PAGE.read_text().splitlines() if re.match(rf"\| {NUMBER} ", line)]
    repeated = [number for number, times in Counter(row[0] for row in rows()).items() if times > 1]

    assert len(lines) == len(rows())
    assert repeated == []
    for number, demand, source in rows():
        assert demand[0].isupper() and demand.endswith("."), number
        assert len(demand) <= 160, number
        assert source, number


def test_rows_beyond_email_are_cited():
    """The page lists no letter that nobody would look up."""
    numbers = {number for number, _demand, _source in rows() if not number.startswith("R")}

    assert numbers - set(cited()) == set()
