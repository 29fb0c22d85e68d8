"""Ranking: shares of a question, the linear model, exact references first."""

import numpy as np
import pytest

from core.settings import Settings
from language.words import contains
from research.fitting.logit import Asked, cross_validated, fit
from vectorstore.generations import Generations
from vectorstore.keyword_index import KeywordIndex
from vectorstore.profile import LOOK, passage_fits
from vectorstore.search import RANKING_FEATURES
from vectorstore.store import Index, open_index

DRUGS = "Hoeveel is de drugsmarkt waard?"


@pytest.fixture(scope="module")
def index(settings: Settings) -> Index:
    return open_index(settings)


@pytest.mark.parametrize(
    ("question", "language", "part"),
    [
        ("COM(2020) 607", "nl", "COM(2020) 607"),
        ("2011/93/EU", "en", "2011/93/EU"),
        ("Addis Abeba", "nl", "Addis Abeba"),
        ("258/2012", "fr", "258/2012"),
        ("E200012", "nl", "E200012"),
        ("SEESAC", "en", "SEESAC"),
    ],
)
def test_an_exact_reference_or_rare_name_comes_first(
    index: Index, question: str, language: str, part: str
) -> None:
    first = index.snapshot().search(question, k=1, language=language)[0].passage
    assert contains(first.context(), part)


def test_the_order_does_not_depend_on_how_many_are_wanted(index: Index) -> None:
    most = index.snapshot().search(DRUGS, k=LOOK, language="nl")
    for k in (1, 3, 6):
        assert index.snapshot().search(DRUGS, k=k, language="nl") == most[:k]
    scores = [scored.score for scored in index.snapshot().search(DRUGS, k=40, language="nl")]
    assert len(scores) == 40
    assert scores == sorted(scores, reverse=True)


def test_the_score_is_the_weighted_sum_of_the_features(index: Index) -> None:
    weights = index.profile.ranking
    found = index.snapshot().evidence(DRUGS, 6, language="nl")
    assert len(found) == 6
    for candidate in found:
        assert set(candidate.features) == set(RANKING_FEATURES) == set(weights)
        expected = sum(weights[name] * value for name, value in candidate.features.items())
        assert candidate.scored.score == pytest.approx(expected)
        assert candidate.features["unit"] == pytest.approx(max(candidate.scored.unit_similarities))


def test_a_share_says_how_much_of_the_question_a_passage_has(settings: Settings) -> None:
    generation = Generations(settings).current()
    keyword = KeywordIndex(settings.data_dir / "keyword" / generation.id)
    passages = {p.id: p for p in generation.all_passages() if p.language == "nl"}
    shares = keyword.shares("drugsmarktanalyse van de mierenhandel", "nl", list(passages))
    assert all(0 <= words <= 1.5 and 0 <= letters <= 1.5 for words, letters in shares.values())
    best = max(shares, key=lambda name: shares[name])
    assert "mierenhandel" in passages[best].context()
    compound = keyword.shares("drugsmarktanalyse", "nl", list(passages))
    assert all(words == 0 for words, _ in compound.values())  # not a word of the briefs
    nearest = max(compound, key=lambda name: compound[name][1])
    assert "drugsmarkt" in passages[nearest].context().casefold()
    assert keyword.shares("xyzzy", "nl", [best]).get(best, (0.0, 0.0))[0] == 0
    assert keyword.shares("", "nl", list(passages)) == {}
    assert keyword.shares("mierenhandel", "nl", []) == {}


def test_what_all_candidates_share_does_not_count_for_a_passage() -> None:
    common, first, second = np.eye(3, dtype=np.float32)
    units = [np.stack([common + first]), np.stack([common + second])]
    question = (0.9 * common + 0.4 * first).astype(np.float32)
    fits = passage_fits(question, units)
    assert fits[0] == pytest.approx(0.4 / 2**0.5)
    assert fits[1] == pytest.approx(-0.4 / 2**0.5)
    assert passage_fits(question, []) == []
    assert passage_fits(question, units[:1]) == [0.0]


def test_fitting_finds_the_feature_that_tells_right_from_wrong() -> None:
    random = np.random.default_rng(1)
    asked = []
    for group in range(120):
        values = random.normal(size=(8, 2))
        right = np.zeros(8, dtype=bool)
        right[int(np.argmax(2 * values[:, 0] + random.gumbel(size=8)))] = True
        asked.append(Asked(values, right, group))
    weights = fit([asked])
    assert weights[0] == pytest.approx(2, abs=0.6)
    assert abs(weights[1]) < 0.4
    hit, mrr = cross_validated({"one": asked})["one"]
    assert 0.5 < hit < mrr < 1
    untold = Asked(np.ones((3, 2)), np.zeros(3, dtype=bool), 0)
    assert fit([[*asked, untold]]) == pytest.approx(weights, rel=0.02)  # it says nothing
