"""What a model is given: the passages found, and what stands beside them."""

import itertools
from collections.abc import Mapping, Sequence

import pytest

from chain.answerability import build_request, decide
from chain.request import Query
from chain.retrieve import FOUND, GIVEN, Found, retrieve, with_surroundings
from chain.understanding.meaning import Interpretation
from core.settings import Settings
from vectorstore import store
from vectorstore.store import Snapshot, open_index

QUESTION = "How many reports of child sexual abuse were there in 2019?"
FIRST = 3


@pytest.fixture(scope="module")
def index(settings: Settings) -> Snapshot:
    return open_index(settings).snapshot()


def test_what_stands_beside_the_best_comes_before_the_others_found(index: Snapshot) -> None:
    passages = index.passages()
    ordered = sorted(passages, key=lambda one: (one.document.key, one.start))
    beside = {
        (one.id, other.id)
        for before, after in itertools.pairwise(ordered)
        if before.document.key == after.document.key
        for one, other in ((before, after), (after, before))
    }
    found = index.search(QUESTION, FOUND, "en")
    given = with_surroundings(index, found, {"": QUESTION}, FIRST)
    names = [one.passage.id for one in given]
    assert len(names) == len({*names}) == GIVEN
    best = [one.passage.id for one in found[:FIRST]]
    assert names[:FIRST] == best
    around = {other for one, other in beside if one in best} - {*best}
    assert {*names[FIRST : FIRST + len(around)]} == around
    assert {one.passage.id for one in found} <= {*names}
    assert all(one in found for one in given if one.score)  # the others were not searched for


def test_a_document_that_is_very_large_is_not_read_for_it(
    index: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = index.search(QUESTION, FIRST, "en")
    assert len(with_surroundings(index, found, {"": QUESTION}, FIRST)) > len(found)
    monkeypatch.setattr(store, "_LARGE", 3)
    assert with_surroundings(index, found, {"": QUESTION}, FIRST) == tuple(found)


# The question in the languages of documents that have no version in its own


@pytest.fixture(scope="module")
def asked_in_french(index: Snapshot) -> Query:
    assert index.languages_beside("fr") == ("en",)  # of two versions the English one is searched
    assert index.languages_beside("nl") == ()
    return Query("Combien de signalements d’abus sexuels d’enfants en 2019 ?", "fr")


def _found(index: Snapshot, query: Query, said: Mapping[str, str]) -> tuple[Found, list[str]]:
    """What is found where a model says this, and the languages that it is asked for."""
    asked: list[str] = []

    def translate(question: str, others: Sequence[str]) -> Mapping[str, str]:
        assert question == query.question
        asked.extend(others)
        return said

    meant = Interpretation(query.question)
    made = retrieve(index, query, meant, FIRST, for_model=False, translate=translate)
    return made, asked


def test_passages_in_another_language_are_found_by_the_question_in_it(
    index: Snapshot, asked_in_french: Query
) -> None:
    made, asked = _found(index, asked_in_french, {"en": QUESTION})
    assert asked == ["en"]
    assert made.translations == {"en": QUESTION}
    alone = index.search(QUESTION, FOUND, "en")
    assert [one.passage.id for one in made.passages] == [one.passage.id for one in alone]
    assert {one.passage.language for one in made.passages} == {"en"}


def test_without_a_translation_it_is_found_by_its_own_words(
    index: Snapshot, asked_in_french: Query
) -> None:
    made, asked = _found(index, asked_in_french, {})
    assert asked == ["en"]
    own = index.search(asked_in_french.question, FOUND, "fr")
    assert (list(made.passages), made.translations) == (own, {})


def test_no_model_is_asked_where_passages_in_the_questions_language_are_ahead(
    index: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Snapshot, "languages_beside", lambda *_: ("en",))
    made, asked = _found(
        index, Query("Hoeveel meldingen waren er in 2019?", "nl"), {"en": QUESTION}
    )
    assert (asked, made.translations) == ([], {})


def test_of_what_is_found_the_nearest_are_given_and_six_at_least(settings: Settings) -> None:
    index = open_index(settings).snapshot()
    query, meant = Query(QUESTION, "en"), Interpretation(QUESTION)
    with_model = settings.model_copy(update={"model": "scripted"})
    found = retrieve(index, query, meant, settings.results, for_model=True)
    decision = decide(index, query, meant, found, with_model)
    request = build_request(index, query, meant, decision)
    nearness = [one.similarity for one in request.found]
    least = max(nearness) - index.profile.amounts.cosines.given
    assert len(request.found) >= GIVEN
    assert request.given == tuple(n for n, near in enumerate(nearness) if n < 6 or near >= least)
    assert 6 <= len(request.given) < GIVEN
