"""Intent classification of a message before any search: small talk, a task, or a question.

    message -> made of known phrases and fillers only           small talk or a task
            -> a task and its object                            summarise, translate, e-mail
            -> asks how to commit a crime                       harm
            -> nearer to examples of a kind than to questions   that kind
            -> of a kind by its vector (chain/understanding/probe.py)         that kind
            -> none of these                                    a question to the sources

A question must never be taken for small talk, so an uncertain message is a question. Phrases and
examples are in `manners.yaml`, replies in prompts/phrases/, measurements in
docs/decisions/0012-manners.md.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

import numpy as np
import yaml
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from chain.understanding.probe import likeliest
from core.types import DocumentInfo, Frozen, Message
from language.matching import without_accents
from prompts import TaskProblem, phrases
from vectorstore.embeddings import Embedder, Vectors

_FILE = Path(__file__).with_name("manners.yaml")

# Tokens are words and these symbols; other symbols and punctuation are dropped.
_WORD = re.compile(r"\w+|[👋🖐🙏❤🥰💐👍👌✅👏🎉😂🖕💩😊🙂😀]")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")  # heyyyy
_SHORTENED = {"s": "is", "re": "are", "m": "am"}  # what's, you're, I'm
_SHORTENED_BEFORE = frozenset(
    ("what", "who", "where", "how", "that", "it", "this", "there", "i", "you", "we", "they")
)
_MOST_WORDS = 30  # a longer message is a question
_PHRASE_WORDS = 9  # words of the longest phrase
_ORDER_WORDS = 6  # words within which an order to write something is given

_SOCIAL: tuple[Message, ...] = ("greeting", "thanks", "farewell", "acknowledgement")
# Precedence of kinds in a message made of phrases of several.
_FIRST: tuple[Message, ...] = (
    "rude", "email", "translate", "table", "summarise", "shorter", "sources", "workings",
    "identity", "capabilities", "farewell", "thanks", "greeting", "acknowledgement",
)  # fmt: skip

_TASKS: tuple[Message, ...] = ("shorter", "table", "translate", "email", "summarise")

# Margins: how much nearer (cosine) a message must be to an example of a kind than to any question,
# depending on its words; see _needed. Measured on eval/questions and research/fitting:
# docs/decisions/0012.
_UNTOLD = 0.07
_ADDRESSED = 0.022
_WORDED = 0.0
_SOCIABLE, _SOCIABLE_SAID = 0.06, 0.02
_SAID_BEHIND = 0.02
_SCOLDING = 0.04
_CUED: Mapping[Message, float] = {"opinion": -0.1, "legal": -0.05}
_CUED_BEHIND = 0.03
_JUDGING = -0.025
_OWN_CASE = 0.03
_NAMED, _UNNAMED = -0.04, 0.03
_NEVER = math.inf

# (letters, edits): edits allowed in a misspelt word of at least so many letters.
_MISSPELT = ((9, 2), (6, 1))
_MISSPELT_WORDS = 8  # words; longer messages are not corrected
_NEVER_MISSPELT: tuple[Message, ...] = ("rude", "acknowledgement")

# Least probability of a kind by the vector alone; lower for harm.
CHANCES: Mapping[str, float] = {"harm": 0.6, "": 0.9}

_QUESTION = "question"
_REFERENCE = "com"  # COM(2020) 607; in Portuguese also a filler
_CLEARLY = 0.1  # least margin in score of the best-fitting document over the next


class _Harm(Frozen):
    asking: Mapping[str, str]
    crimes: Mapping[str, str]
    doing: Mapping[str, str]
    goods: Mapping[str, str]
    attributed: Mapping[str, str]


class _Words(Frozen):
    """Schema of `manners.yaml`, which explains it. Strings are phrases separated by commas."""

    examples: Mapping[Message | Literal["question"], tuple[str, ...]]
    phrases: Mapping[Message, Mapping[str, str]]
    fillers: Mapping[str, str]
    softening: Mapping[str, str]
    documents: Mapping[str, str]
    subjects: Mapping[str, str]
    translating: Mapping[str, str]
    cues: Mapping[Message, Mapping[str, str]]
    judging: Mapping[str, str]
    reported: Mapping[str, str]
    writing: Mapping[str, str]
    letters: Mapping[str, str]
    harm: _Harm
    addressed: Mapping[str, str]
    polite: Mapping[str, str]
    existing: Mapping[str, str]
    self: Mapping[str, str]


class _Token(NamedTuple):
    """A normalised word, and its offsets in the message."""

    plain: str
    start: int
    end: int


def classify(message: str, language: str, embedder: Embedder) -> Message | None:
    """Kind of a message; None for a question to the sources.

    Args:
        message: as typed.
        language: of the message (ISO 639-1); decides the meaning of a word of several languages.
        embedder: the local one, for which the margins above hold.
    """
    message = unicodedata.normalize("NFC", message)
    tokens = _tokens(message)
    if not 0 < len(tokens) <= _MOST_WORDS:
        return None
    asks = "?" in message or (language == "el" and message.rstrip().endswith(";"))
    told = _made_of_phrases(_plain(tokens), language, asks)
    if told:
        return told
    own, social = _without_social(tokens, language)
    words = _plain(own)
    told = _made_of_phrases(words, language, asks) or _task_on_a_topic(words, message)
    if told:
        return told
    text = message if own == tokens else message[own[0].start : own[-1].end] + "?" * asks
    told = _by_nearness(words, text, language, asks, embedder) or _by_chance(text, embedder)
    if not social:
        return told
    if asks:
        return None if told in _SOCIAL else told
    needed = _SOCIABLE if told and told not in _SOCIAL else _SOCIABLE_SAID
    return _social_by_nearness(message, social, embedder, needed) or told


def examples() -> Mapping[str, tuple[str, ...]]:
    """Example messages by kind; "question" is one of the kinds."""
    return {str(kind): texts for kind, texts in _file().examples.items()}


def reply_text(kind: Message, language: str) -> str:
    """Reply to a message that asks the sources nothing."""
    return phrases(language).replies[kind]


def task_reply(problem: TaskProblem, language: str) -> str:
    """Reply to a task that is not carried out although there is a model."""
    return phrases(language).tasks[problem]


def _tokens(message: str) -> tuple[_Token, ...]:
    return tuple(_Token(_folded(m[0]), *m.span()) for m in _WORD.finditer(message))


def _folded(word: str) -> str:
    plain = without_accents(unicodedata.normalize("NFKC", word).casefold())
    return _DRAWN_OUT.sub(r"\1", plain)


def _plain(tokens: Iterable[_Token]) -> tuple[str, ...]:
    words: list[str] = []
    for token in tokens:
        shortened = bool(words) and words[-1] in _SHORTENED_BEFORE
        words.append(_SHORTENED.get(token.plain, token.plain) if shortened else token.plain)
    return tuple(words)


# --- Phrases ----------------------------------------------------------------------------------


class _Tiling(NamedTuple):
    """A segmentation of the first words into phrases and fillers; the least is the best."""

    foreign: int  # pieces in other languages
    pieces: int
    phrases: int  # pieces that are phrases: "help" alone is one, in "thanks for your help" a filler
    kinds: frozenset[Message]


def _made_of_phrases(words: Sequence[str], language: str, asks: bool) -> Message | None:
    kind = _first(_tiled(words, language), asks) or _first(_tiled(_firm(words), language), asks)
    if kind or len(words) > _MISSPELT_WORDS:
        return kind
    kind = _first(_tiled(_spelt(words, language), language), asks)
    if kind in _NEVER_MISSPELT or (len(words) == 1 and kind not in ("greeting", "thanks")):
        return None  # a search for "price" is no insult
    return kind


def _first(kinds: frozenset[Message], asks: bool) -> Message | None:
    if asks and not kinds.isdisjoint(("thanks", "farewell", "acknowledgement")):
        return None  # "good?" and "thanks, and the other?" are questions
    return next((kind for kind in _FIRST if kind in kinds), None)


def _firm(words: Sequence[str]) -> list[str]:
    return [word for word in words if not _has(word, "softening")]


def _tiled(words: Sequence[str], language: str) -> frozenset[Message]:
    """Kinds of the phrases in the best segmentation of the words (dynamic programming); empty if
    there is none."""
    best: list[_Tiling | None] = [_Tiling(0, 0, 0, frozenset()), *(None for _ in words)]
    for start in range(len(words)):
        before = best[start]
        if before is None:
            continue
        for length in range(1, min(_PHRASE_WORDS, len(words) - start) + 1):
            for foreign, kind in _meanings(tuple(words[start : start + length]), language):
                tiling = _Tiling(
                    before.foreign + foreign,
                    before.pieces + 1,
                    before.phrases + (kind is not None),
                    before.kinds | ({kind} if kind else set()),
                )
                there = best[start + length]
                if there is None or _better(tiling, there):
                    best[start + length] = tiling
    return best[-1].kinds if best[-1] else frozenset()


def _better(one: _Tiling, other: _Tiling) -> bool:
    """Whether it alone has phrases, else whether it has fewer foreign pieces, pieces, phrases."""
    return (not one.phrases, one[:3]) < (not other.phrases, other[:3])


def _meanings(words: tuple[str, ...], language: str) -> Iterator[tuple[int, Message | None]]:
    """Meanings of a phrase: 1 if of another language (else 0), and the kind (None: filler)."""
    known = _known().get(words, {})
    kinds: dict[Message | None, int] = {}
    for kind, languages in known.items():
        kinds[kind] = int(languages.isdisjoint((language, "en", "any")))
    own = [kind for kind, languages in known.items() if language in languages]
    # Its own language decides: "tak" is thanks in Danish and yes in Polish.
    for kind in own or kinds:
        yield kinds[kind], kind


@cache
def _known_words() -> frozenset[str]:
    return frozenset(word for words in _known() for word in words)


@cache
def _known() -> Mapping[tuple[str, ...], Mapping[Message | None, frozenset[str]]]:
    """Phrases and fillers: words -> kind (None: filler) -> languages."""
    known: dict[tuple[str, ...], dict[Message | None, frozenset[str]]] = {}
    sets: list[tuple[Message | None, Mapping[str, str]]] = [*_file().phrases.items()]
    for kind, by_language in [*sets, (None, _file().fillers)]:
        for language, listed in by_language.items():
            for phrase in listed.split(","):
                words = _plain(_tokens(phrase))
                if words:
                    of = known.setdefault(words, {})
                    of[kind] = of.get(kind, frozenset()) | {language}
    return known


def _spelt(words: Sequence[str], language: str) -> list[str]:
    """Spelling correction: replaces unknown words by the nearest known one."""
    known = _vocabulary(language)
    return [word if word in known else _nearest(word, known) for word in words]


def _nearest(word: str, known: Sequence[str]) -> str:
    most = next((wrong for letters, wrong in _MISSPELT if len(word) >= letters), 0)
    alike = [other for other in known if most and other[0] == word[0]]
    found = process.extractOne(word, alike, scorer=OSA.distance, score_cutoff=most)
    return found[0] if found else word


@cache
def _vocabulary(language: str) -> tuple[str, ...]:
    """Words of the phrases and fillers in a language and in English."""
    return tuple(
        {
            word: None
            for words, kinds in _known().items()
            if any(not of.isdisjoint((language, "en", "any")) for of in kinds.values())
            for word in words
        }
    )


def _without_social(
    tokens: tuple[_Token, ...], language: str
) -> tuple[tuple[_Token, ...], frozenset[Message]]:
    """Strips small talk from both ends of a message; returns the rest and the kinds stripped."""
    start, end = 0, len(tokens)
    social: set[Message] = set()
    for last in (False, True):
        while True:
            length, kinds = _social_at(_plain(tokens[start:end]), language, last=last)
            if not length or length >= end - start:
                break
            social |= kinds
            start, end = (start, end - length) if last else (start + length, end)
    return tokens[start:end], frozenset(social)


def _social_at(
    words: tuple[str, ...], language: str, *, last: bool
) -> tuple[int, frozenset[Message]]:
    """Length and kinds of the longest small-talk phrase at the start, or at the end (`last`)."""
    for length in range(min(_PHRASE_WORDS, len(words)), 0, -1):
        piece = words[-length:] if last else words[:length]
        # "is it any good" does not end with an acknowledgement
        allowed = _SOCIAL[:-1] if last else _SOCIAL
        kinds = frozenset(kind for _, kind in _meanings(piece, language) if kind in allowed)
        if kinds:
            return length, frozenset(kind for kind in kinds if kind)
    return 0, frozenset()


# --- Tasks ------------------------------------------------------------------------------------


def _task_on_a_topic(words: Sequence[str], message: str) -> Message | None:
    """Kind of a task with its object: "translate the agenda", "summarise the strategy"."""
    opening = next((n for n, word in enumerate(words) if not _is_filler(word)), len(words) - 1)
    start = " ".join(words[: opening + _ORDER_WORDS])
    if any(kind == "email" and length > 2 for length, kind in _phrases_at(words, 0, opening)) or (
        _has(start, "writing") and _has(start, "letters")
    ):
        return "email"
    if _pattern("translating").fullmatch(words[opening]):
        return "translate"
    task = {
        place
        for start in range(len(words))
        for length, kind in _phrases_at(words, start, start)
        if kind in ("summarise", "shorter")  # "a short summary"
        for place in range(start, start + length)
    }
    # "summarise the agenda: how many ..." and "is there a summary of the agenda" are questions.
    if not task or ":" in message or _asks_for_existing(words):
        return None
    rest = [
        word
        for n, word in enumerate(words)
        if n not in task and (word == _REFERENCE or not _is_filler(word))
    ]
    document = [word for word in rest if word == _REFERENCE or _concepts(word, "documents")]
    other = [word for word in rest[:1] if words.index(word) > opening] + rest[1:]
    names = all(word in document or _concepts(word, "subjects") or word.isdigit() for word in other)
    return "summarise" if document and names else None


def _asks_for_existing(words: Sequence[str]) -> bool:
    return _pattern("existing").match(" ".join(words)) is not None


def _phrases_at(
    words: Sequence[str], first: int, last: int
) -> Iterator[tuple[int, Message | None]]:
    """Length and kind of each phrase that starts at a word from `first` to `last`."""
    for start in range(first, last + 1):
        for length in range(1, min(_PHRASE_WORDS, len(words) - start) + 1):
            for kind in _known().get(tuple(words[start : start + length]), {}):
                yield length, kind


def _is_filler(word: str) -> bool:
    return None in _known().get((word,), {})


# --- Nearness ---------------------------------------------------------------------------------


def _by_nearness(
    words: Sequence[str], text: str, language: str, asks: bool, embedder: Embedder
) -> Message | None:
    near = _nearness(text, embedder)
    fits = [kind for kind in near if near[kind] >= _needed(kind, words, language, asks)]
    if "harm" in fits:
        return "harm"
    said = " ".join(words)
    best = max(fits, key=lambda kind: near[kind], default=None)
    for kind in sorted(_file().cues, key=lambda kind: -near[kind]):
        if best in fits and kind in fits and _has(said, "cues", kind):
            return kind if near[kind] >= near[best] - _CUED_BEHIND else best
    return best


def _by_chance(text: str, embedder: Embedder) -> Message | None:
    """Kind of a message by the linear classifier, if its probability is high enough."""
    kind, chance = likeliest(text, embedder)
    return kind if kind and chance >= CHANCES.get(kind, CHANCES[""]) else None


def _social_by_nearness(
    message: str, social: frozenset[Message], embedder: Embedder, needed: float
) -> Message | None:
    """Kind of small talk of a message that begins or ends with these kinds; None if not near."""
    near = _nearness(message, embedder)
    best = max(_SOCIAL, key=lambda kind: near[kind])
    said = max(social, key=lambda kind: near[kind])
    if near[best] < needed:
        return None
    return said if near[said] >= near[best] - _SAID_BEHIND else best


def _needed(kind: Message, words: Sequence[str], language: str, asks: bool) -> float:
    """Margin (cosine) by which the message must be nearer to the kind than to any question."""
    said = " ".join(words)
    if kind == "harm":
        named = _names_a_crime(said)
        own = named and _of_oneself(said, language) and not _has(said, "cues", "legal")
        if not (own or _has(said, "harm", "asking")) or _has(said, "harm", "attributed"):
            return _NEVER
        return _NAMED if named else _UNNAMED
    if kind in ("opinion", "legal"):
        if _has(said, "cues", kind):
            return _CUED[kind]
        if kind == "legal":
            return _OWN_CASE if _of_oneself(said, language) else _NEVER
        judges = asks and _has(said, "judging")
        return (
            _JUDGING
            if judges and not _spoken("reported", (language, "en")).search(said)
            else _NEVER
        )
    if kind in _SOCIAL:
        return _NEVER if asks or len(words) < 2 else _SOCIABLE
    if _is_worded(kind, words):
        return _WORDED
    addressed = _spoken("addressed", (language, "en", "any")).search(said) and not _has(
        said, "polite"
    )
    if kind == "rude":
        insults = any(found == kind for _, found in _phrases_at(words, 0, len(words) - 1))
        return _SCOLDING if (addressed or insults) and not asks else _NEVER
    if kind in _TASKS:
        return _NEVER
    return _ADDRESSED if addressed else _UNTOLD


def _is_worded(kind: Message, words: Sequence[str]) -> bool:
    """Whether it has a phrase of this kind and few unknown words."""
    if kind in _TASKS and _asks_for_existing(words):
        return False
    unknown = sum(word not in _known_words() for word in words)
    most = 1 if kind in _TASKS else len(words)
    return unknown <= min(most, len(words) // 4) and any(
        found == kind for _, found in _phrases_at(words, 0, len(words) - 1)
    )


def _of_oneself(said: str, language: str) -> bool:
    return _spoken("self", (language,)).search(said) is not None


def _names_a_crime(said: str) -> bool:
    return _has(said, "harm", "crimes") or (
        _has(said, "harm", "doing") and _has(said, "harm", "goods")
    )


def _nearness(text: str, embedder: Embedder) -> Mapping[Message, float]:
    """Kind -> cosine with its nearest example, minus cosine with the nearest question."""
    kinds, vectors = _examples(cast(Hashable, embedder))
    cosines = vectors @ embedder.query(text)
    question = float(cosines[kinds == _QUESTION].max())
    return {kind: float(cosines[kinds == kind].max()) - question for kind in get_args(Message)}


@lru_cache(maxsize=4)
def _examples(embedder: Hashable) -> tuple[NDArray[np.str_], Vectors]:
    """Kinds and vectors of the examples."""
    listed = [(kind, text) for kind, texts in examples().items() for text in texts]
    vectors = cast(Embedder, embedder).passages([text for _, text in listed])
    return np.array([kind for kind, _ in listed]), vectors


# --- Documents --------------------------------------------------------------------------------


def document_named(message: str, documents: Sequence[DocumentInfo]) -> str | None:
    """Id of the document that a message names; None if none, or several equally well.

    Args:
        message: "Vat de drugsagenda samen", "summarise COM(2020) 607".
        documents: language versions of the same document have the same id.
    """
    named: dict[str, set[str]] = {}
    for document in documents:
        said = f"{document.title} {document.reference} {document.celex}"
        named.setdefault(document.id, set()).update(_name_parts(said))
    asked = _name_parts(message)
    in_all = Counter(part for parts in named.values() for part in parts)
    weights = {
        id_: sum(
            math.log((1 + len(named)) / in_all[part]) for part in parts if _is_said(part, asked)
        )
        for id_, parts in named.items()
    }
    first, second, *_ = [*sorted(weights.values(), reverse=True), 0.0, 0.0]
    if first - second < _CLEARLY:
        return None
    return max(weights, key=lambda id_: weights[id_])


def _name_parts(text: str) -> set[str]:
    """Parts of a document's name: concepts, other words, numbers."""
    parts: set[str] = set()
    for token in _tokens(text):
        concepts = _concepts(token.plain, "documents") | _concepts(token.plain, "subjects")
        concepts -= {"other"}  # its words are no synonyms
        parts |= concepts or ({token.plain} if not _is_filler(token.plain) else set())
    return parts


def _is_said(part: str, asked: set[str]) -> bool:
    if part in asked:
        return True
    most = next((wrong for letters, wrong in _MISSPELT if len(part) >= letters), 0)
    return bool(most) and any(OSA.distance(part, word) <= most for word in asked)


# --- The file ---------------------------------------------------------------------------------


def _concepts(word: str, groups: Literal["documents", "subjects"]) -> frozenset[str]:
    """Synonym groups of a word: "drugsagenda" belongs to agenda and to drugs."""
    return frozenset(name for name in getattr(_file(), groups) if _group(groups, name).search(word))


@cache
def _group(groups: str, name: str) -> re.Pattern[str]:
    listed: str = getattr(_file(), groups)[name]
    beginning = r"\b" if groups == "subjects" else ""
    parts = (re.escape(_folded(part.strip())) for part in listed.split(","))
    return re.compile(f"{beginning}(?:{'|'.join(parts)})")


def _has(said: str, *path: str) -> bool:
    return _pattern(*path).search(said) is not None


@cache
def _pattern(*path: str) -> re.Pattern[str]:
    """Pattern for the phrases of all languages in folded words; "*" is any rest of a word."""
    node: object = _file().model_dump()
    for step in path:
        node = cast(Mapping[str, object], node)[step]
    return _compiled(cast(Mapping[str, str], node).values())


def _compiled(lists: Iterable[str]) -> re.Pattern[str]:
    found = {
        " ".join(r"\w*".join(" ".join(_plain(_tokens(part))) for part in phrase.split("*")).split())
        for listed in lists
        for phrase in listed.split(",")
    }
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(found))})(?!\w)")


@cache
def _spoken(
    listed: Literal["addressed", "reported", "self"], spoken: tuple[str, ...]
) -> re.Pattern[str]:
    """As `_pattern`, for these languages only: in others the words mean something else."""
    by_language: Mapping[str, str] = getattr(_file(), listed)
    lists = [by_language[name] for name in spoken if name in by_language]
    return _compiled(lists) if lists else re.compile(r"(?!)")  # finds nothing


@cache
def _file() -> _Words:
    return _Words.model_validate(yaml.safe_load(_FILE.read_text("utf-8")))
