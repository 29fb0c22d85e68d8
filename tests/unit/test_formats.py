"""Dates, times and figures are written as the language of the page writes them."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from ui import texts as strings
from ui.texts import load

NOON = datetime.datetime(2026, 11, 26, 12, 5, 7, tzinfo=datetime.UTC)


@pytest.fixture
def in_brussels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "zone", lambda: ZoneInfo("Europe/Brussels"))


@pytest.mark.usefixtures("in_brussels")
@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("nl", "26 november 2026, 13:05"),
        ("en", "26 November 2026, 13:05"),
        ("fr", "26 novembre 2026, 13:05"),
        ("de", "26. November 2026, 13:05"),
    ],
)
def test_a_moment_is_told_where_the_reader_is(language: str, written: str) -> None:
    texts = load(language)
    assert texts.moment(NOON) == written
    assert texts.moment(NOON, seconds=True) == f"{written}:07"


@pytest.mark.usefixtures("in_brussels")
def test_a_late_evening_in_utc_is_the_next_day_in_brussels() -> None:
    late = datetime.datetime(2026, 6, 30, 23, 30, tzinfo=datetime.UTC)
    assert load("nl").moment(late) == "1 juli 2026, 01:30"


@pytest.mark.usefixtures("in_brussels")
def test_what_is_kept_names_the_zone_of_its_times() -> None:
    assert load("de").zoned(NOON) == "26. November 2026, 13:05 (MEZ)"
    assert load("nl").zoned(NOON) == "26 november 2026, 13:05 (CET)"


def test_without_a_browser_times_are_those_of_utc() -> None:
    assert load("nl").moment(NOON) == "26 november 2026, 12:05"
    assert load("nl").zoned(NOON) == "26 november 2026, 12:05 (UTC)"


@pytest.mark.parametrize(
    ("language", "figure", "count"),
    [
        ("nl", "0,794–0,810", "12.345 tekens"),
        ("en", "0.794–0.810", "12,345 characters"),
        ("de", "0,794–0,810", "12.345 Zeichen"),
    ],
)
def test_figures_and_counts_are_those_of_the_language(
    language: str, figure: str, count: str
) -> None:
    texts = load(language)
    assert texts.figure("0.794–0.810") == figure
    assert count in texts("chat.too_long", length=12345, limit=2000)


@pytest.mark.parametrize(
    ("language", "field"), [("nl", "DD-MM-YYYY"), ("de", "DD.MM.YYYY"), ("fr", "DD/MM/YYYY")]
)
def test_a_field_for_a_date_has_the_day_first(language: str, field: str) -> None:
    assert load(language).date_field == field
