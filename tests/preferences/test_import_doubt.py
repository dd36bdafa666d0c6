"""What may be a refusal is asked about: columns, values and dates of no known export."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from accounts.spreadsheets import has_heading
from preferences.forms.imports import positions_of
from preferences.services.import_dates import parse_moment
from preferences.services.import_layouts import (
    DATE,
    OPTED_OUT,
    SUSPICIOUS,
    classify,
    classify_columns,
)
from preferences.services.import_lines import Reading, unknown_values
from preferences.services.import_words import (
    Meaning,
    confirmed_meaning,
    normalise,
    opted_out_meaning,
    status_meaning,
)
from tests.preferences.test_import_layouts import lines_of, read


@pytest.mark.parametrize("value", ["-1", "- 1", "\u22121", "\u20131", "1-"])
def test_minus_one_is_no_yes(value):  # Joomla and Drupal modules write it for "unsubscribed"
    assert status_meaning(value) == Meaning.UNKNOWN
    assert read(lines_of(f"Email,Status\nask@pine.example,{value}")) == {"ask@pine.example": "ask"}


@pytest.mark.parametrize("value", ["opt\u2011out", "Opted - out", "un\u00adsubscribed"])
def test_hyphens_of_every_kind_part_words(value):
    assert status_meaning(value) == Meaning.REFUSES
    assert normalise("opt-in") == "opt in"


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("2024-05-05 unsubscribed", Meaning.REFUSES),
        ("2024-05-05 (bounced)", Meaning.REFUSES),
        ("2024-05-05 pending", Meaning.LEAVE_OUT),
        ("0000-00-00 00:00:00", Meaning.LEAVE_OUT),
        ("2024-05-05 10:11:12", Meaning.WANTS),
        ("05/31/2024", Meaning.WANTS),
    ],
)
def test_a_date_is_a_yes_only_alone(value, meaning):  # notes typed beside a date
    assert confirmed_meaning(value) == meaning


@pytest.mark.parametrize(
    "value",
    ["0000-00-00 00:00:00", "none", "N/A", "[]", "{}", "NULL", r"\N", "0001-01-01", "1899-12-30"],
)
def test_nothing_under_opted_out_is_asked_about(value):  # MySQL, .NET, Excel, JSON
    assert opted_out_meaning(value) == Meaning.UNKNOWN
    lines = lines_of(f"Email,Unsubscribed\nyes@pine.example,{value}\nno@pine.example,2025-01-01")
    positions = positions_of(classify_columns(lines), lines)
    reading = Reading(positions, "express", date(2025, 1, 1))
    assert [found.value for found in unknown_values(lines[1:], reading)] == [value]
    assert read(lines) == {"yes@pine.example": "ask", "no@pine.example": "no"}


@pytest.mark.parametrize(
    ("heading", "values", "held"),
    [
        ("Wanted", {"TRUE", "FALSE"}, SUSPICIOUS),
        ("Field 7", {"1", ""}, SUSPICIOUS),
        ("Level", {"-1", "0", "3"}, SUSPICIOUS),
        ("Field 8", {"2025-01-01", ""}, SUSPICIOUS),
        ("Field 8", {"2025-01-01", "NULL"}, SUSPICIOUS),
        ("Field 8", {"2025-01-01", "2025-02-01"}, ""),
        ("Version", {"EN", "FR"}, SUSPICIOUS),
        ("Attributes", {"{}"}, ""),  # listmonk
        ("Member rating", {"1", "2"}, ""),  # Mailchimp
        ("First name", {"On", "No"}, ""),
        ("Notes", {"unsubscribed, see gina@pine.example", ""}, SUSPICIOUS),
        ("Notes", {"x" * 5000 + " unsubscribed"}, SUSPICIOUS),
        ("Notes", {"NPAI"}, SUSPICIOUS),
        ("Notes", {"unsubscribed:gina@pine.example"}, SUSPICIOUS),
        ("", {"2025-01-01"}, SUSPICIOUS),
        ("Subscribed", {"2025-01-01", "0000-00-00"}, DATE),
        ("Confirmed", {"2025-01-01", "unsubscribed"}, "confirmed"),
        ("Owner", {"unsubscribe@pine.example"}, ""),
        ("Link", {"https://list.example/u/1", ""}, SUSPICIOUS),
        ("Link", {"https://list.example/u/1"}, ""),
        ("Unsubscribed", {"https://list.example/u/1", ""}, SUSPICIOUS),
        ("No bounce", {"yes", "no"}, SUSPICIOUS),
        ("Spam-free", {"yes", "no"}, SUSPICIOUS),
        ("Clean", {"yes", "no"}, SUSPICIOUS),
        ("Bounce check passed", {"yes", "no"}, SUSPICIOUS),
        ("Without complaint", {"yes", "no"}, SUSPICIOUS),
        ("Subscription end date", {"2025-01-01", ""}, SUSPICIOUS),
        ("Consent expired", {"yes", ""}, SUSPICIOUS),
        ("Ne veut plus", {"oui", ""}, OPTED_OUT),
        ("Retrait", {"2025-01-01", ""}, OPTED_OUT),
        ("Do not bulk email", {"1", "0"}, OPTED_OUT),  # Dynamics 365
        ("On hold", {"1", "0"}, OPTED_OUT),  # CiviCRM
        ("Excluded", {"x", ""}, OPTED_OUT),
        ("Delivery failure", {"x", ""}, OPTED_OUT),
        ("Suspended", {"x", ""}, OPTED_OUT),
        ("LCAP", {"non"}, SUSPICIOUS),
    ],
)
def test_what_may_be_a_yes_or_a_no_is_asked_about(heading, values, held):
    assert classify(heading, values) == held


@pytest.mark.parametrize("word", ["Résilié", "Révoqué", "Annulé", "Injoignable", "Banni", "Radié"])
def test_french_headings_of_refusals(word):
    assert classify(word, {"2025-01-01", ""}) == OPTED_OUT
    assert classify("Groupe", {word, "Clients"}) == SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "result"),
    [("DO NOT EMAIL", "out"), ("Gina (unsubscribed)", "out"), ("Gina Roy", "yes")],
)
def test_the_name_beside_an_address_may_refuse(name, result):
    assert read(lines_of(f"Email\n{name} <g@pine.example>")) == {"g@pine.example": result}


def test_every_column_of_dates_is_looked_at():
    lines = lines_of(
        "Email,Opt-in date,Date\na@pine.example,2025-01-01,\nb@pine.example,2025-01-01,unsubscribed"
    )
    assert classify_columns(lines)[1:] == [DATE, SUSPICIOUS]
    blank = lines_of("Email,Opt-in date,Date\na@pine.example,2025-01-01,\nb@pine.example,"
                     "2025-01-01,2025-02-01")  # fmt: skip
    assert classify_columns(blank)[1:] == [DATE, SUSPICIOUS]
    only = lines_of("Email,Date\nno@pine.example,unsubscribed\nyes@pine.example,2025-01-01")
    assert read(only) == {"no@pine.example": "no", "yes@pine.example": "yes"}


@pytest.mark.parametrize(
    ("value", "result"), [("unsubscribed", "no"), ("NPAI", "out"), ("fr", "yes")]
)
def test_a_language_may_refuse(value, result):
    assert read(lines_of(f"Email,Langue\na@pine.example,{value}")) == {"a@pine.example": result}


@pytest.mark.parametrize("heading", ["Subscribed", "Confirmed", "Confirmed at"])
def test_a_blank_among_dates_is_no_silent_yes(heading):
    lines = lines_of(f"Email,{heading}\nask@pine.example,\nyes@pine.example,2025-01-01")
    assert read(lines) == {"ask@pine.example": "ask", "yes@pine.example": "yes"}
    positions = positions_of(classify_columns(lines), lines)
    answered = Reading(positions, "express", answers={(1, ""): "leave_out"})
    assert unknown_values(lines[1:], answered) == []
    assert unknown_values(lines[1:], Reading(positions, "express"))[0].value == ""


def test_columns_without_heading_are_named():
    lines = lines_of("a@pine.example,1,Oak\nb@pine.example,0,Elm")
    with pytest.raises(ValidationError, match=r"contain: Column 2\."):
        positions_of(["address", "", ""], lines)
    positions_of(["address", "unrelated", ""], lines)
    assert has_heading(lines_of("Courriel (@),Ville\na@pine.example,Laval"))


def test_a_date_of_refusal_is_no_date_of_consent():
    lines = lines_of("Email,Subscription end date,Wann\na@oak.example,2025-01-01,\nb@pine.example,,"
                     "2025-01-01")  # fmt: skip
    with pytest.raises(ValidationError, match=r"contain: Subscription end date\."):
        positions_of(["address", "date", "unrelated"], lines)
    assert positions_of(["address", "unrelated", "date"], lines).date == 2


def test_an_answer_counts_in_its_column():
    lines = lines_of("Email,Status,Email status\nask@pine.example,2,2")
    positions = positions_of(classify_columns(lines), lines)
    reading = Reading(positions, "express", answers={(1, "2"): "wants"})
    assert [found.column for found in unknown_values(lines[1:], reading)] == [2]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "1969-12-31", "9999-12-31 23:59-11"])
def test_a_date_out_of_range_is_none(text):
    assert parse_moment(text) is None


@pytest.mark.parametrize("heading", ["Status", "Unsubscribed", "Confirmed", "Date", "Language"])
def test_a_long_cell_that_decides_stops_the_import(heading):
    lines = lines_of(f"Email,{heading}\na@pine.example,a" + "\u0301\u0323" * 50_000)
    with pytest.raises(ValidationError, match=r"Line 2, column 2 has a cell of more than 1000"):
        positions_of(
            [guess if guess != SUSPICIOUS else OPTED_OUT for guess in classify_columns(lines)],
            lines,
        )
