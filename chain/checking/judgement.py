"""Entailment classifier: whether the evidence says what a sentence says.

    basis -> features of each word -> doubt about each word -> doubt about the sentence

A small network, fitted by `python -m research.fitting.fit_verifier` on true sentences about the
briefs and copies of them with one subtle change (docs/decisions/0007). It compares each word, and
its neighbours, with the evidence that they attend to, so it also sees who does what to whom.
Attention after Vaswani et al. 2017, arXiv:1706.03762; comparison of aligned words after Parikh et
al. 2016, arXiv:1606.01933.
"""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.checking.alignment import Basis
from language.matching import fold

WEIGHTS = Path(__file__).with_name("judgement.npz")
# Words of context on either side of a word, and of its closest word in the evidence. The network
# is fitted with both: other values need new weights (research/fitting/fit_verifier.py).
NEIGHBOURS = 4
WINDOW = 8  # wider, as another language says the same in another order
Array = NDArray[np.floating[Any]]


class Features(NamedTuple):
    """Input of the network for one sentence.

    states: word vectors, shape (words, dimensions).
    evidence: word vectors of the evidence, shape (evidence words, dimensions).
    words: shape (words, 7): cosine with the closest word, is a content word, is in the evidence
        unchanged, has a capital, has a figure, length, and `_surroundings`.
    in_first: 1 for words of the first unit, shape (evidence words,).
    sentence: aggregates over the sentence, shape (19,).
    """

    states: Array
    evidence: Array
    words: Array
    in_first: Array
    sentence: Array


class Doubt(NamedTuple):
    """Log-odds that a sentence is not supported, and its most doubtful words."""

    score: float
    words: tuple[str, ...]


def features(basis: Basis) -> Features:
    """Computes the input of the network."""
    close = basis.closeness
    nearest, best = close.argmax(axis=1), basis.coverage
    apart = _surroundings(basis, nearest, best)
    known = {fold(word) for word in basis.evidence}
    has_figure = np.array([any(map(str.isdigit, word)) for word in basis.words])
    has_capital = np.array([word[0].isupper() for word in basis.words])
    same = np.array([fold(word) in known for word in basis.words])
    length = np.array([min(len(word), 12) / 12 for word in basis.words])
    words = np.stack(
        [best, basis.content, same, has_capital, has_figure, length, apart * 4], axis=1
    )
    name = has_capital & (np.arange(len(basis.words)) > 0)
    plain = basis.content & ~name & ~has_figure
    content = best[basis.content]
    first = close[:, basis.in_first].max(axis=1) if basis.in_first.any() else best * 0
    order = basis.positions[nearest[basis.content]]
    steps = np.diff(order) if len(order) > 1 else np.zeros(1)
    whole = [
        content.mean(), content.min(), np.sort(content)[:2].mean(),
        first[basis.content].mean(), first[basis.content].min(), best.mean(),
        len(basis.places) / 3, len(basis.words) / 30,
        _least(best[name], 0.6), _least(best[has_figure], 0.7), _least(best[plain], 0.5),
        _least(best[~basis.content], 0.6),
        _least(apart[basis.content], 0), apart[basis.content].mean(),
        _least(apart[(name | has_figure) & same], 0),
        (steps < 0).mean(), (np.abs(steps) > 10).mean(),
        (content < 0.35).mean(), (content < 0.45).mean(),
    ]  # fmt: skip
    return Features(
        basis.states,
        basis.evidence_states,
        words.astype(np.float32),
        basis.in_first.astype(np.float32),
        np.array(whole, np.float32),
    )


def doubt(basis: Basis) -> Doubt:
    """Doubt about a sentence: the mean of all networks."""
    given = features(basis)
    nets = _networks()
    told = [forward(net, given) for net in nets]
    score = float(np.mean([score for score, _ in told]))
    by_word = np.mean([words for _, words in told], axis=0)
    worst = [n for n in np.argsort(-by_word)[:3] if by_word[n] > by_word.max() - 1.5]
    return Doubt(score, tuple(basis.words[number] for number in sorted(worst)))


def forward(net: dict[str, Array], given: Features) -> tuple[float, Array]:
    """Forward pass of one network: log-odds of doubt about the sentence and about each word."""
    states, evidence = given.states @ net["W"], given.evidence @ net["W"]
    attention: Array = np.exp(net["al"]) * (given.states @ given.evidence.T)
    attention = attention + net["be"] * (states @ evidence.T) / np.sqrt(states.shape[1])
    attention = _softmax(attention)
    aligned = attention @ evidence
    seen = [states, aligned, np.abs(states - aligned), states * aligned, given.words]
    seen.append((attention @ given.in_first)[:, None])
    for step in (1, -1):
        beside, aligned_beside = _moved(states, step), attention @ _moved(evidence, step)
        seen += [np.abs(beside - aligned_beside), beside * aligned_beside]
    hidden = _gelu(np.concatenate(seen, axis=1) @ net["c1"] + net["b1"])
    looks = _softmax((hidden @ net["q"]) @ (hidden @ net["kk"]).T / np.sqrt(net["q"].shape[1]))
    hidden = hidden + looks @ (hidden @ net["vv"])
    around = np.concatenate([_moved(hidden, 1), hidden, _moved(hidden, -1)], axis=1)
    words = (_gelu(around @ net["c2"] + net["b2"]) @ net["o"])[:, 0] + net["ob"]
    most = float(words.max())
    pooled = most + float(np.log(np.exp(words - most).sum()))
    whole = _gelu(((given.sentence - net["mu"]) / net["sd"]) @ net["d1"] + net["db"]) @ net["d2"]
    score = net["so"][0] * pooled + net["so"][1] * float(whole[0]) + net["sb"]
    return float(score), words


def centre() -> Array:
    """Mean word vector, as `chain.checking.alignment.Aligner` needs it, shape (dimensions,)."""
    return _networks()[0]["centre"]


@cache
def _networks() -> list[dict[str, Array]]:
    with np.load(WEIGHTS) as stored:
        names = [name for name in stored.files if name != "centre"]
        mean = stored["centre"].astype(np.float32)
        count = len(stored[names[0]])
        return [
            {"centre": mean, **{name: stored[name][n].astype(np.float32) for name in names}}
            for n in range(count)
        ]


def _surroundings(basis: Basis, nearest: NDArray[np.int_], best: Array) -> Array:
    """Context match of each word, at most 0: mean cosine of its neighbours with the words around
    its closest word, minus that with any word. 0 if they stand together in the evidence too."""
    made = np.zeros(len(basis.words), np.float32)
    for number in range(len(basis.words)):
        around = [
            other
            for other in range(max(0, number - NEIGHBOURS), number + NEIGHBOURS + 1)
            if other != number and other < len(basis.words) and basis.content[other]
        ]
        if around:
            window = np.abs(basis.positions - basis.positions[nearest[number]]) <= WINDOW
            made[number] = (basis.closeness[around][:, window].max(axis=1) - best[around]).mean()
    return made


def _least(values: Array, otherwise: float) -> float:
    return float(values.min()) if len(values) else otherwise


def _moved(values: Array, step: int) -> Array:
    """Shifts the rows by `step`, and fills with zeros."""
    made = np.zeros_like(values)
    if step > 0:
        made[step:] = values[:-step]
    else:
        made[:step] = values[-step:]
    return made


def _softmax(values: Array) -> Array:
    raised: Array = np.exp(values - values.max(axis=-1, keepdims=True))
    made: Array = raised / raised.sum(axis=-1, keepdims=True)
    return made


def _gelu(values: Array) -> Array:
    """GELU in its tanh form: Hendrycks and Gimpel 2016, arXiv:1606.08415."""
    made: Array = 0.5 * values * (1 + np.tanh(0.7978845608 * (values + 0.044715 * values**3)))
    return made
