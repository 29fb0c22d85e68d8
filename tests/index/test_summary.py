"""A document in short is its own sentences."""

import math

import pytest

from chain.answer.summary import purpose, stretches, summary_of
from core.settings import Settings
from core.source import DocumentInfo, Summarised
from vectorstore.store import Snapshot, open_index

BRIEFS = ("csa-strategy", "drugs-agenda", "firearms-plan", "security-union-package",
          "security-union-strategy")  # fmt: skip
KEYS = [f"{name}.{language}" for name in BRIEFS for language in ("nl", "en")]


@pytest.fixture(scope="module")
def index(settings: Settings) -> Snapshot:
    return open_index(settings).snapshot()


@pytest.mark.parametrize("key", KEYS)
def test_a_document_in_short_is_what_it_is_for_and_quotes_from_its_sections_in_its_order(
    index: Snapshot, key: str
) -> None:
    said = summary_of(index, key)
    passages = {one.id: one for one in index.passages([key])}
    assert 4 <= len(said.citations) <= 6
    for citation in said.citations:
        assert passages[citation.passage_id].text[citation.start : citation.end] == citation.quote
        assert f"### {citation.headings[-1]}" in said.text
    starts = [passages[one.passage_id].start + one.start for one in said.citations]
    assert starts[1:] == sorted(starts[1:])
    assert len({one.headings for one in said.citations[1:]}) == len(said.citations) - 1
    assert len(said.text.split()) < 250


@pytest.mark.parametrize(
    ("key", "purpose", "division"),
    [
        ("drugs-agenda.nl", "Het doel van de drugsagenda is",
         "De drugsagenda bestaat uit drie blokken:"),
        ("drugs-agenda.en", "The aim of the Drugs Agenda is", ""),
        ("csa-strategy.en", "The strategy is the reference framework for EU action", ""),
        ("firearms-plan.en", "", "The action plan has four priorities:"),
        ("security-union-package.nl", "De Europese Commissie maakte op vrijdag 24 juli 2020 drie",
         ""),
        ("security-union-package.en", "On Friday 24 July 2020 the European Commission published",
         "The package consists of three documents:"),
        ("security-union-strategy.en", "", "The strategy has four priorities"),
    ],
)  # fmt: skip
def test_it_begins_with_what_the_document_is_for_and_tells_how_it_is_divided(
    index: Snapshot, key: str, purpose: str, division: str
) -> None:
    said = summary_of(index, key)
    assert said.citations[0].quote.startswith(purpose)
    assert division in said.text
    assert not division or "final" not in said.text  # what its record says


@pytest.mark.parametrize(
    ("language", "form", "sentence", "is_told"),
    [
        ("nl", "document", "Het EU-plan tegen smokkel heeft tot doel de grens te bewaken.", True),
        ("de", "document", "Der Aktionsplan hat zum Ziel, den Schmuggel zu beenden.", True),
        ("en", "document", "The action plan has four annexes and a list of terms.", False),
        ("fr", "press_release", "La Commission a adopté un plan visant à protéger un port.", True),
        ("de", "press_release", "Am 4. Mai legte die Kommission einen Plan vor, mit dem sie hilft",
         True),
        ("nl", "press_release", "De Commissie nam een plan aan waarmee havens groeien.", True),
        ("en", "press_release", "The strategy aims to protect ports, the Commission says.", False),
        ("en", "press_release", "The Commission presented a report on ports last year.", False),
        ("es", "document", "El plan tiene por objeto proteger los puertos de la Unión.", False),
    ],
)  # fmt: skip
def test_what_a_document_is_for_is_said_in_these_words(
    language: str, form: Summarised, sentence: str, is_told: bool
) -> None:
    about = DocumentInfo(id="a", title="A", language=language, about_form=form)
    assert math.isfinite(purpose(sentence, about)) == is_told


def test_a_long_row_is_divided_evenly_and_a_short_one_as_far_as_it_goes() -> None:
    assert [len(one) for one in stretches(17, 5)] == [3, 3, 4, 3, 4]
    assert list(stretches(2, 5)) == [range(1), range(1, 2)]
    assert list(stretches(0, 5)) == []
