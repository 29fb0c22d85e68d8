"""The pages say the same in every interface language."""

import ast
import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from core.settings import ROOT
from eval.rates import FIGURES
from eval.run_report import OUTCOMES
from ui.texts import languages, load

SHOWN_BY = sorted((ROOT / "ui").rglob("*.py"))

_ASKS = re.compile(r"\b_?texts$|\bcontext\.(?:job_)?button$")  # the functions that take a key


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def asked_for(file: Path) -> Iterator[tuple[str, set[str] | None]]:
    """The texts that a module asks for, and what it fills in; None: not known.

    Each is a pattern: what stands in braces in an f-string may be anything.
    """
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and _ASKS.search(ast.unparse(node.func)):
            names = [keyword.arg for keyword in node.keywords]
            filled = None if None in names else {name for name in names if name}
            for key in node.args[:1]:
                yield from ((pattern, filled) for pattern in patterns(key))


def patterns(key: ast.expr) -> Iterator[str]:
    """What a key may be; nothing where it is made elsewhere."""
    match key:
        case ast.Constant(value=str(text)):
            yield re.escape(text)
        case ast.JoinedStr(values=parts):
            if isinstance(parts[0], ast.Constant):
                yield "".join(
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[^.]+"
                    for part in parts
                )
        case ast.IfExp(body=one, orelse=other):
            yield from patterns(one)
            yield from patterns(other)


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_keys_with_the_same_placeholders(language: str) -> None:
    there = load(language).values
    expected = {key: placeholders(text) for key, text in load("nl").values.items()}
    assert {key: placeholders(text) for key, text in there.items()} == expected
    assert [key for key, text in there.items() if not text.strip()] == []


@pytest.mark.parametrize("file", SHOWN_BY, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_texts_that_are_asked_for_exist_and_are_filled(file: Path) -> None:
    known = load("nl").values
    for pattern, filled in asked_for(file):
        keys = [key for key in known if re.fullmatch(pattern, key)]
        assert keys, pattern
        if len(keys) == 1 and filled is not None:
            assert placeholders(known[keys[0]]) <= filled, pattern


def test_texts_are_looked_for_in_every_module() -> None:
    with_texts = {file.relative_to(ROOT).as_posix() for file in SHOWN_BY if [*asked_for(file)]}
    names = {f"ui/{name}" for name in ("chat", "answers", "sources", "evaluation", "maintenance")}
    assert {"ui", *names} <= {name.rpartition("/")[0] for name in with_texts}


@pytest.mark.parametrize(("language", "written"), [("nl", "24 juli 2020"), ("en", "24 July 2020")])
def test_dates_are_written_out(language: str, written: str) -> None:
    assert load(language).date(datetime.date(2020, 7, 24)) == written


def test_an_area_without_a_label_goes_by_its_own_name() -> None:
    assert load("nl").label("areas", "drugs") == "Drugs"
    assert load("nl").label("areas", "cyber {0} {x}") == "cyber {0} {x}"


def test_an_unknown_interface_language_is_refused() -> None:
    with pytest.raises(KeyError):
        load("../nl")


def test_every_figure_of_an_evaluation_and_outcome_of_a_question_has_a_name() -> None:
    keys = load("nl").values
    assert {f"evaluation.names.{name}" for name in FIGURES} <= keys.keys()
    outcomes = {key for key in keys if key.startswith("evaluation.outcomes.")}
    assert outcomes == {f"evaluation.outcomes.{name}" for name in OUTCOMES}
