"""The pages say the same in every interface language."""

import datetime
import re
from pathlib import Path
from string import Formatter

import pytest

from ui.texts import languages, load

PAGES = sorted(Path(__file__).parent.parent.glob("ui/*.py"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_dutch_and_english_are_there() -> None:
    assert set(languages()) >= {"nl", "en"}


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_keys_with_the_same_placeholders(language: str) -> None:
    expected = {key: placeholders(text) for key, text in load("nl").values.items()}
    assert {key: placeholders(text) for key, text in load(language).values.items()} == expected


@pytest.mark.parametrize("language", languages())
def test_no_text_is_empty(language: str) -> None:
    assert all(text.strip() for text in load(language).values.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_texts_a_page_asks_for_exist(page: Path) -> None:
    asked_for = re.findall(r"""texts\(\s*["']([^"']+)["']""", page.read_text("utf-8"))
    assert set(asked_for) <= set(load("nl").values)


@pytest.mark.parametrize(("language", "written"), [("nl", "24 juli 2020"), ("en", "24 July 2020")])
def test_dates_are_written_out(language: str, written: str) -> None:
    assert load(language).date(datetime.date(2020, 7, 24)) == written


def test_an_area_without_a_label_goes_by_its_own_name() -> None:
    assert load("nl").label("areas", "drugs") == "Drugs"
    assert load("nl").label("areas", "cyber {0} {x}") == "cyber {0} {x}"


def test_an_unknown_interface_language_is_refused() -> None:
    with pytest.raises(KeyError):
        load("../nl")
