"""CSV files: safe to open in a spreadsheet, and read as spreadsheets write them."""

import csv
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.spreadsheets import (
    BadTable,
    addresses_in,
    csv_response,
    escape_formula,
    read_table,
)


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
     (b"\x81\x8d", "not_text"), (b"\xff\xfea", "not_text"), (b'"a\nb', "broken"),
     (b'"a"b,c\nd,e\n', "broken"), (b"a" * 300_000, "broken")],
)  # fmt: skip
def test_a_file_without_a_table_is_refused(data, code):
    with pytest.raises(BadTable) as refusal:
        table(data)

    assert refusal.value.code == code


def test_the_broken_first_line_is_named():
    with pytest.raises(BadTable, match="line 2"):
        table(b'\n"e"f,g\nc,d\n')


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ('{h}\na@x.example,"Ida,no\nb@x.example,Ole,yes\nc@x.example,"C",no\n', [2]),
        ('{h}\na@x.example,"Ida,no\nb@x.example,Ole",yes\n', [2]),  # would be one line, a yes
        ('{h}\na@x.example,"Ida,no\n,Ole",yes\n', [2]),
        ('{h}\na@x.example,"Ida,no"\nb@x.example,Ole,yes\n', [2]),  # its no is inside the name
        ('{h}\na@x.example,"Ida" Oak,no\nb@x.example,Ole,yes\n', [2]),
        ('{h}\na@x.example,Ida,"no\nb@x.example,Ole\nc@x.example,Pia,"no"\n', [2, 3]),
        ('{h}\na@x.example,"Ida\n\n,,\nb@x.example"\n', [2, 5]),
        ('{h}\nida,"pw,no\nole,pw",yes\n', [2]),  # cPanel: names of mailboxes only
        ('{h}\na@x.example,"Ida,no\n' + "b@x.example,Ole,yes\n" * 300, [2]),
    ],
)
def test_a_wrong_quotation_mark_costs_its_line_and_no_other(text, broken):
    lines = read_table(io.BytesIO(text.replace("{h}", "email,name,status").encode()))
    assert [line.number for line in lines if line.is_broken] == broken
    assert all("a@x.example" not in line.cells for line in lines if not line.is_broken)


def test_line_breaks_in_a_cell_are_kept():
    """Outlook writes streets so, ahead of the address."""
    text = (
        b'Nom,Rue (bureau),Adresse de messagerie\r\nIda,"12, rue Oak\r\nBureau 4",a@x.example\r\n'
    )
    assert table(text)[1] == (2, ["Ida", "12, rue Oak\r\nBureau 4", "a@x.example"])


_ROWS = [
    ["a@x.example", "Oak, Ida", "no"],
    ["b@x.example", "Ole", "yes"],
    ["c@x.example", 'Pia "P"', "no"],
    ["d@x.example", "Kay\nLee", "yes"],
    ["e@x.example", "Joy", ""],
]


@settings(max_examples=400, deadline=None)
@given(
    places=st.lists(st.integers(0, 160), min_size=1, max_size=3), quoting=st.sampled_from([0, 1])
)
def test_stray_quotation_marks_never_move_a_cell(places, quoting):
    """Whatever a line is read as is what it was, apart from quotation marks, or it is reported."""
    file = io.StringIO()
    csv.writer(file, quoting=quoting).writerows([["email", "name", "status"], *_ROWS])
    text = file.getvalue()
    first = text.index("\n") + 1
    for place in places:
        at = first + place % (len(text) - first)
        text = f'{text[:at]}"{text[at:]}'
    lines = read_table(io.BytesIO(text.encode()))

    def plain(cells):
        words = [" ".join(cell.replace('"', "").split()) for cell in cells]
        return tuple(filter(None, words))

    known = {plain(row) for row in _ROWS}
    for line in lines[1:]:
        if not line.is_broken and line.cell(0).strip('"').endswith("@x.example"):
            assert plain(line.cells) in known
    shown = " ".join(cell for line in lines for cell in line.cells)
    assert all(row[0] in shown.replace('"', "") for row in _ROWS)


def test_the_version_line_of_a_template_is_passed_over():  # Microsoft Entra
    assert table(b"version:v1.0\nName;User\nIda;a@x.example") == [
        (2, ["Name", "User"]),
        (3, ["Ida", "a@x.example"]),
    ]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("Nom, pr\u00e9nom;Courriel\nOak, Ida;a@x.example", ["Oak, Ida", "a@x.example"]),
        ("Email,Name\na@x.example,Oak; Ida", ["a@x.example", "Oak; Ida"]),
        ('"E-mail\naddress";Name\na@x.example;Oak, Ida', ["a@x.example", "Oak, Ida"]),
        ('Email,Name\na@x.example, "Oak, Ida"', ["a@x.example", "Oak, Ida"]),
        ("sep=;\ra;b\rIda, a@x.example;2", ["Ida, a@x.example", "2"]),
    ],
)
def test_the_separator_is_the_one_that_lines_agree_on(text, cells):
    assert table(text.encode())[1][1] == cells


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('Email;Name\na@x.example;"Oak; Ida";', ["a@x.example", "Oak; Ida"]),
        ('Name;Street;Email\nIda;"12 Oak\nSuite 4";a@x.example;\n', ["Ida", "12 Oak\nSuite 4",
                                                                    "a@x.example"]),
        ('Email;Name;;;\na@x.example;"Ida";;;\n', ["a@x.example", "Ida"]),
        ('Email;Name\na@x.example;"He said ""Ida"""\n', ["a@x.example", 'He said "Ida"']),
        ("Email;Name\na@x.example;Ida 5\" Oak\n", ["a@x.example", 'Ida 5" Oak']),
    ],
)  # fmt: skip
def test_what_is_well_formed_is_no_broken_line(text, cells):
    [_heading, line] = read_table(io.BytesIO(text.encode()))
    assert (line.cells, line.is_broken) == (cells, False)


_SLOW = {
    "marks": '"' * 900_000,
    "an open cell": 'a,b\n"' + "x" * 900_000,
    "open cells": "a,b\n" + 'x,"y\n' * 150_000,
    "brackets": "[" * 900_000,
    "many short lines": "a,b\n" + '"' + ",\n" * 400_000,
    "many words": "Email\n" + "+ " * 400_000,
    "can't contain spaces": "Email\n" + "a@" * 60_000,
}


@pytest.mark.parametrize("kind", _SLOW)
def test_no_file_takes_long(kind):
    before = time.monotonic()
    try:
        read_table(io.BytesIO(_SLOW[kind].encode()), max_rows=500_000)
    except BadTable as refusal:
        assert refusal.code == "broken"
    addresses_in(_SLOW[kind])
    assert time.monotonic() - before < 10


def test_addresses_are_found_in_a_broken_line():
    assert addresses_in('Ida <A@X.example>,"b@x.example"d') == {"a@x.example", "b@x.example"}
    assert addresses_in("no @ and x@y") == set()


def test_files_that_are_too_large_are_refused():
    with pytest.raises(BadTable, match="limit is 1 KB"):
        table(b"x" * 1001, max_bytes=1000)
    with pytest.raises(BadTable, match="at most 2"):
        table(b"a\nb\n\nc\n", max_rows=2)
    assert len(table(b"a\nb\n\n\n", max_rows=2)) == 2
