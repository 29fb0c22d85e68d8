"""What the network of chain/checking/judgement.py learns from: sentences, twins and riders.

a true sentence   of `replies/`, with the passages that a search for it finds
its twins         made false, in `replies/` as well
a rider           a true sentence with a clause of another, which its passages do not have
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from chain.checking.alignment import MOST_EVIDENCE, MOST_WORDS, Aligner
from chain.checking.judgement import Features, features
from core.passage import Passage
from eval.replies import read
from research.fitting.lessons import Lesson
from vectorstore.store import Index
from vectorstore.words import WORD, States, WordStates

_TWINS = 2  # false twins of a sentence of the first round
_PASSAGES = 6  # passages of a sentence
_RIDERS = 0.22  # share of the true sentences that get a rider
_AND = {
    "bg": "и", "cs": "a", "da": "og", "de": "und", "el": "και", "en": "and", "es": "y", "fi": "ja",
    "fr": "et", "hu": "és", "it": "e", "nl": "en", "pl": "a", "pt": "e", "ro": "iar", "sv": "och",
}  # fmt: skip


Batch = dict[str, NDArray[Any]]


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


def first_round(lesson: Lesson) -> Lesson:
    """Keeps the sentences with two twins. Those of a second round, with three harder twins each, do
    not improve the network: docs/decisions/0007."""
    kept = tuple(one for one in lesson.sentences if len(one.twins) == _TWINS)
    return lesson.model_copy(update={"sentences": kept})


def examples(told: Sequence[Lesson], index: Index) -> Iterator[Example]:
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


def open_replies() -> Iterator[Example]:
    """Yields the sentences and twins of the open half of tests/replies, with their passages."""
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


def centre(passages: Sequence[Passage], states: WordStates) -> States:
    """Mean word vector over every third passage, shape (dimensions,)."""
    found = [states.words(f"{one.headings[-1]}\n{one.text}").states for one in passages[::3]]
    mean: States = np.concatenate(found).mean(axis=0).astype(np.float32)
    return mean


def batch_of(
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
