"""Forms no browser would send are refused without a server error."""

import json

import pytest
from django.urls import reverse

from accounts.models import Invitation
from portals.models import ReviewItem

NASTY = {
    "nul": "a\x00b",
    "escaped surrogate": "\ud800",
    "bidi": "a\u202eb",
    "header": "Gina\r\nBcc: all@birch.example",
    "emoji": "\U0001f980" * 50,
}


@pytest.fixture
def page(alder):
    return reverse("portals:invite", args=["alder"])


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY.keys())
@pytest.mark.parametrize("act", ["check", "send"])
def test_a_tampered_row_invites_nobody(page, as_, alice, nasty, act):
    for place in range(5):
        row = ["gina@alder.example", "", "", "", ""]
        row[place] = nasty
        answer = as_(alice).post(page, {"act": act, "role": "user", "rows": json.dumps([row])})
        assert answer.status_code == 200

    for made in Invitation.objects.filter(customer__slug="alder"):
        assert not {"\x00", "\r", "\n", "\u202e"} & set(made.name + made.work_phone + made.address)


@pytest.mark.parametrize(
    "table",
    [
        '[[Infinity, ["a@b.example"]]]', '[[1e999, ["a"]]]', '[[NaN, ["a"]]]', '[[null, ["a"]]]',
        '[[true, ["a"]]]', '[["1", ["a"]]]', "[[1, []]]", "[[-5, [\"\"]]]", "[[1]]", "[{}]", "{}",
        "[" * 100_000, '[[1, ["\\ud800"]]]', '[[1, ["\\u0000"]]]', "[[%s, [\"a\"]]]" % ("9" * 5000),
    ],
)  # fmt: skip
def test_a_tampered_table_is_refused(page, as_, alice, table):
    for column in ([], ["address"], ["address", "address"], ["nothing"]):
        answer = as_(alice).post(
            page, {"act": "check", "role": "user", "table": table, "column": column}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "day", ["9999-12-31", "0001-01-01", "2999-12-31", "1969-12-31", "2026-02-30", "x"]
)
def test_a_day_at_the_end_of_time_is_refused_in_a_review(day, as_, alice, alder):
    review = alder.access_reviews.open().get()
    item = ReviewItem.objects.filter(review=review, kind="person").exclude(
        membership__user=alice
    ).first()  # fmt: skip
    lines = ReviewItem.objects.filter(review=review, section=item.section)
    data = {"line": [line.pk for line in lines]}
    for one in lines:
        data |= {f"decision-{one.pk}": "keep"}
    data |= {f"decision-{item.pk}": "reduce", f"until-{item.pk}": day}
    answer = as_(alice).post(reverse("portals:review-save", args=["alder", review.uuid]), data)
    assert answer.status_code in (200, 302)
