"""Results: a sentence within the text around it, never cut in a sentence or a list."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from chain.reading import relevance
from chain.reading.quotables import Statement
from chain.reading.relevance import rank
from chain.request import Draft, Part, Ranked, Request
from chain.writing.extractive import FIRST, search_results
from core.source import DocumentInfo, Passage, ScoredPassage, Unit
from tests.support.passages import passage_of
from vectorstore.profile import default_profile

DOCUMENT = DocumentInfo(id="plan", title="The plan", language="en")
BY_YEAR = ("In 2030 6%.", "In 2035 20%.", "In 2040 34%.")
LONG = "The ports of the Union " + "and their many " * 30 + "partners work together."


def passage(*sentences: str, name: str = "p1", items: Collection[int] = ()) -> ScoredPassage:
    text = " ".join(sentences)
    units, at = [], 0
    for number, words in enumerate(sentences):
        kind = "item" if number in items else "sentence"
        units.append(Unit(start=at, end=at + len(words), kind=kind))
        at += len(words) + 1
    named = {"id": f"plan.en:{name}", "units": tuple(units)}
    return scored(passage_of(DOCUMENT, text, f"Section {name}", **named))


def asked(found: Sequence[ScoredPassage], *ranked: tuple[int, int, float]) -> Request:
    """Statements of one sentence: (passage, sentence, score), best first."""
    said = [Ranked(place, Statement((unit,), (unit,)), score) for place, unit, score in ranked]
    return request(found, Part("?", "en", tuple(found), said))


def request(found: Sequence[ScoredPassage], *parts: Part) -> Request:
    return Request("?", "en", tuple(found), parts, is_sure=False)


def scored(passage: Passage) -> ScoredPassage:
    return ScoredPassage(passage=passage, score=0.0, similarity=0.0)


def sentence(number: int, words: int = 12) -> str:
    return f"Sentence {number} " + " ".join(["says"] * (words - 3)) + " so."


def shown(draft: Draft) -> str:
    before, after = draft.around
    return " ".join(filter(None, (before, draft.text, after)))


@pytest.mark.parametrize("place", range(6))
def test_a_result_is_a_sentence_among_its_neighbours(place: int) -> None:
    said = [sentence(number) for number in range(6)]
    ((draft,),) = search_results(asked([passage(*said)], (0, place, 1.0)))
    assert draft.text == said[place]
    assert 40 <= len(shown(draft).split()) <= 70
    assert shown(draft) in " ".join(said)
    text = " ".join(said)[draft.quote.start : draft.quote.end]
    assert text == shown(draft)  # the quote is what is shown
    assert set(re.split(r"(?<=\.) ", text)) <= set(said)  # whole sentences


def test_a_neighbour_that_would_be_too_much_or_is_an_item_is_left_out() -> None:
    found = [passage(LONG, sentence(1), sentence(2), items=(2,))]
    ((draft,),) = search_results(asked(found, (0, 1, 1.0)))
    assert (draft.text, draft.around) == (sentence(1), ("", ""))


def test_what_stands_there_already_is_no_result_and_every_part_of_the_question_has_its_own() -> (
    None
):
    found = [passage(sentence(n), sentence(n + 1), name=f"p{n}") for n in range(9)]
    given = asked(found, (0, 0, 9.0), (0, 1, 8.0), *((n, 0, 8.0 - n / 9) for n in range(1, 9)))
    places = [drafts[0].cites[0] for drafts in search_results(given)]
    assert places == list(range(2 * FIRST))
    other = Part("!", "en", tuple(found), [Ranked(7, Statement((0,), (0,)), -9.0)])
    both = request(found, *given.parts, other)
    places = [drafts[0].cites[0] for drafts in search_results(both)]
    assert places[:3] == [0, 7, 1]


def test_a_passage_has_two_results_at_most_that_do_not_overlap() -> None:
    long = passage(*(sentence(n) for n in range(30)))
    given = asked([long], *((0, n, 9.0 - n / 30) for n in (0, 1, 12, 24)))
    (first,), (second,) = search_results(given)
    assert (first.text, second.text) == (sentence(0), sentence(12))


def test_what_is_less_likely_than_the_best_is_to_be_unfolded() -> None:
    found = [passage(sentence(n), name=f"p{n}") for n in range(4)]
    given = asked(found, (0, 0, 9.0), (1, 0, 7.6), (2, 0, 7.4), (3, 0, 0.0))
    assert [drafts[0].cites[0] for drafts in search_results(given, 1.0)] == [0, 1]
    assert [drafts[0].cites[0] for drafts in search_results(given)] == [0, 1, 2, 3]


def test_a_part_is_taken_from_the_same_document_if_that_has_it_nearly_as_well() -> None:
    other = DOCUMENT.model_copy(update={"id": "other"})
    found = [passage(sentence(n), name=f"p{n}") for n in range(3)]
    away = found[1].passage.model_copy(update={"document": other})
    found[1] = found[1].model_copy(update={"passage": away})
    given = asked(found, (0, 0, 9.0))
    for near, expected in ((8.5, [0, 2]), (5.0, [0, 1])):
        ranked = [Ranked(1, Statement((0,), (0,)), 9.0), Ranked(2, Statement((0,), (0,)), near)]
        both = request(found, *given.parts, Part("!", "en", tuple(found), ranked))
        assert [drafts[0].cites[0] for drafts in search_results(both)][:2] == expected


def test_a_list_is_shown_whole() -> None:
    found = (passage("There are two:", "one;", "two.", items=(1, 2)),)
    whole = Ranked(0, Statement((0, 1, 2), (0, 1, 2), is_list=True), 1.0)
    ((draft,),) = search_results(request(found, Part("?", "en", found, [whole])))
    assert (draft.text, draft.items, draft.around) == ("There are two:", ("one;", "two."), None)


@pytest.mark.parametrize(
    ("items", "years", "expected"),
    [
        (BY_YEAR, ("2035",), ("In 2035 20%.",)),
        (BY_YEAR, (), None),
        (BY_YEAR, ("2050",), None),
        (("From 2016 to 2019 more.", "Since 2010 less.", "In 2019 all."), ("2010",), None),
    ],
)
def test_of_a_list_by_years_those_that_alone_are_asked_for_are_taken_out(
    items: Sequence[str], years: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    numbers = tuple(range(1 + len(items)))
    found = (passage("The shares are:", *items, items=numbers[1:]),)
    whole = Ranked(0, Statement(numbers, numbers, is_list=True), 1.0)
    asked_for = replace(request(found, Part("?", "en", found, [whole])), years=years)
    (result,) = search_results(asked_for)
    assert " ".join(draft.text for draft in result).strip() == "The shares are:"
    assert result[-1].items == (expected or tuple(items))
    assert result[-1].note == ("1 of 3 items." if expected else "")
    assert [bool(draft.label) for draft in result] == [True, False][: len(result)]


def test_a_row_of_a_table_stands_alone() -> None:
    text = "| weapon | number |\n| --- | --- |\n| revolver | 102 |"
    row = text.index("revolver")
    unit = Unit(start=row, end=len(text) - 2, kind="item", lead_in=(2, 17))
    found = [scored(passage_of(DOCUMENT, text, "Table", units=(unit,)))]
    ((draft,),) = search_results(asked(found, (0, 0, 1.0)))
    assert draft.around is None
    assert "revolver" in draft.text or "revolver" in draft.items[0]


def test_a_footnote_within_a_series_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    series = passage("Block A contains stalls.", "1 See the annex.", "Block B contains halls.")
    first, note, last = series.passage.units
    units = (first, note.model_copy(update={"kind": "note"}), last)
    whole = series.passage.model_copy(update={"units": units})
    found = series.model_copy(update={"passage": whole, "unit_similarities": (0.7, 0.9, 0.7)})
    monkeypatch.setattr(relevance, "reader", Unread)
    best, *others = rank("Which blocks are there?", "en", [found], default_profile())
    assert (best.statement.units, best.statement.is_list) == ((0, 1, 2), True)
    assert all(1 not in other.statement.core for other in others)


class Unread:
    """A reader to whom all is alike."""

    def scores(self, question: str, texts: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        return np.zeros(len(texts), np.float32)
