"""What the records say is so: who reads answers, and which numbers are in force."""

import re

import pytest

from chain.reading.relevance import _OF_PROMISE, READ
from core.settings import ROOT, Settings
from vectorstore.profile import default_profile

DECISIONS = ROOT / "docs" / "decisions"


@pytest.mark.parametrize("page", ["README.md", "docs/figures.md", "docs/evaluation.md"])
def test_whoever_gives_figures_of_readers_says_that_these_are_language_models(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert re.search(r"language\s+models? in the\s+role of a demanding official", text)


def _opening(record: str) -> str:
    """The first lines of a decision, which say what is in force."""
    return "\n".join((DECISIONS / record).read_text("utf-8").splitlines()[:24])


def _formula(text: str) -> dict[str, float]:
    sum_of = re.search(r"score = ([^`\n]+)", text)
    assert sum_of
    return {name: float(weight) for weight, name in re.findall(r"([\d.]+) (\w+)", sum_of[1])}


def test_a_decision_begins_with_the_weights_in_force() -> None:
    assert _formula(_opening("0004-ranking.md")) == dict(default_profile().ranking)


def test_what_is_added_to_a_readers_score_is_told() -> None:
    amounts = default_profile().amounts.relevance
    text = (DECISIONS / "0017-a-reader.md").read_text("utf-8")
    assert f"+ {_OF_PROMISE:g} (its promise" in text
    assert f"the {READ} most promising units" in text
    kept = f"{amounts.named:g} (log-odds) for a document that the question names, and"
    assert kept in (DECISIONS / "0009-choosing-sentences.md").read_text("utf-8")


def test_decisions_begin_with_the_thresholds_in_force() -> None:
    refused = Settings.model_fields["refuse_below"].default
    assert f"is below {refused:.2f} (`refuse_below`" in _opening("0006-confidence.md")
    sure = default_profile().amounts.chance.sure
    assert f"answers is {sure:g} or more" in _opening("0015-three-forms.md")


FIGURE = re.compile(r"\d\.\d\d|\d,\d{3}|\d+ of \d+")
DATED = re.compile(r"\(\d{1,2} [A-Z][a-z]+ 20\d\d\b[^)]*\)")
FIGURES = (ROOT / "docs" / "figures.md").read_text("utf-8")


def _rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in a text."""
    lines = (line.strip() for line in text.splitlines() if line.startswith("|"))
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]


def _section(heading: str) -> str:
    return FIGURES.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_a_figure_of_an_earlier_version_has_its_date_in_the_same_cell() -> None:
    present = {
        (row[0], cell) for row in _rows(_section("This version")) for cell in row[1:] if cell
    }
    dated = 0
    for row in _rows(FIGURES):
        for cell in row[1:]:
            if FIGURE.search(cell) and (row[0], cell) not in present:
                assert DATED.search(cell), f"{row[0]}: {cell} is of no version and has no date"
                dated += 1
    assert dated > 30


def test_the_readme_gives_figures_of_this_version_alone() -> None:
    """Those of the table in docs/figures.md, over the briefs and over official documents."""
    table = _rows(_section("This version"))
    documents = next(n for n, name in enumerate(table[0]) if name.startswith("official documents"))
    present = {row[0]: (row[1], row[documents]) for row in table}
    rows = _rows((ROOT / "README.md").read_text("utf-8").split("\n## How good it is\n")[1])
    given = {row[0]: tuple(row[1:]) for row in rows if len(row) == 3 and FIGURE.search(row[1])}
    assert len(given) >= 4
    for name, figures in given.items():
        assert figures == present[name], name
