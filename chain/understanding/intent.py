"""Intent classification: is a message a question about the sources, a task or small talk?"""

import json
import math
import re
import unicodedata
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from chain.understanding.phrases import (
    Token,
    concepts,
    is_filler,
    kinds_in,
    longest,
    made_of_phrases,
    manner_lists,
    meanings,
    phrases_in,
    plain_words,
    tokens,
    words_known,
)
from core.answer import Message
from core.source import Frozen
from language.cues import asks, cues_of, has_cues
from language.facts import amounts, countries, figures_as_written, is_acronym
from language.identify import CAPITALISES_NOUNS
from language.matching import fold
from vectorstore.embeddings import Embedder, Vectors, kept_passages
from vectorstore.keyword_index import content_words

WEIGHTS = Path(__file__).with_name("intents.json")
QUESTION: Final = "question"


class MessageLimits(Frozen):
    """Limits of the classifier, as probabilities, and margins: how much nearer (cosine) a message
    must be to an example of a kind than to any question. What each was set on stands beside it in
    `WEIGHTS`; docs/decisions/0012.
    """

    harm: float  # least probability of this kind by the vector alone
    other: float  # and of any other
    question: float  # of a question, from which nothing that is near to a message makes it one
    untold: float  # nothing but nearness speaks for it
    addressed: float  # it speaks to or about the assistant
    worded: float  # it has a phrase of the kind, and few unknown words
    sociable: float  # small talk
    sociable_said: float  # with a phrase of it at its begin or end
    scolding: float  # rude words, or words to the assistant
    opinion_cued: float  # with a cue of the kind
    legal_cued: float
    judging: float  # asks to judge, without saying who else does
    own_case: float  # legal advice for the asker
    crime_named: float  # harm, with a crime in its words
    crime_unnamed: float
    cued_behind: float  # how far a kind that is cued may be behind the nearest one
    said_behind: float  # and one that is said; more would overrule what the message is nearest to

    def least(self, kind: str) -> float:
        """Least probability of a kind by the vector alone."""
        return self.harm if kind == "harm" else self.other


class _Model(NamedTuple):
    embedder: str
    kinds: tuple[Message | Literal["question"], ...]
    weights: NDArray[np.float64]  # (kinds, dimensions + 1), the intercept last
    limits: MessageLimits


def by_vector(text: str, embedder: Embedder) -> Message | None:
    """The likeliest kind of a message if its probability is high enough; None for a question, and
    with an embedder that the weights are not for."""
    kind, chance = max(_chances(text, embedder).items(), key=itemgetter(1))
    if kind == QUESTION or chance < limits().least(kind):
        return None
    return kind


def is_question(text: str, embedder: Embedder) -> bool:
    """Whether the vector alone tells a question to the sources; never with another embedder."""
    return _chances(text, embedder)[QUESTION] >= limits().question


def _chances(text: str, embedder: Embedder) -> Mapping[Message | Literal["question"], float]:
    """Probability of each kind."""
    model = _model()
    if embedder.fingerprint != model.embedder:
        return {QUESTION: 0.0}
    scores = model.weights[:, :-1] @ embedder.query(text) + model.weights[:, -1]
    return dict(zip(model.kinds, map(float, softmax(scores)), strict=True))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities from scores, over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@cache
def _model() -> _Model:
    stored = json.loads(WEIGHTS.read_text("utf-8"))
    told = MessageLimits(**{name: one["value"] for name, one in stored["amounts"].items()})
    return _Model(stored["embedder"], tuple(stored["kinds"]), np.array(stored["weights"]), told)


def limits() -> MessageLimits:
    return _model().limits


# Tells tasks that name their object: "translate the agenda", "summarise the strategy".


TASKS: tuple[Message, ...] = ("shorter", "table", "translate", "email", "summarise")
_ORDER_WORDS = 6  # words within which an order to write is given; later ones are what is asked
_ORDERED = 3  # least words of a phrase that orders an e-mail: "e-mail" may be what is asked about
_REFERENCE = "com"  # COM(2020) 607; in Portuguese also a filler


def task_ordered(words: Sequence[str], message: str) -> Message | None:
    """Kind of a task with its object; None for other messages.

    Args:
        words: of the message, normalised.
        message: as typed.
    """
    lists, said = manner_lists(), list(phrases_in(words))
    opening = next((n for n, word in enumerate(words) if not is_filler(word)), len(words) - 1)
    start = " ".join(words[: opening + _ORDER_WORDS])
    if (lists.writing.within(start) and lists.letters.within(start)) or any(
        kind == "email" and len(places) >= _ORDERED and places[0] <= opening
        for places, kind in said
    ):
        return "email"
    if lists.translating.pattern().fullmatch(words[opening]):
        return "translate"
    # "a short summary" is one, too
    task = {place for places, kind in said if kind in ("summarise", "shorter") for place in places}
    # "summarise the agenda: how many ..." is a question.
    if not task or ":" in message or asks_for_existing(words):
        return None
    rest = [
        word
        for n, word in enumerate(words)
        if n not in task and (word == _REFERENCE or not is_filler(word))
    ]
    document = [word for word in rest if word == _REFERENCE or concepts(word, "documents")]
    other = [word for word in rest[:1] if words.index(word) > opening] + rest[1:]
    names = all(word in document or concepts(word, "subjects") or word.isdigit() for word in other)
    return "summarise" if document and names else None


def asks_for_existing(words: Sequence[str]) -> bool:
    """Whether it asks for something that exists: "is there a summary of the agenda" is no task."""
    return manner_lists().existing.pattern().match(" ".join(words)) is not None


# Tells the kind of a message by its nearness to examples, and the words that speak for a kind.


SOCIAL: tuple[Message, ...] = ("greeting", "thanks", "farewell", "acknowledgement")
_NEVER = math.inf


def by_nearness(
    words: Sequence[str], text: str, language: str, asks: bool, embedder: Embedder
) -> Message | None:
    """Kind of a message that is near enough to an example of it; None if there is none.

    Args:
        words: of the text, normalised.
        text: the message without small talk around it.
        language: of the message (ISO 639-1).
        asks: whether it ends as a question.
        embedder: the local one, for which the margins hold.
    """
    near = _nearness(text, embedder)
    fits = [kind for kind in near if near[kind] >= _needed(kind, words, language, asks)]
    if "harm" in fits:
        return "harm"
    said, cues = " ".join(words), manner_lists().cues
    best = max(fits, key=lambda kind: near[kind], default=None)
    for kind in sorted(cues, key=lambda kind: -near[kind]):
        if best in fits and kind in fits and cues[kind].within(said):
            return kind if near[kind] >= near[best] - limits().cued_behind else best
    return best


def social_by_nearness(
    message: str, said: frozenset[Message], told: Message | None, embedder: Embedder
) -> Message | None:
    """Kind of small talk of a whole message; None if it is not near enough to any.

    Args:
        message: as typed; it is no question.
        said: kinds of small talk that it begins or ends with.
        told: kind of the rest; small talk must be nearer where that is a kind of its own.
        embedder: the local one, for which the margins hold.
    """
    near = _nearness(message, embedder)
    best = max(SOCIAL, key=lambda kind: near[kind])
    least = limits()
    if near[best] < (least.sociable if told and told not in SOCIAL else least.sociable_said):
        return None
    nearest = max(said, key=lambda kind: near[kind])
    return nearest if near[nearest] >= near[best] - least.said_behind else best


def _needed(kind: Message, words: Sequence[str], language: str, asks: bool) -> float:
    """Margin (cosine) by which the message must be nearer to the kind than to any question."""
    lists, said, least = manner_lists(), " ".join(words), limits()
    if kind == "harm":
        return _needed_for_harm(said, language)
    if kind in ("opinion", "legal"):
        if lists.cues[kind].within(said):
            return least.opinion_cued if kind == "opinion" else least.legal_cued
        if kind == "legal":
            return least.own_case if lists.self.within(said, language) else _NEVER
        judges = asks and lists.judging.within(said)
        reports = lists.reported.within(said, language, "en")
        return least.judging if judges and not reports else _NEVER
    if kind in SOCIAL:
        return _NEVER if asks or len(words) < 2 else least.sociable
    if _is_worded(kind, words):
        return least.worded
    polite = lists.polite.within(said)
    addressed = lists.addressed.within(said, language, "en", "any") and not polite
    if kind == "rude":
        scolds = addressed or kind in kinds_in(words)
        return least.scolding if scolds and not asks else _NEVER
    if kind in TASKS:
        return _NEVER
    return least.addressed if addressed else least.untold


def _needed_for_harm(said: str, language: str) -> float:
    lists = manner_lists()
    harm = lists.harm
    named = harm.crimes.within(said) or (harm.doing.within(said) and harm.goods.within(said))
    own = named and lists.self.within(said, language) and not lists.cues["legal"].within(said)
    if not (own or harm.asking.within(said)) or harm.attributed.within(said):
        return _NEVER
    return limits().crime_named if named else limits().crime_unnamed


def _is_worded(kind: Message, words: Sequence[str]) -> bool:
    """Whether it has a phrase of this kind and few unknown words."""
    if kind in TASKS and asks_for_existing(words):
        return False
    unknown = sum(word not in words_known() for word in words)
    most = min(1, len(words) // 4) if kind in TASKS else len(words) // 4
    return unknown <= most and kind in kinds_in(words)


def _nearness(text: str, embedder: Embedder) -> Mapping[Message, float]:
    """Kind -> cosine with its nearest example, minus cosine with the nearest question."""
    kinds, vectors = _examples(cast(Hashable, embedder))
    cosines = vectors @ embedder.query(text)
    question = float(cosines[kinds == QUESTION].max())
    return {kind: float(cosines[kinds == kind].max()) - question for kind in get_args(Message)}


@lru_cache(maxsize=4)  # embedders: there is one, tests have others
def _examples(embedder: Hashable) -> tuple[NDArray[np.str_], Vectors]:
    """Kinds and vectors of the examples."""
    listed = [(kind, text) for kind, texts in manner_lists().examples.items() for text in texts]
    vectors = kept_passages(cast(Embedder, embedder), [text for _, text in listed])
    return np.array([kind for kind, _ in listed]), vectors


# Intent classification of a message before any search: small talk, a task, or a question.


_MOST_WORDS = 30  # a longer message is a question


def classify(message: str, language: str, embedder: Embedder) -> Message | None:
    """Kind of a message; None for a question to the sources.

    Args:
        message: as typed.
        language: of the message (ISO 639-1); decides the meaning of a word of several languages.
        embedder: the local one, for which the margins of nearness hold.
    """
    message = unicodedata.normalize("NFC", message)
    said = tokens(message)
    if not 0 < len(said) <= _MOST_WORDS:
        return None
    asks = "?" in message or (language == "el" and message.rstrip().endswith(";"))
    if told := made_of_phrases(plain_words(said), language, asks):
        return told
    own, social = _without_social(said, language)
    words = plain_words(own)
    if told := made_of_phrases(words, language, asks) or task_ordered(words, message):
        return told
    text = message if own == said else message[own[0].start : own[-1].end] + "?" * asks
    told = None
    if not is_question(text, embedder):
        told = by_nearness(words, text, language, asks, embedder) or by_vector(text, embedder)
    if not social:
        return told
    if asks:
        return None if told in SOCIAL else told
    return social_by_nearness(message, social, told, embedder) or told


def _without_social(
    said: Sequence[Token], language: str
) -> tuple[Sequence[Token], frozenset[Message]]:
    """Strips small talk from both ends of a message; returns the rest and the kinds stripped."""
    social: set[Message] = set()
    for last in (False, True):
        while True:
            length, kinds = _social_at(plain_words(said), language, last=last)
            if not length or length >= len(said):
                break
            social |= kinds
            said = said[:-length] if last else said[length:]
    return said, frozenset(social)


def _social_at(words: Sequence[str], language: str, *, last: bool) -> tuple[int, set[Message]]:
    """Length and kinds of the longest small-talk phrase at the start, or at the end (`last`)."""
    # "is it any good" does not end with an acknowledgement
    allowed = [kind for kind in SOCIAL if not last or kind != "acknowledgement"]
    for length in range(min(longest(), len(words)), 0, -1):
        piece = tuple(words[-length:] if last else words[:length])
        if kinds := {kind for kind, _ in meanings(piece, language) if kind in allowed and kind}:
            return length, kinds
    return 0, set()


# What kind of answer a question asks for, and what its answer must contain.


_ASKED = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # jusqu'à and end-to-end are one word each


def asks_for(question: str, language: str) -> frozenset[str]:
    """Answer types of a question: "list", "number", "date", "name", "amount" (of money), "reason";
    may be empty.

    >>> sorted(asks_for("Since when, and how many?", "en"))
    ['date', 'number']
    """
    padded = f" {fold(' '.join(_ASKED.findall(question)))} "
    return frozenset(
        kind
        for kind, words in _cues(language).items()
        if any(f" {word} " in padded for word in words)
    )


def wants_writing(question: str, language: str) -> bool:
    """Whether a question wants what no quote is: a comparison, a timeline, a summary.

    >>> wants_writing("What is the difference between the two plans?", "en")
    True
    """
    words = frozenset(_ASKED.findall(fold(question)))
    return not words.isdisjoint(cues_of(language).writing)


def numbers(text: str, language: str) -> Iterator[str]:
    """Numbers in a text as written, each with the noun it counts."""
    for amount, noun in amounts(text, language):
        yield amount + (noun if content_words(noun, language) else "")


def gives_reason(text: str, language: str) -> bool:
    """Whether a text has a causal word ("because")."""
    words = " ".join(["", *re.findall(r"\w+", text.casefold()), ""])
    return any(f" {word} " in words for word in cues_of(language).causal)


@cache
def _cues(language: str) -> Mapping[str, tuple[str, ...]]:
    return {kind: tuple(map(fold, words)) for kind, words in asks(language).items()}


# Entities in a question (figures, countries, acronyms, names), and answer types.


class Demands(NamedTuple):
    """Entities in a question. Mappings go from the normalised to the written form.

    `kinds` are its answer types: "number", "date", "amount" (of money), "reason". Excluded are
    names that every document has, and digits within a word ("E2EE").
    """

    figures: Mapping[str, str]
    countries: Mapping[str, str]
    acronyms: tuple[str, ...]
    names: tuple[str, ...]
    kinds: frozenset[str]


@lru_cache(maxsize=256)
def demands_of(question: str, language: str) -> Demands:
    """Extracts the entities of a question; `language` in ISO 639-1."""
    named = countries(question, language)
    of_countries = {word for name in named.values() for word in re.findall(r"\w+", name)}
    acronyms, names = [], []
    known = has_cues(language)
    common = cues_of(language).common if known else ()
    for match in re.finditer(r"\w+", question):
        word = match.group()
        digits = any(letter.isdigit() for letter in word)
        if digits or word in of_countries or word.casefold() in common:
            continue
        if is_acronym(word):
            acronyms.append(word)
            continue
        general = not known or fold(word) in _general(language)
        if general or not content_words(word, language):
            continue
        first = not question[: match.start()].rstrip(" \"'«„“‘(¿¡") or re.search(
            r"[.?!:…]\W*$", question[: match.start()]
        )
        if word[0].isupper() and not first and language != CAPITALISES_NOUNS and len(word) > 2:
            names.append(word)
    return Demands(
        figures_as_written(question),
        named,
        tuple(dict.fromkeys(acronyms)),
        tuple(dict.fromkeys(names)),
        asks_for(question, language) & {"number", "date", "amount", "reason"},
    )


@cache
def _general(language: str) -> frozenset[str]:
    """Question words and other words without a topic."""
    cues = cues_of(language)
    asking = (cue for kind, listed in asks(language).items() if kind != "name" for cue in listed)
    return cues.general | {word for cue in (*cues.causal, *asking) for word in cue.split()}
