"""CSV files: safe to open in a spreadsheet, and read as spreadsheets write them."""

import csv
import io

import pytest

from accounts.spreadsheets import BadTable, csv_response, escape_formula, read_table


def read_back(response):
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def table(data, **limits):
    return [(line.number, line.cells) for line in read_table(io.BytesIO(data), **limits)]


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1 514", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "=cmd|' /C'!A0"],
)
def test_formulas_are_disarmed(cell):
    assert escape_formula(cell).startswith("'")


@pytest.mark.parametrize("cell", ["Bob", "bob@alder.example", "a-b", "1+1", "", "'=1", -2, None])
def test_other_cells_are_unchanged(cell):
    assert escape_formula(cell) == cell


def test_another_separator_cannot_make_a_formula():
    """Excel in French takes a semicolon for the end of a cell."""
    assert escape_formula("a;=1+1") == "a;'=1+1"
    assert escape_formula("a\n@b") == "a\n'@b"


@pytest.mark.parametrize(
    "cell", ['a;"=1+1;b', 'a;""=1+1', 'a; " =1+1', 'a\n"@b', 'a\t"+1', 'a,b;"-2;']
)
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_quotation_mark_behind_another_separator_cannot_make_a_formula(cell, separator):
    """It ends up inside ours, and whoever takes a semicolon for a separator sees it alone."""
    text = b"".join(csv_response("x", ["Name", "Word"], [["Bob", cell]])).decode("utf-8-sig")

    read = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    assert not [one for row in read for one in row if one.lstrip(' "')[:1] in set("=+-@")]


def test_a_download_holds_the_rows():
    response = csv_response(
        "alder-people", ["Name", "=Count"], ([f"Zoë, “{n}”\n", n] for n in range(450))
    )

    rows = read_back(response)

    assert response["Content-Disposition"] == 'attachment; filename="alder-people.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert rows[0] == ["Name", "'=Count"]
    assert rows[1:] == [[f"Zoë, “{n}”\n", str(n)] for n in range(450)]


def test_a_download_is_marked_as_utf_8_for_excel():
    assert b"".join(csv_response("x", ["Name"], [])) == b"\xef\xbb\xbfName\r\n"


def test_a_download_is_streamed():
    taken = []
    rows = ([taken.append(n)] for n in range(1000))

    next(iter(csv_response("x", ["Name"], rows)))

    assert len(taken) == 200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_saved_by_spreadsheet_programs_are_read(encoding, delimiter, end):
    lines = [f"Address{delimiter}Name", "", f'a@b.example{delimiter}"Zoë{delimiter} Lévesque"', ""]

    assert table(end.join(lines).encode(encoding)) == [
        (1, ["Address", "Name"]),
        (3, ["a@b.example", f"Zoë{delimiter} Lévesque"]),
    ]


def test_one_column_is_a_table():
    assert table(b"a@b.example\nc@d.example") == [(1, ["a@b.example"]), (2, ["c@d.example"])]


def test_excels_separator_line_is_understood():
    assert table(b"sep=;\r\na,b;c\r\n") == [(2, ["a,b", "c"])]


def test_an_export_can_be_read_back():
    sent = b"".join(csv_response("x", ["Phone"], [["+1 514 555 0100"], ["'quoted'"]]))

    assert table(sent) == [(1, ["Phone"]), (2, ["+1 514 555 0100"]), (3, ["'quoted'"])]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty"), (b"\xef\xbb\xbf", "empty"), (b" \n;;\n", "empty"),
     (b"PK\x03\x04\0\0", "not_text"), (b"\x89PNG\r\n\x1a\n\0\0", "not_text"),
     (b"\x81\x8d", "not_text"), (b"\xff\xfea", "not_text"), (b'a\n"b', "broken"),
     (b'a\nb\n"c"d\n', "broken"), (b"a" * 300_000, "broken")],
)  # fmt: skip
def test_a_file_without_a_table_is_refused(data, code):
    with pytest.raises(BadTable) as refusal:
        table(data)

    assert refusal.value.code == code


def test_the_broken_line_is_named():
    with pytest.raises(BadTable, match="Line 3 "):
        table(b'a,b\nc,d\n"e"f,g\n')


def test_files_that_are_too_large_are_refused():
    with pytest.raises(BadTable, match="at most 1 KB"):
        table(b"x" * 1001, max_bytes=1000)
    with pytest.raises(BadTable, match="at most 2"):
        table(b"a\nb\n\nc\n", max_rows=2)
    assert len(table(b"a\nb\n\n\n", max_rows=2)) == 2
