"""Dates as other tools and spreadsheet programs write them."""

import pytest
from django.utils import timezone

from preferences.services.import_dates import day_is_first, parse_moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-02", "2026-05-02T00:00:00"),
        ("2026/5/2", "2026-05-02T00:00:00"),
        ("2026-05-02 10:11:12", "2026-05-02T10:11:12"),  # Mailchimp, phpList
        ("2.5.2026 9:05", "2026-05-02T09:05:00"),
        ("25/04/2026 09:05", "2026-04-25T09:05:00"),
        ("2 May 2026", "2026-05-02T00:00:00"),
        ("02-May-2026", "2026-05-02T00:00:00"),
        ("May 2nd, 2026 1:05 pm", "2026-05-02T13:05:00"),
        ("Sept. 12, 2025 12:00 AM", "2025-09-12T00:00:00"),
        ("1er février 2026", "2026-02-01T00:00:00"),
        ("3 août 2026, 14:05", "2026-08-03T14:05:00"),
    ],
)
def test_a_date_without_offset_is_the_providers(text, expected):
    assert timezone.make_naive(parse_moment(text)).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-02T10:00:00Z", "2026-05-02T10:00:00.123456Z", "2026-05-02 10:00:00 UTC",
        "2026-05-02T12:00:00+02:00", "2026-05-02 06:00:00 -0400", "2026-05-02T12:00+02",
    ],
)  # fmt: skip
def test_an_offset_counts(text):  # listmonk, HubSpot
    assert parse_moment(text).timestamp() == 1777716000


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2026-02-31", "31/31/2026", "2026", "1777716000", "5/6", "3 Foo 2026",
        "2026-05-02 25:00", "2026-05-02 and more", "0000-00-00 00:00:00", "2026-05-02T10:00+99:00",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text):
    assert parse_moment(text) is None


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["03/04/2026", "25/04/2026"], True),
        (["03/04/2026", "04-25-2026"], False),
        (["03/04/2026"], None),
        (["25/04/2026", "04/25/2026"], None),
        (["04/04/2026", "", "x", "2026-04-03", "3.4.2026"], True),
        ([], True),
    ],
)
def test_a_column_tells_the_order(texts, first):
    assert day_is_first(texts) == first


def test_month_first_is_read_so():
    assert timezone.make_naive(parse_moment("03/04/2026", day_first=False)).month == 3
    dotted = timezone.make_naive(parse_moment("03.04.2026", day_first=False))
    assert dotted.month == 4, "a dotted date has the day first all the same"
