"""Every visible string of the pages, and dates, times and figures as their language writes them.

There is one YAML file per interface language, all with the same keys.

texts = load("nl")
texts("sources.heading", number=3)  ->  "In de bronnen (3)"
"""

import datetime
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel.dates import format_time, get_timezone_name
from babel.numbers import format_decimal, get_decimal_symbol

from core.yaml_files import read_yaml
from language.figures import locale, written

FOLDER = Path(__file__).parent
_DATE_FIELDS = {"de": "DD.MM.YYYY", "nl": "DD-MM-YYYY"}  # else DD/MM/YYYY


@dataclass(frozen=True)
class Texts:
    """The strings of one interface language; `values` has dotted keys ("sources.heading").

    The strings are ours, what is filled in may be anybody's: escape the result where it is shown.
    """

    language: str
    values: Mapping[str, str]

    def __call__(self, key: str, **filled: object) -> str:
        """The string with its placeholders filled in; numbers as the language writes them."""
        return self.values[key].format(
            **{name: self._filled(value) for name, value in filled.items()}
        )

    def counted(self, key: str, number: int) -> str:
        """The string for one thing or for several; in French none is one."""
        is_one = number == 1 or (number == 0 and self.language == "fr")
        return self(f"{key}.{'one' if is_one else 'several'}", number=number)

    def series(self, key: str) -> list[str]:
        """A list in the file, in order."""
        return [text for name, text in self.values.items() if name.rpartition(".")[0] == key]

    def label(self, kind: str, name: str) -> str:
        """The label of an area, a language or a kind of document; the name itself if it has none.

        It is never a template, since the name may come from a source text.
        """
        return self.values.get(f"{kind}.{name}", name)

    def date(self, date: datetime.date | None) -> str:
        """A date written out, such as "24 juli 2020"; empty where there is none."""
        return written(date, self.language) if date else ""

    def day(self, moment: datetime.datetime) -> str:
        """The date where the reader is."""
        return self.date(local(moment).date())

    def moment(self, moment: datetime.datetime, *, seconds: bool = False) -> str:
        """Date and time where the reader is, such as "24 juli 2020, 10:15"."""
        there = local(moment)
        form = "medium" if seconds else "short"
        return f"{self.day(moment)}, {format_time(there, form, locale=locale(self.language))}"

    def zoned(self, moment: datetime.datetime) -> str:
        """A moment with the reader's time zone, for what is read elsewhere too: "24 juli 2020,
        10:15 (CET)"."""
        zone = get_timezone_name(local(moment), "short", locale=locale(self.language))
        return f"{self.moment(moment)} ({zone})"

    def number(self, value: float) -> str:
        """A count or another number, such as "12.345" or "2,5"."""
        return format_decimal(value, locale=locale(self.language))

    def figure(self, text: str) -> str:
        """A figure that is written with a point and its decimals, such as "0.794–0.810"."""
        return text.replace(".", get_decimal_symbol(locale(self.language)))

    @property
    def date_field(self) -> str:
        """How a field for a date shows it, in the form that Streamlit wants."""
        return _DATE_FIELDS.get(self.language, "DD/MM/YYYY")

    def _filled(self, value: object) -> object:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.number(value)
        return value


def local(moment: datetime.datetime) -> datetime.datetime:
    """The same moment in the time zone of the reader's browser; in UTC where it is not known."""
    try:
        return moment.astimezone(ZoneInfo(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return moment.astimezone(datetime.UTC)


@functools.cache
def languages() -> tuple[str, ...]:
    """The interface languages there is a file for."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@functools.cache
def load(language: str) -> Texts:
    """The strings of an interface language; KeyError where there is no file for it."""
    if language not in languages():
        raise KeyError(language)
    content = read_yaml((FOLDER / f"{language}.yaml").read_text("utf-8"))
    return Texts(language=language, values=dict(_flattened(content)))


def _flattened(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """("sources.heading", "In de bronnen ({number})") for every string; list items are numbered."""
    if isinstance(node, str):
        yield path, node
        return
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for name, child in children:
        yield from _flattened(child, f"{path}.{name}" if path else str(name))
