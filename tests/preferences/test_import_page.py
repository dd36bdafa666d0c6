"""The import page: columns, dry run, import and report."""

import csv
import io
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import AuditEvent
from preferences.models import ConsentRecord, Recipient
from preferences.selectors import find_recipient, may_send
from preferences.services.choices import choose_topic

URL = "/provider/topics/import/"
GROUND = {
    "topic": "newsletter",
    "basis": "express",
    "wording": "The box on the order form.",
    "default_date": "2026-01-02",
}
FILE = """Courriel;Statut;Date de consentement;Langue
sam@elsewhere.example;Abonnée;2026-05-01;fr
sam@elsewhere.example;subscribed;2026-05-01;fr
Bob@alder.example;yes;2026-05-01;
=HYPERLINK("x");yes;2026-05-01;
"""


@pytest.fixture
def page(as_, olive):
    """A step of the page; out: the answer, with the hidden fields the next step sends."""
    client = as_(olive)

    def send(act, **fields):
        text = fields.pop("text", None)
        if text is not None:
            fields["file"] = SimpleUploadedFile("list.csv", text.encode("cp1252"))
        response = client.post(URL, {**GROUND, **fields, "act": act})
        assert response.status_code == 200
        carried = {}
        for name, value in (response.context or {}).get("carried", []):
            carried.setdefault(name, []).append(value)
        response.carried = carried
        response.text = response.content.decode()
        return response

    send.client = client
    return send


def outcomes(response):
    return {row.number: row.outcome.value for row in response.context["rows"]}


def test_french_headings_dry_run_then_import(page, bob, newsletter):
    checked = page("check", text=FILE)
    expected = {2: "added", 3: "repeated", 4: "added", 5: "bad_address"}
    assert outcomes(checked) == expected
    assert "2 lines can be imported. Nothing is imported yet." in checked.text
    assert not ConsentRecord.objects.exists()

    done = page("import", **checked.carried)
    assert outcomes(done) == expected
    assert may_send(bob, newsletter)
    sam = find_recipient("sam@elsewhere.example")
    assert (sam.language, sam.consent_records.get().wording) == ("fr", GROUND["wording"])
    assert AuditEvent.objects.get(kind="topic.imported").data["added"] == 2
    # pressed twice it is still one import
    assert outcomes(page("import", **checked.carried))[2] == "unchanged"


def test_an_opt_out_between_preview_and_import_is_kept_R44(page, bob, newsletter):
    checked = page("check", text=FILE)
    choose_topic(actor=bob, topic=newsletter, wants=False)
    assert outcomes(page("import", **checked.carried))[4] == "kept_out"
    assert not may_send(bob, newsletter)


def test_unknown_headings_are_named_by_hand(page):
    asked = page("check", text="Qui;Wann\nsam@elsewhere.example;2026-05-01\n")
    assert "What do the columns contain?" in asked.text
    assert not ConsentRecord.objects.exists()
    for columns, said in (
        (["", "date"], "Choose the column with"),
        (["address", "address"], "have the same content"),
        (["address", "hope"], "have the same content"),
    ):
        assert said in page("check", **asked.carried, column=columns).text
    checked = page("check", **asked.carried, column=["address", "date"])
    assert outcomes(checked) == {2: "added"}
    again = page("columns", **checked.carried)
    assert re.search(r'value="date" selected', again.text)
    page("import", **checked.carried)
    assert ConsentRecord.objects.get().at.date().isoformat() == "2026-05-01"


def test_a_doubtful_column_stops_the_import_with_a_question(page):
    text = "email,bounces\nno@pine.example,4\nyes@pine.example,0\n"
    asked = page("check", text=text)
    assert "may say who unsubscribed. Choose what they contain: bounces." in asked.text
    assert "may say who" in page("import", **asked.carried, column=["address", ""]).text
    assert "may say who" in page("import", **asked.carried, column=["address"]).text
    checked = page("check", **asked.carried, column=["address", "opted_out"])
    assert outcomes(checked) == {2: "opted_out", 3: "added"}
    assert [tuple(map(str, row)) for row in checked.context["values"]] == [
        ("bounces", "4", "Unsubscribed", "1"),
        ("bounces", "0", "Not unsubscribed", "1"),
    ]
    unrelated = page("check", **asked.carried, column=["address", "unrelated"])
    assert outcomes(unrelated) == {2: "added", 3: "added"}


def test_an_unknown_status_is_asked_about_with_its_count(page):
    text = "email,status\na@pine.example,On hold\nb@pine.example,on  hold\nc@pine.example,\n"
    asked = page("check", text=text + "d@pine.example,active\ne@pine.example,perhaps\n")
    assert "Are these people subscribed?" in asked.text
    assert [(found.value, found.count) for _, found, _date in asked.context["values"]] == [
        ("On hold", 2),
        ("", 1),
        ("perhaps", 1),
    ]
    values = ["On hold", "", "perhaps"]
    for meanings in (["refuses", "", "wants"], ["refuses", "hope", "wants"], ["refuses"]):
        again = page(
            "import", **asked.carried, value=values, value_column=[1, 1, 1], meaning=meanings
        )
        assert again.context["values"][0][1].value == ""
    checked = page(
        "check",
        **asked.carried,
        value=values,
        value_column=[1, 1, 1],
        meaning=["refuses", "leave_out", "wants"],
    )
    expected = {2: "opted_out", 3: "opted_out", 4: "not_confirmed", 5: "added", 6: "added"}
    assert outcomes(checked) == expected
    assert not ConsentRecord.objects.exists()
    assert outcomes(page("import", **checked.carried)) == expected
    assert ConsentRecord.objects.filter(wants=False).count() == 2


def test_answers_are_of_one_file_and_column(page):
    text = "email,status\na@pine.example,2\n"
    asked = page("check", text=text)
    answers = {"value": ["2"], "value_column": ["1"], "meaning": ["wants"]}
    checked = page("check", **asked.carried, **answers)
    assert outcomes(checked) == {2: "added"}
    for column in ("0", "x", "²", "9" * 5000):
        again = page("check", **asked.carried, **{**answers, "value_column": [column]})
        assert "Are these people subscribed?" in again.text
    back = page("change", **{k: v for k, v in checked.carried.items() if k not in GROUND})
    other = page("check", **back.carried, text=text)
    assert "Are these people subscribed?" in other.text
    assert "meaning" not in other.carried


def test_a_long_cell_and_an_ancient_date_are_refused_in_words(page):
    long = page("check", text="email,status\na@pine.example," + "x" * 1001)
    assert "Line 2, column 2 has a cell of more than 1000 characters" in long.text
    old = page("check", text="email\na@pine.example\n", default_date="0001-01-01")
    assert old.context["form"].errors["default_date"] == ["This date is too long ago."]


def test_a_column_of_names_is_no_status(page):
    text = "email,name\n" + "".join(f"n{n}@pine.example,Name {n}\n" for n in range(60))
    asked = page("check", text=text)
    answer = page("check", **{**asked.carried, "column": ["address", "status"]})
    assert "“name” has 60 different values" in answer.text


def test_a_list_of_opt_outs_alone_needs_no_basis(page, bob, newsletter):
    text = "Email,UNSUB_TIME\nbob@alder.example,last spring\nno@pine.example,2025-01-01\nnobody,\n"
    nothing = {"basis": "", "wording": "", "default_date": ""}
    checked = page("check", text=text.replace("nobody,", "nobody,x"), **nothing)
    assert outcomes(checked) == {2: "opted_out", 3: "opted_out", 4: "bad_address"}
    page("import", **checked.carried)
    records = {str(record.recipient.email): record for record in ConsentRecord.objects.all()}
    assert records["no@pine.example"].at.date().isoformat() == "2025-01-01"
    assert records["bob@alder.example"].wording == "Imported list of opt-outs."
    assert not may_send(bob, newsletter)


def test_an_express_yes_without_a_date_is_not_dated_today(page):
    checked = page("check", text="email\nyes@pine.example\n", default_date="")
    assert outcomes(checked) == {2: "no_date"}
    dated = page("check", **{**checked.carried, "default_date": "2026-01-02"})
    page("import", **dated.carried)
    assert ConsentRecord.objects.get().at.date().isoformat() == "2026-01-02"


@pytest.mark.parametrize("heading", ["Date", "Date de consentement", "Opt-in date"])
def test_the_default_date_fills_blanks_only_when_somebody_said_so(page, heading):
    text = f"email,{heading}\nask@pine.example,\nyes@pine.example,2025-01-01\n"
    asked = page("check", text=text)
    assert "Are these people subscribed?" in asked.text
    assert re.search(r"their date of consent is [\w.,\s]+2026,\s+which you gave", asked.text)
    assert [(found.value, found.count) for _, found, _date in asked.context["values"]] == [("", 1)]
    imported = page("import", **asked.carried)
    assert "Are these people subscribed?" in imported.text
    answer = {"value": [""], "value_column": ["1"]}
    for meaning, outcome in (
        ("leave_out", "not_confirmed"), ("refuses", "opted_out"), ("wants", "added")
    ):  # fmt: skip
        checked = page("check", **asked.carried, **answer, meaning=[meaning])
        assert outcomes(checked) == {2: outcome, 3: "added"}
    page("import", **checked.carried)
    at = ConsentRecord.objects.get(recipient__address="ask@pine.example").at
    assert at.date().isoformat() == "2026-01-02"


def test_blank_dates_without_a_default_are_left_out(page):
    text = "email,date\nask@pine.example,\nyes@pine.example,2025-01-01\n"
    checked = page("check", text=text, default_date="")
    assert outcomes(checked) == {2: "no_date", 3: "added"}
    assert "Fill in the date, or give a date of consent" in checked.text


def test_a_wrong_quotation_mark_costs_its_line_and_is_reported(page):
    """A line that can't be read is no yes, and neither is another line of its address."""
    text = (
        "email,name,status\n"
        'no@pine.example,"Ida,unsubscribed\n'
        "yes@pine.example,Ole,subscribed\n"
        'ole@pine.example,Ole",subscribed\n'
        "no@pine.example,Ida,subscribed\n"
    )
    checked = page("check", text=text)
    expected = {2: "unreadable", 3: "added", 4: "added", 5: "in_doubt"}
    assert outcomes(checked) == expected
    assert "Correct its quotation marks and import this line again." in checked.text
    assert "Correct line 2, which has this address too, and import both again." in checked.text
    assert outcomes(page("import", **checked.carried)) == expected
    subscribed = ConsentRecord.objects.values_list("recipient__address", flat=True)
    assert sorted(subscribed) == ["ole@pine.example", "yes@pine.example"]


@pytest.mark.parametrize("cell", ['no"@pine.example', "no@pine.example; x@pine.example"])
def test_a_refusal_whose_address_cannot_be_read_holds_back_a_yes(page, cell):
    text = f"email;status\n{cell};unsubscribed\nno@pine.example;subscribed\n".replace("; ", ", ")
    assert outcomes(page("check", text=text)) == {2: "bad_address", 3: "in_doubt"}


def test_a_broken_first_line_is_refused(page):
    answer = page("check", text='"email"x,status\nno@pine.example,unsubscribed\n')
    assert "The first line of this file (line 1)" in answer.context["form"].errors["file"][0]


def test_the_order_of_dates_is_seen_or_asked_about(page):
    text = "Email Address,CONFIRM_TIME\nyes@pine.example,03/04/2026\n"  # a Mailchimp file resaved
    asked = page("check", text=text)
    assert "the day comes first" in asked.context["form"].errors["date_order"][0]
    for order, day in (("day", "2026-04-03"), ("month", "2026-03-04")):
        checked = page("check", text=text, date_order=order)
        assert checked.context["report"]
        assert checked.context["rows"][0].at.date().isoformat() == day
    seen = page("check", text=text + "other@pine.example,25/04/2026\n", date_order="month")
    assert [row.at.date().isoformat() for row in seen.context["rows"]] == [
        "2026-04-03",
        "2026-04-25",
    ]


def test_what_the_check_said_is_what_is_imported_however_wide_the_file(page):
    heading = ["email", *(f"field {n}" for n in range(1, 60))]
    heading[50] = "status"
    cells = [["yes@pine.example", *["x" * 1500] * 59], ["no@pine.example", *["x"] * 59]]
    cells[0][50], cells[1][50] = "subscribed", "unsubscribed"
    checked = page("check", text="\n".join(map(",".join, [heading, *cells])))
    assert outcomes(checked) == {2: "added", 3: "opted_out"}
    for name, value in (
        ("wording", "Other words."),
        ("default_date", "2026-01-03"),
        ("checked", "x"),
        ("checked", ""),
    ):
        answer = page("import", **{**checked.carried, name: value})
        assert "not the list you checked" in answer.text
    assert not ConsentRecord.objects.exists()
    assert outcomes(page("import", **checked.carried)) == {2: "added", 3: "opted_out"}
    assert ConsentRecord.objects.get(wants=False).recipient.email == "no@pine.example"


def test_a_file_too_wide_is_refused_in_words(page):
    answer = page("check", text="email" + ",x" * 400 + "\n")
    assert "too many columns. Keep at most 400" in answer.context["form"].errors["file"][0]


def test_a_file_without_heading_keeps_its_first_line(page):
    asked = page("check", text="sam@elsewhere.example,en\nkim@elsewhere.example,fr\n")
    checked = page("check", **asked.carried, column=["address", "language"])
    assert outcomes(checked) == {1: "added", 2: "added"}


def test_an_implied_basis_without_its_date_asks_for_the_column_R17(page):
    asked = page(
        "check",
        text="email,since\nsam@elsewhere.example,2026-05-01\n",
        basis="inquiry",
        default_date="",
    )
    assert "What do the columns contain?" in asked.text
    assert "Implied consent needs a start date" in asked.text
    checked = page("check", **{**asked.carried, "column": ["address", "date"]})
    assert outcomes(checked) == {2: "added"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"basis": ""}, "basis"),
        ({"basis": "hope"}, "basis"),
        ({"wording": " "}, "wording"),
        ({"topic": "legal"}, "topic"),
        ({"topic": ""}, "topic"),
        ({"basis": "contract", "topic": "promotions"}, "basis"),
        ({"basis": "inquiry"}, "default_date"),
        ({"default_date": "2999-01-01"}, "default_date"),
        ({"default_date": "soon"}, "default_date"),
        ({"date_order": "year"}, "date_order"),
        ({"text": ""}, "file"),
        ({"text": "email\n" + "sam@elsewhere.example\n" * 10_001}, "file"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(page, wrong, field):
    for act in ("check", "import"):
        response = page(act, **{"text": "email,date\nsam@elsewhere.example,2026-05-01\n", **wrong})
        assert response.context["form"].errors[field]
    assert not ConsentRecord.objects.exists()
    assert not Recipient.objects.filter(user=None).exists()


@pytest.mark.parametrize(
    "table",
    ["{}", "[1]", '[[1,["a",2]]]', "[[1e999,[]]]", "[[", json.dumps([[1, ["x"]]] * 10_002)],
)
def test_a_tampered_list_is_refused(page, table):
    response = page("import", table=table, column=["address"])
    assert "Start again." in response.text
    assert not ConsentRecord.objects.exists()


def test_change_keeps_the_lines_and_the_form(page):
    checked = page("check", text=FILE)
    back = page("change", **{k: v for k, v in checked.carried.items() if k not in GROUND})
    assert "5 lines of your file are kept" in back.text
    assert GROUND["wording"] in back.text
    assert outcomes(page("check", **back.carried))[2] == "added"
    # another file takes the place of the lines, and of what their columns hold
    other = page("check", **back.carried, text="date,email\n2026-05-01,kim@elsewhere.example\n")
    assert outcomes(other) == {2: "added"}


def test_the_report_has_no_formulas_and_is_private(page):
    checked = page("check", text=FILE)
    report = re.search(r'name="report" value="([^"]+)"', checked.text)[1]
    response = page.client.post(reverse("preferences:import-report"), {"report": report})
    rows = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
    assert rows[0] == ["Line", "Address", "Result", "Column", "Value", "Next step"]
    sam = "sam@elsewhere.example"
    assert rows[1] == ["2", sam, "Added", "", "", ""]
    assert rows[2][2:] == [
        "Left out: another line has this address",
        "Courriel",
        sam,
        "Nothing to do: line 2 is used instead.",
    ]
    assert rows[4][1].startswith("'=")
    assert rows[4][3:] == [
        "Courriel", "'=HYPERLINK(\"x\")", "Correct the address and import this line again."
    ]  # fmt: skip
    for forged in ("", "x", report[:-3] + "abc"):
        answer = page.client.post(reverse("preferences:import-report"), {"report": forged})
        assert answer.status_code == 400


def test_ten_thousand_lines_take_few_queries(page, django_assert_max_num_queries):
    text = "email,status\n" + "".join(f"n{n}@elsewhere.example,yes\n" for n in range(10_000))
    checked = page("check", text=text)
    assert checked.context["written"] == 10_000
    assert len(checked.context["rows"]) == 200
    with django_assert_max_num_queries(400):  # rows go in by the batch
        done = page("import", **checked.carried)
    assert done.context["written"] == 10_000
    assert ConsentRecord.objects.count() == 10_000


def test_only_staff_who_manage_topics_may(as_, dana, alice, bob):
    for person in (dana, alice, bob):
        client = as_(person)
        assert client.get(URL).status_code == 403
        response = client.post(URL, {**GROUND, "act": "import", "table": "[]"})
        assert response.status_code == 403
        assert client.post(reverse("preferences:import-report"), {}).status_code == 403
    assert not ConsentRecord.objects.exists()
