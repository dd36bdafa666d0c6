"""The exports of other list tools: no line that says no becomes a yes, whatever it says it with."""

import io
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.spreadsheets import Line, read_table
from preferences.choices import ImportOutcome
from preferences.forms.imports import positions_of
from preferences.services.import_layouts import SUSPICIOUS, classify, classify_columns
from preferences.services.import_lines import Reading, read_line, unknown_values, values_found
from preferences.services.import_words import Meaning

# In each file an address begins with what must come of its line: "yes", "no" (refused), "out"
# (neither), or "ask" (its status is asked about).
FILES = {
    "Mailchimp, subscribed": """
Email Address,First Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LANGUAGE,NOTES
yes.1@pine.example,Ida,2,,,2025-02-03 10:11:12,203.0.113.9,en,
yes.2@pine.example,Ole,3,2025-01-01 00:00:00,,2025-01-01 00:10:00,,fr,likes tea
""",
    "Mailchimp, unsubscribed": """
Email Address,First Name,MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,UNSUB_REASON_OTHER
no.1@pine.example,Ida,2,2025-01-01 00:00:00,2025-06-01 08:00:00,June,NORMAL,
no.2@pine.example,Ole,2,2025-01-01 00:00:00,2025-06-02 08:00:00,,OTHER,too often
""",  # noqa: E501
    "Mailchimp, cleaned": """
Email Address,First Name,MEMBER_RATING,OPTIN_TIME,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID
no.1@pine.example,Ida,2,2025-01-01 00:00:00,2025-06-01 08:00:00,June,ab12
""",
    "Brevo": """
CONTACT ID;EMAIL;LASTNAME;EMAIL_BLACKLISTED;SMS_BLACKLISTED;OPT_IN;DOUBLE_OPT-IN;ADDED_TIME
1;no.1@pine.example;Oak;true;false;true;Yes;01-02-2025
2;yes.2@pine.example;Elm;false;false;true;Yes;01-02-2025
3;out.3@pine.example;Ash;false;false;false;Yes;01-02-2025
""",
    "HubSpot": """
Record ID,First Name,Email,Unsubscribed from all email,Unsubscribed of email: Newsletter,Email hard bounce reason
11,Ida,no.1@pine.example,Yes,,
12,Ole,no.2@pine.example,,true,
13,Pia,no.3@pine.example,No,false,UNKNOWN_USER
14,Kay,yes.4@pine.example,No,false,
""",  # noqa: E501
    "Constant Contact": """
Email address,First name,Email status,Email permission status,Opt-out Source,Opt-out Date,Opt-out Reason
no.1@pine.example,Ida,Unsubscribed,Unsubscribed,Contact,2025-03-04,
no.2@pine.example,Ole,Active,Subscribed,Account owner,,
yes.3@pine.example,Pia,Active,Subscribed,,,
ask.4@pine.example,Kay,Awaiting confirmation,Subscribed,,,
""",  # noqa: E501
    "Zoho Campaigns": """
Contact Email,First Name,Email Status,Unsubscribed Time
no.1@pine.example,Ida,Unsubscribed,2025-03-04
no.2@pine.example,Ole,Bounced,
no.3@pine.example,Pia,Marked as Spam,
yes.4@pine.example,Kay,Active,
""",
    "phpList": """
email,confirmed,blacklisted,optedin,bouncecount,entered,modified,htmlemail,disabled
no.1@pine.example,1,1,1,0,2025-01-01 00:00:00,,1,0
no.2@pine.example,1,0,1,0,2025-01-01 00:00:00,,1,1
out.3@pine.example,0,0,1,0,2025-01-01 00:00:00,,1,0
yes.4@pine.example,1,0,1,0,2025-01-01 00:00:00,,1,0
""",
    "listmonk": """
uuid,email,name,attributes,status,subscription_status,created_at
u1,no.1@pine.example,Ida,{},blocklisted,confirmed,2025-01-01T00:00:00Z
u2,no.2@pine.example,Ole,{},enabled,unsubscribed,2025-01-01T00:00:00Z
u3,no.3@pine.example,Pia,{},disabled,confirmed,2025-01-01T00:00:00Z
u4,yes.4@pine.example,Kay,{},enabled,confirmed,2025-01-01T00:00:00Z
u5,ask.5@pine.example,Joy,{},enabled,unconfirmed,2025-01-01T00:00:00Z
""",
    "Sendy": """
Name,Email,Status,Last activity
Ida,no.1@pine.example,Unsubscribed,
Ole,no.2@pine.example,Bounced,
Pia,no.3@pine.example,Complaint: marked as spam,
Kay,yes.4@pine.example,Subscribed,
Joy,ask.5@pine.example,Soft bounced,
""",
    "Sympa": """
email;gecos;reception;visibility;date;subscribed;suspend;bounce
no.1@pine.example;Ida Oak;mail;noconceal;2025-01-01;0;;
yes.2@pine.example;Ole Elm;mail;noconceal;2025-01-01;1;;
""",
    "Mailman 3": """
email,display name,delivery_status,subscribed_on
no.1@pine.example,Ida,by_bounces,2025-01-01
yes.2@pine.example,Ole,enabled,2025-01-01
ask.3@pine.example,Pia,by_user,2025-01-01
""",
    "Mailman 2": """
address,fullname,nomail,digest
no.1@pine.example,Ida,1,0
yes.2@pine.example,Ole,0,1
""",
    "Cyberimpact": """
Courriel;Prénom;Nom;Langue;Statut;Date d'inscription;Date de désabonnement;Raison du désabonnement
no.1@pine.example;Ida;Oak;fr;Désabonné;2025-01-01;2025-02-01;Trop de courriels
no.2@pine.example;Ole;Elm;fr;Invalide;2025-01-01;;
no.3@pine.example;Pia;Ash;fr;Actif;2025-01-01;le printemps dernier;
yes.4@pine.example;Kay;Fir;fr;Actif;2025-01-01;;
""",
}


def lines_of(text):
    return read_table(io.BytesIO(text.strip().encode()))


def read(lines, columns=None):
    """Read a table as the page does; out: address → what came of its line."""
    positions = positions_of(columns or classify_columns(lines), lines)
    reading = Reading(positions, "express", date(2025, 1, 1))
    results = {}
    for row in [read_line(line, reading) for line in lines[1:]]:
        added = row.outcome == ImportOutcome.ADDED
        results[row.address] = (
            ("yes" if row.wants else "no")
            if added
            else {"not_confirmed": "out", "bad_status": "ask"}.get(row.outcome.value, "bad")
        )
    return results


@pytest.mark.parametrize("tool", FILES)
def test_an_export_is_understood_as_it_comes(tool):
    lines = lines_of(FILES[tool])
    results = read(lines)
    assert results == {address: address.partition(".")[0] for address in results}
    reading = Reading(positions_of(classify_columns(lines), lines), "express")
    asked = unknown_values(lines[1:], reading)
    assert bool(asked) == any(result == "ask" for result in results.values())


@pytest.mark.parametrize("tool", FILES)
def test_a_column_of_refusals_left_out_by_hand_is_asked_about(tool):
    lines = lines_of(FILES[tool])
    columns = classify_columns(lines)
    for number, name in enumerate(columns):
        if name in ("status", "opted_out", "confirmed"):
            for other in ("", "date" if "date" not in columns else ""):
                with pytest.raises(ValidationError, match="may say who unsubscribed"):
                    positions_of([*columns[:number], other, *columns[number + 1 :]], lines)


@pytest.mark.parametrize(
    ("heading", "values", "held"),
    [
        ("HasOptedOutOfEmail", {"true", "false"}, "opted_out"),  # Salesforce
        ("Email Opt Out", {"TRUE", ""}, "opted_out"),  # Zoho CRM
        ("Global suppression", {"x", ""}, "opted_out"),
        ("Ne pas envoyer", {"oui", "non"}, "opted_out"),
        ("Bounces", {"3", "0"}, SUSPICIOUS),  # a count: how many are too many?
        ("Not unsubscribed", {"true", "false"}, SUSPICIOUS),
        ("Unsubscribed or subscribed", {"yes", "no"}, SUSPICIOUS),
        ("Unsubscribed", {"subscribed", "unsubscribed"}, SUSPICIOUS),
        ("Double opt-in", {"No", "Yes"}, SUSPICIOUS),
        ("Group", {"staff", "Unsubscribed"}, SUSPICIOUS),  # a value tells it
        ("Accepts Email Marketing", {"no", "yes"}, SUSPICIOUS),  # Shopify
        ("Newsletter", {"1", ""}, SUSPICIOUS),
        ("Consentement", {"Exprès", "Aucun"}, SUSPICIOUS),
        ("Email Address Status", {"P"}, "status"),
        ("Marketing contact status", {"Marketing contact"}, ""),  # HubSpot: who is paid for
        ("Status", {"abgemeldet"}, "status"),
        ("Lead status", {"Active", "New"}, SUSPICIOUS),
        ("State", {"Ontario", "Quebec"}, ""),
        ("Unsubscribe link", {"https://list.example/u/1"}, SUSPICIOUS),
        ("Subscribed", {"2025-01-01", ""}, "date"),
        ("Unsubscribed", {"3 mars 2025", "12/31/2024", ""}, "opted_out"),
        ("Town", {"Halifax"}, ""),
    ],
)
def test_a_heading_is_read_with_its_values(heading, values, held):
    assert classify(heading, values) == held


def test_a_line_with_a_cell_too_many_is_asked_about():
    """An unquoted comma in a name, as old Mailman exports have, moves the refusal to the right."""
    lines = lines_of("email,name,blacklisted\nno@pine.example,Oak, Ida,1\nyes@pine.example,Ole,0")
    with pytest.raises(ValidationError, match="Column 4"):
        read(lines)


def test_an_address_may_come_with_its_name():
    lines = lines_of("Email,Status\nIda Oak <no.1@pine.example>,unsubscribed")  # Mailman 2
    assert read(lines) == {"no.1@pine.example": "no"}


def test_each_value_is_shown_with_what_it_means():
    lines = lines_of(FILES["HubSpot"])
    reading = Reading(positions_of(classify_columns(lines), lines), "express")
    found = [(f.column, f.value, f.meaning, f.count) for f in values_found(lines[1:], reading)]
    assert found[:3] == [
        (3, "No", Meaning.NOT_REFUSED, 2),
        (3, "Yes", Meaning.REFUSES, 1),
        (3, "", Meaning.NOT_REFUSED, 1),
    ]


REFUSED = [
    Line(1, ["Email", "Unsubscribed", "Status"]),
    Line(2, ["no.1@pine.example", "yes", "subscribed"]),
    Line(3, ["no.2@pine.example", "", "bounced"]),
    Line(4, ["yes.3@pine.example", "no", "subscribed"]),
]
WORDS = [
    "", "yes", "no", "true", "0", "1", "-1", "subscribed", "unsubscribed", "2025-01-01", "bounce",
    "null", "0000-00-00", "2025-01-01 unsubscribed", "https://list.example/u/1",
    "Unsubscribed <a@pine.example>",
]  # fmt: skip
HEADINGS = [
    "Email", "Status", "Subscribed", "Opt in", "Unsubscribed", "Date", "Not opted out", "Notes",
    "No bounce", "Confirmed", "Field 1", "Courriel (@)", "",
]  # fmt: skip


@given(
    heading=st.sampled_from(HEADINGS) | st.text(max_size=20).filter(lambda t: "@" not in t),
    values=st.lists(st.sampled_from(WORDS) | st.text(max_size=20), min_size=3, max_size=3),
    at=st.integers(0, 3),
)
def test_no_added_column_turns_a_refusal_into_a_yes(heading, values, at):
    lines = [
        Line(line.number, [*line.cells[:at], cell, *line.cells[at:]])
        for line, cell in zip(REFUSED, [heading, *values], strict=True)
    ]
    try:
        results = read(lines)
    except ValidationError:  # the import stops with a question
        return
    assert "yes" not in (results.get("no.1@pine.example"), results.get("no.2@pine.example"))


@given(
    heading=st.sampled_from(HEADINGS),
    values=st.lists(st.sampled_from(WORDS), min_size=2, max_size=2),
    refusal=st.sampled_from(
        ["unsubscribed", "2025-01-01 unsubscribed", "-1", "bounced", "Do not mail <a@b.example>"]
    ),
)
def test_no_heading_makes_a_refusal_a_yes(heading, values, refusal):
    lines = [Line(1, ["Email", heading]), Line(2, ["no@pine.example", refusal])]
    lines += [Line(n, [f"{n}@pine.example", value]) for n, value in enumerate(values, start=3)]
    try:
        results = read(lines)
    except ValidationError:
        return
    assert results.get("no@pine.example") != "yes"


@settings(deadline=None)
@given(
    tool=st.sampled_from(sorted(FILES)),
    places=st.lists(st.integers(0, 2000), min_size=1, max_size=3),
)
def test_stray_quotation_marks_make_no_refusal_a_yes(tool, places):
    """Whatever a wrong mark swallows, an address that refused is refused, asked about or left."""
    text = FILES[tool].strip() + "\n"
    first = text.index("\n") + 1
    for place in places:
        at = first + place % (len(text) - first)
        text = f'{text[:at]}"{text[at:]}'
    try:
        results = read(lines_of(text))
    except ValidationError:  # the import stops with a question
        return
    assert not [
        address
        for address, result in results.items()
        if result == "yes" and address.startswith(("no.", "out."))
    ]
