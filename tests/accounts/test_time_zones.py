"""One style of dates, and time zones of people and companies.

Reported of others as opencollective/opencollective#5386 (dates that can be misread), and as
tldraw/tldraw#9475 (an end at the beginning of the day that is named).
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.forms.time_zones import TimeZoneField
from accounts.models import Membership
from accounts.services.customers import update_company
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.people import update_profile
from accounts.services.versions import version_of
from accounts.timezones import end_date, end_date_in_zone, end_of_day, zone_label, zone_names

VANCOUVER, TORONTO, PARIS = map(ZoneInfo, ["America/Vancouver", "America/Toronto", "Europe/Paris"])


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "28 Nov 2026", "28 Nov 2026, 2:05 pm"),
        ("fr", "28 nov. 2026", "28 nov. 2026, 14\u00a0h\u00a005"),
    ],
)
def test_one_style_of_dates(language, day, moment):
    local = datetime(2026, 11, 28, 14, 5, tzinfo=TORONTO)
    with translation.override(language):
        for style in ("DATE_FORMAT", "SHORT_DATE_FORMAT"):
            assert date_format(local, style) == day
        for style in ("DATETIME_FORMAT", "SHORT_DATETIME_FORMAT"):
            assert date_format(local, style) == moment


@pytest.mark.parametrize(
    ("zone", "moment", "page", "email"),
    [
        (TORONTO, end_of_day, "5 Dec 2026", "5 Dec 2026 (end of day, Toronto time)"),
        (PARIS, end_of_day, "5 Dec 2026", "5 Dec 2026 (end of day, Paris time)"),
        (
            VANCOUVER,
            lambda _day: datetime(2026, 12, 6, 5, 0, tzinfo=UTC),
            "5 Dec 2026, 9:00 pm",
            "5 Dec 2026, 9:00 pm (Vancouver time)",
        ),
    ],
)
def test_an_end_names_the_last_day(zone, moment, page, email):
    with timezone.override(zone):
        ends_at = moment(date(2026, 12, 5))
        assert (end_date(ends_at), end_date_in_zone(ends_at)) == (page, email)
    assert end_date(None) == end_date_in_zone(None) == ""


@pytest.mark.parametrize("zone", [TORONTO, VANCOUVER, PARIS, UTC])
def test_a_day_is_over_with_its_midnight_whatever_the_clocks_do(zone):
    """On the days the clocks change too."""
    for day in (date(2026, 3, 8), date(2026, 11, 1), date(2026, 3, 29), date(2026, 12, 31)):
        with timezone.override(zone):
            ends_at = end_of_day(day)
            assert end_date(ends_at) == date_format(day, "DATE_FORMAT")
        assert ends_at.astimezone(zone).date() > day


def test_zones_are_called_by_their_city():
    assert zone_label(VANCOUVER) == "Vancouver time"
    assert zone_label(ZoneInfo("UTC")) == "UTC"
    with translation.override("fr"):
        assert zone_label(ZoneInfo("America/New_York")) == "heure de New York"
    assert {"America/Toronto", "Europe/Paris", "UTC"} <= set(zone_names())


@pytest.fixture
def vancouver(alice, alder):
    """Alder is in Vancouver; the provider in Toronto."""
    return update_company(actor=alice, customer=alder, time_zone="America/Vancouver")


@pytest.mark.parametrize("name", ["Mars/Olympus", "vancouver", "../etc/passwd", "America/"])
def test_an_unknown_zone_is_refused_by_its_field(name, alice, alder, bob):
    with pytest.raises(ValidationError) as refusal:
        update_company(actor=alice, customer=alder, time_zone=name)
    assert "time_zone" in refusal.value.message_dict
    with pytest.raises(ValidationError) as refusal:
        update_profile(actor=bob, name=bob.name, language="en", time_zone=name)
    assert "time_zone" in refusal.value.message_dict
    alder.refresh_from_db()
    assert alder.time_zone == ""


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("toronto", "America/Toronto"),
        ("America/Toronto", "America/Toronto"),
        ("buenos", "America/Argentina/Buenos_Aires"),
        ("St Johns", "America/St_Johns"),
        ("europe par", "Europe/Paris"),
        ("vostok", "Antarctica/Vostok"),
        ("utc", "UTC"),
        ("", ""),
    ],
)
def test_a_zone_is_found_by_its_city(typed, name):
    assert TimeZoneField().clean([typed]) == name


@pytest.mark.parametrize("typed", ["Mars", "america", "Toronto Paris"])
def test_a_text_of_no_zone_or_of_many_is_refused(typed):
    with pytest.raises(ValidationError):
        TimeZoneField().clean([typed])


def test_a_person_finds_a_zone_while_typing_and_saves_it(as_, bob):
    browser = as_(bob)
    found = browser.get(reverse("accounts:time-zone-options"), {"q": "vanc"}).content.decode()
    assert 'data-value="America/Vancouver"' in found
    profile = reverse("accounts:profile")
    begun = {"name": bob.name, "language": bob.language, "search_shortcut": "on"}
    page = browser.get(profile)
    version = page.context["form"]["version"].value()

    sent = {**begun, "time_zone": ["Vancouver", ""], "version": version}
    assert browser.post(profile, sent).status_code == 302

    bob.refresh_from_db()
    assert bob.time_zone == "America/Vancouver"
    page = browser.get(profile).content.decode()
    assert '<input type="checkbox" name="time_zone" value="America/Vancouver" checked>' in page


def test_the_last_day_is_a_day_of_the_company(vancouver, as_, alice, bob, membership, deliver):
    """Typed, kept, shown and mailed: 5 December ends in Vancouver, three hours after Toronto."""
    day = timezone.localdate() + timedelta(days=40)
    path = reverse("accounts:person-end", args=["alder", bob.sub])
    assert "Vancouver time." in as_(alice).get(path).content.decode()
    version = version_of({"ends_at": None})
    as_(alice).post(path, {"last_day": day.isoformat(), "version": version})

    ending = membership(bob)
    assert ending.ends_at.astimezone(VANCOUVER).date() > day == ending.last_day
    shown = date_format(day, "DATE_FORMAT")
    assert f"{shown} (end of day, Vancouver time)" in " ".join(deliver()[-1].body.split())
    page = as_(alice).get(reverse("portals:person", args=["alder", bob.sub])).content.decode()
    assert shown in page
    with timezone.override(PARIS):
        assert Membership.objects.get(pk=ending.pk).last_day == day


def test_pages_of_a_company_show_its_time_and_ones_own_pages_ones_own(vancouver, as_, alice):
    update_profile(actor=alice, name=alice.name, language="en", time_zone="Europe/Paris")
    company = as_(alice).get(reverse("accounts:activity", args=["alder"])).content.decode()
    own = as_(alice).get(reverse("accounts:profile")).content.decode()

    now = timezone.now()
    assert (
        date_format(now.astimezone(VANCOUVER), "H:i")[:2]
        != date_format(now.astimezone(PARIS), "H:i")[:2]
    )
    hours = {zone: f"{date_format(now.astimezone(zone), 'g')}:" for zone in (VANCOUVER, PARIS)}
    assert hours[VANCOUVER] in company
    assert hours[PARIS] in own


def test_the_time_zone_of_one_request_does_not_stay_for_the_next(vancouver, as_, alice, client):
    as_(alice).get(reverse("portals:people", args=["alder"]))

    assert str(timezone.get_current_timezone()) == "America/Toronto"


def test_a_new_person_begins_with_the_zone_of_their_company(vancouver, alice, deliver):
    invitation = invite_person(actor=alice, customer=vancouver, address="gina@pine.example")
    accepted = accept_invitation(
        actor=None, token=invitation.token, name="Gina Roy", password="correct horse battery"
    )

    assert accepted.user.time_zone == "America/Vancouver"
    assert "Vancouver time" in deliver()[0].body
