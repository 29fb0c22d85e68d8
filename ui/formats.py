"""Dates, times and figures as the language of the page writes them, from Unicode's CLDR."""

import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel.dates import format_time, get_timezone_name
from babel.numbers import format_decimal, get_decimal_symbol

from language.figures import locale, written

_DATE_FIELDS = {"de": "DD.MM.YYYY", "nl": "DD-MM-YYYY"}  # else DD/MM/YYYY


def moment(moment: datetime.datetime, language: str, *, seconds: bool = False) -> str:
    """Date and time where the reader is, such as "24 juli 2020, 10:15"."""
    there = local(moment)
    time = format_time(there, "medium" if seconds else "short", locale=locale(language))
    return f"{written(there.date(), language)}, {time}"


def clock(moment: datetime.datetime, language: str) -> str:
    """The time of day where the reader is, such as "10:15:07"."""
    return format_time(local(moment), "medium", locale=locale(language))


def zone_name(moment: datetime.datetime, language: str) -> str:
    """The time zone of the reader at that moment, for what is read elsewhere too: "MEZ", "UTC"."""
    return get_timezone_name(local(moment), "short", locale=locale(language))


def number(value: float, language: str) -> str:
    """A count or another number, such as "12.345" or "2,5"."""
    return format_decimal(value, locale=locale(language))


def figure(text: str, language: str) -> str:
    """A figure that is written with a point and its decimals, such as "0.794–0.810"."""
    return text.replace(".", get_decimal_symbol(locale(language)))


def date_field(language: str) -> str:
    """How a field for a date shows it, in the form that Streamlit wants."""
    return _DATE_FIELDS.get(language, "DD/MM/YYYY")


def local(moment: datetime.datetime) -> datetime.datetime:
    """The same moment in the time zone of the reader's browser."""
    return moment.astimezone(zone())


def zone() -> datetime.tzinfo:
    """The time zone of the reader's browser; UTC where it is not known."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return datetime.UTC
