"""What a model is given: the passages found, and what stands beside them."""

import itertools

import pytest

from chain.request import Query
from chain.retrieve import FOUND, GIVEN, retrieve, with_surroundings
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


def test_without_a_model_only_what_was_found_is_there(index: Snapshot) -> None:
    query, meant = Query(QUESTION, "en"), Interpretation(QUESTION)
    found = retrieve(index, query, meant, FIRST, for_model=False).passages
    assert len(found) == FOUND
    for_model = retrieve(index, query, meant, FIRST, for_model=True).passages
    assert [one.passage.id for one in for_model[:FIRST]] == [
        one.passage.id for one in found[:FIRST]
    ]
    assert len(for_model) == GIVEN


def test_a_document_that_is_very_large_is_not_read_for_it(
    index: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = index.search(QUESTION, FIRST, "en")
    assert len(with_surroundings(index, found, {"": QUESTION}, FIRST)) > len(found)
    monkeypatch.setattr(store, "_LARGE", 3)
    assert with_surroundings(index, found, {"": QUESTION}, FIRST) == tuple(found)
