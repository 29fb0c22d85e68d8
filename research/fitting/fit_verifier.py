"""Fits the network of chain/checking/judgement.py and writes `chain/checking/judgement.npz`.

    pip install jax optax
    python -m research.fitting.fit_verifier

Training data are the true sentences and false twins in `replies/`, each with the six passages that
a search for the sentence finds, and riders: a true sentence with a clause of another. Prints the
accuracy of each network on pairs in the open half of tests/replies; the held half is not used.
"""

import difflib
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from chain.checking.alignment import MOST_EVIDENCE, MOST_WORDS, Aligner
from chain.checking.judgement import WEIGHTS, Features, features
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.types import Passage
from eval.replies import read
from research.fitting.lessons import Lesson, lessons
from vectorstore.store import Index, open_index
from vectorstore.words import WORD, States, WordStates, word_states

_TWINS = 2  # false twins of a sentence of the first round
_PASSAGES = 6  # passages of a sentence
_NETWORKS = 2  # networks of the ensemble, which averages them
_WIDTH, _HIDDEN, _LAST, _WHOLE, _LOOKS = 48, 64, 32, 24, 32
_EPOCHS, _BATCH, _RATE = 7, 64, 2e-3
_RIDERS = 0.22  # share of the true sentences that get a rider
_AND = {
    "bg": "и", "cs": "a", "da": "og", "de": "und", "el": "και", "en": "and", "es": "y", "fi": "ja",
    "fr": "et", "hu": "és", "it": "e", "nl": "en", "pl": "a", "pt": "e", "ro": "iar", "sv": "och",
}  # fmt: skip


class Example(NamedTuple):
    """A training example.

    wrong: whether the sentence is false.
    words: which of its words are false.
    passages: ids of its passages.
    """

    text: str
    language: str
    wrong: bool
    words: tuple[bool, ...]
    passages: tuple[str, ...]


Batch = dict[str, NDArray[Any]]


def main() -> int:
    console = Console()
    try:
        index = open_index(Settings())
        told = [_first_round(lesson) for lesson in lessons()]
    except StrategiewijzerError as error:
        Console(stderr=True).print(error, markup=False)
        return 1
    states = word_states()
    passages = {passage.id: passage for passage in index.passages()}
    mean = _centre(list(passages.values()), states)
    learnt = _batch(list(_examples(told, index)), passages, states, mean, "lessons")
    shown = _batch(list(_open()), passages, states, mean, "open replies")
    nets = []
    for seed in range(_NETWORKS):
        nets.append(_fitted(learnt, seed))
        console.print(f"network {seed}: {_told(nets[-1], shown):.3f} of pairs told apart")
    stored: dict[str, Any] = {
        name: np.stack([net[name] for net in nets]).astype(np.float16) for name in nets[0]
    }
    np.savez_compressed(WEIGHTS, centre=mean, **stored)
    console.print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size // 1024} KB")
    return 0


def _first_round(lesson: Lesson) -> Lesson:
    """Keeps the sentences with two twins. Those of a second round, with three harder twins each, do
    not improve the network: docs/decisions/0007."""
    kept = tuple(one for one in lesson.sentences if len(one.twins) == _TWINS)
    return lesson.model_copy(update={"sentences": kept})


def _examples(told: Sequence[Lesson], index: Index) -> Iterator[Example]:
    """Yields every true sentence, every twin, and some riders."""
    chance = np.random.default_rng(0)
    of_language: dict[str, list[tuple[str, str]]] = {}
    for lesson in told:
        for one in lesson.sentences:
            of_language.setdefault(one.language, []).append((lesson.passage, one.text))
    for lesson in track(told, "searching", transient=True):
        for one in lesson.sentences:
            found = [hit.passage.id for hit in index.search(one.text, _PASSAGES, one.language)]
            if lesson.passage not in found:
                found[-1] = lesson.passage
            ids = tuple(found)
            words = WORD.findall(one.text)
            yield Example(one.text, one.language, False, (False,) * len(words), ids)
            for twin in one.twins:
                yield Example(
                    twin.text, one.language, True, _changed(words, WORD.findall(twin.text)), ids
                )
            others = of_language[one.language]
            passage, other = others[chance.integers(len(others))]
            if chance.random() < _RIDERS and passage not in found and one.language in _AND:
                clause = f", {_AND[one.language]} {other[0].lower()}{other[1:].rstrip('.')}"
                text = f"{one.text.rstrip('.')}{clause}."
                yield Example(text, one.language, True, _changed(words, WORD.findall(text)), ids)


def _open() -> Iterator[Example]:
    for reply in read("open"):
        for one in reply.sentences:
            texts = [(one.text, False), *((twin.text, True) for twin in one.twins)]
            for text, wrong in texts:
                yield Example(text, reply.language, wrong, (), reply.passages)


def _changed(words: Sequence[str], other: Sequence[str]) -> tuple[bool, ...]:
    """Which words of `other` differ from `words`; for a deletion, the words beside the gap."""
    made = [False] * len(other)
    match = difflib.SequenceMatcher(None, words, other, autojunk=False)
    for kind, _, _, start, end in match.get_opcodes():
        if kind != "equal":
            around = (start - 1, end + 1) if start == end else (start, end)
            for number in range(max(0, around[0]), min(len(other), around[1])):
                made[number] = True
    return tuple(made)


def _centre(passages: Sequence[Passage], states: WordStates) -> States:
    """Mean word vector over every third passage, shape (dimensions,)."""
    found = [states.words(f"{one.headings[-1]}\n{one.text}").states for one in passages[::3]]
    mean: States = np.concatenate(found).mean(axis=0).astype(np.float32)
    return mean


def _batch(
    examples: Sequence[Example],
    passages: dict[str, Passage],
    states: WordStates,
    mean: States,
    name: str,
) -> Batch:
    """Features of the examples, padded with zeros to arrays of one size."""
    count, width = len(examples), len(mean)
    made: Batch = {
        "v": np.zeros((count, MOST_WORDS, width), np.float16),
        "e": np.zeros((count, MOST_EVIDENCE, width), np.float16),
        "is_word": np.zeros((count, MOST_WORDS), np.float32),
        "is_evidence": np.zeros((count, MOST_EVIDENCE), np.float32),
        "wrong_word": np.zeros((count, MOST_WORDS), np.float32),
        "words": np.zeros((count, MOST_WORDS, 7), np.float32),
        "in_first": np.zeros((count, MOST_EVIDENCE), np.float32),
        "wrong": np.array([one.wrong for one in examples], np.float32),
    }
    whole: list[NDArray[Any]] = []
    last: tuple[tuple[str, ...], Aligner] | None = None
    for n, one in enumerate(track(examples, name, transient=True)):
        if last is None or last[0] != one.passages:
            last = one.passages, Aligner([passages[i] for i in one.passages], states, mean)
        basis = last[1].basis(one.text, one.language)
        assert basis is not None  # noqa: S101 - a sentence has words
        given: Features = features(basis)
        size, seen = len(given.states), len(given.evidence)
        made["v"][n, :size], made["e"][n, :seen] = given.states, given.evidence
        made["is_word"][n, :size], made["is_evidence"][n, :seen] = 1, 1
        made["wrong_word"][n, : min(size, len(one.words))] = one.words[:size]
        made["words"][n, :size], made["in_first"][n, :seen] = given.words, given.in_first
        whole.append(given.sentence)
    made["whole"] = np.stack(whole)
    return made


def _fitted(batch: Batch, seed: int) -> dict[str, NDArray[Any]]:
    """Trains one network with AdamW, on the cross-entropy of sentences and of words."""
    import jax
    import jax.numpy as jnp
    import optax

    mean, spread = batch["whole"].mean(axis=0), batch["whole"].std(axis=0) + 0.05
    data = {**batch, "whole": (batch["whole"] - mean) / spread}
    count = len(data["wrong"])
    net = _first(jax.random.PRNGKey(seed), data["v"].shape[-1], data["whole"].shape[1])
    schedule = optax.cosine_decay_schedule(_RATE, _EPOCHS * (count // _BATCH))
    optimiser = optax.adamw(schedule, weight_decay=0.01)
    state = optimiser.init(net)

    def loss(net: Any, part: Any, key: Any) -> Any:
        score, words = _forward(net, part, key)
        by_word = optax.sigmoid_binary_cross_entropy(words, part["wrong_word"])
        by_word = by_word * part["is_word"] * (1 + 4 * part["wrong_word"])
        whole = optax.sigmoid_binary_cross_entropy(score, part["wrong"]).mean()
        return whole + by_word.sum() / part["is_word"].sum()

    def advance(net: Any, state: Any, part: Any, key: Any) -> Any:
        changes, state = optimiser.update(jax.grad(loss)(net, part, key), state, net)
        return optax.apply_updates(net, changes), state

    step = jax.jit(advance)

    order, key = np.random.default_rng(seed), jax.random.PRNGKey(seed + 9)
    for _ in track(range(_EPOCHS), f"network {seed}", transient=True):
        shuffled = order.permutation(count)
        for first in range(0, count - _BATCH + 1, _BATCH):
            key, now = jax.random.split(key)
            chosen = shuffled[first : first + _BATCH]
            part = {name: jnp.asarray(values[chosen]) for name, values in data.items()}
            net, state = step(net, state, part, now)
    return {**{name: np.asarray(value) for name, value in net.items()}, "mu": mean, "sd": spread}


def _first(key: Any, width: int, whole: int) -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    keys = iter(jax.random.split(key, 12))

    def drawn(rows: int, columns: int, gain: float = 1.0) -> Any:
        return jax.random.normal(next(keys), (rows, columns)) * gain * rows**-0.5

    return {
        "W": drawn(width, _WIDTH, 4),
        "c1": drawn(8 * _WIDTH + 8, _HIDDEN), "b1": jnp.zeros(_HIDDEN),
        "c2": drawn(3 * _HIDDEN, _LAST), "b2": jnp.zeros(_LAST), "o": drawn(_LAST, 1),
        "ob": jnp.array(-2.0), "d1": drawn(whole, _WHOLE), "db": jnp.zeros(_WHOLE),
        "d2": drawn(_WHOLE, 1), "so": jnp.array([1.0, 0.5]), "sb": jnp.array(0.0),
        "al": jnp.array(3.0), "be": jnp.array(0.3), "q": drawn(_HIDDEN, _LOOKS),
        "kk": drawn(_HIDDEN, _LOOKS), "vv": drawn(_HIDDEN, _HIDDEN, 0.5),
    }  # fmt: skip


def _forward(net: Any, part: Any, key: Any) -> tuple[Any, Any]:
    """As `chain.checking.judgement.forward`, for a batch and with dropout."""
    import jax
    import jax.numpy as jnp

    keys = iter(jax.random.split(key, 8))

    def dropped(values: Any, share: float) -> Any:
        return values * jax.random.bernoulli(next(keys), 1 - share, values.shape) / (1 - share)

    def moved(values: Any, by: int) -> Any:
        if by > 0:
            return jnp.pad(values, ((0, 0), (by, 0), (0, 0)))[:, :-by]
        return jnp.pad(values, ((0, 0), (0, -by), (0, 0)))[:, -by:]

    v, e = (
        dropped(part["v"].astype(jnp.float32), 0.15),
        dropped(part["e"].astype(jnp.float32), 0.15),
    )
    states, evidence = v @ net["W"], e @ net["W"]
    attention = jnp.exp(net["al"]) * jnp.einsum("bih,bjh->bij", v, e)
    attention += net["be"] * jnp.einsum("bih,bjh->bij", states, evidence) / _WIDTH**0.5
    attention = jax.nn.softmax(jnp.where(part["is_evidence"][:, None] > 0, attention, -1e9), -1)
    aligned = attention @ evidence
    seen = [states, aligned, jnp.abs(states - aligned), states * aligned, part["words"]]
    seen.append((attention * part["in_first"][:, None]).sum(-1)[..., None])
    for by in (1, -1):
        beside, aligned_beside = moved(states, by), attention @ moved(evidence, by)
        seen += [jnp.abs(beside - aligned_beside), beside * aligned_beside]
    is_word = part["is_word"]
    hidden = jax.nn.gelu(dropped(jnp.concatenate(seen, -1), 0.2) @ net["c1"] + net["b1"])
    hidden = hidden * is_word[..., None]
    looks = jnp.einsum("bih,bjh->bij", hidden @ net["q"], hidden @ net["kk"]) / _LOOKS**0.5
    looks = jax.nn.softmax(jnp.where(is_word[:, None] > 0, looks, -1e9), -1)
    hidden = hidden + looks @ (hidden @ net["vv"])
    around = jnp.concatenate([moved(hidden, 1), hidden, moved(hidden, -1)], -1)
    last = jax.nn.gelu(dropped(around, 0.2) @ net["c2"] + net["b2"])
    words = (last @ net["o"])[..., 0] + net["ob"]
    pooled = jax.nn.logsumexp(jnp.where(is_word > 0, words, -1e9), -1)
    whole = jax.nn.gelu(dropped(part["whole"], 0.1) @ net["d1"] + net["db"]) @ net["d2"]
    return net["so"][0] * pooled + net["so"][1] * whole[:, 0] + net["sb"], words


def _told(net: dict[str, NDArray[Any]], batch: Batch) -> float:
    """AUC: share of pairs of a false and a true sentence in which the false one is doubted more."""
    from chain.checking.judgement import forward

    scores = np.array(
        [
            forward(
                net,
                Features(
                    batch["v"][n][batch["is_word"][n] > 0].astype(np.float32),
                    batch["e"][n][batch["is_evidence"][n] > 0].astype(np.float32),
                    batch["words"][n][batch["is_word"][n] > 0],
                    batch["in_first"][n][batch["is_evidence"][n] > 0],
                    batch["whole"][n],
                ),
            )[0]
            for n in range(len(batch["wrong"]))
        ]
    )
    wrong = batch["wrong"] > 0
    return float((scores[wrong][:, None] > scores[~wrong][None]).mean())


if __name__ == "__main__":
    sys.exit(main())
