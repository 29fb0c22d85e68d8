"""Dates, times and figures are written as the language of the page writes them."""

import datetime

import pytest
import streamlit as st

from ui.texts import load

NOON = datetime.datetime(2026, 11, 26, 12, 5, 7, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("language", "written", "zone"),
    [
        ("nl", "26 november 2026, 13:05", "CET"),
        ("en", "26 November 2026, 13:05", "CET"),
        ("fr", "26 novembre 2026, 13:05", "+0100"),
        ("de", "26. November 2026, 13:05", "MEZ"),
    ],
)
def test_a_moment_is_that_of_the_reader_and_what_is_kept_names_its_zone(
    monkeypatch: pytest.MonkeyPatch, language: str, written: str, zone: str
) -> None:
    monkeypatch.setattr(type(st.context), "timezone", "Europe/Brussels")
    texts = load(language)
    assert texts.moment(NOON) == written
    assert texts.moment(NOON, seconds=True) == f"{written}:07"
    assert texts.zoned(NOON) == f"{written} ({zone})"
    late = datetime.datetime(2026, 6, 30, 23, 30, tzinfo=datetime.UTC)
    assert texts.moment(late).endswith("2026, 01:30")


def test_without_a_browser_times_are_those_of_utc() -> None:
    assert load("nl").moment(NOON) == "26 november 2026, 12:05"
    assert load("nl").zoned(NOON) == "26 november 2026, 12:05 (UTC)"


@pytest.mark.parametrize(
    ("language", "figure", "count", "field"),
    [
        ("nl", "0,794–0,810", "12.345 tekens", "DD-MM-YYYY"),
        ("en", "0.794–0.810", "12,345 characters", "DD/MM/YYYY"),
        ("de", "0,794–0,810", "12.345 Zeichen", "DD.MM.YYYY"),
    ],
)
def test_figures_counts_and_fields_for_dates_are_those_of_the_language(
    language: str, figure: str, count: str, field: str
) -> None:
    texts = load(language)
    assert texts.figure("0.794–0.810") == figure
    assert count in texts("chat.too_long", length=12345, limit=2000)
    assert texts.date_field == field
