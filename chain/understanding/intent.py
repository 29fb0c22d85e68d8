"""Intent classification: is a message a question about the sources, a task or small talk?

    exact phrases -> small talk, talk about the assistant, tasks
    else a classifier over the embedder's vector and the reader's state -> chances -> kind

How it came to be: docs/decisions/0012-intents.md.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import RootModel

from core.answer import Message
from core.source import Frozen
from core.yaml_files import checked
from language.words import without_accents
from vectorstore.embeddings import local_embedder
from vectorstore.reader import reader

WEIGHTS = Path(__file__).with_name("intents.json")
_LISTS = Path(__file__).with_name("intents.yaml")
QUESTION: Final = "question"
FOLLOW_UP: Final = "follow_up"
"""A question that is only understood with what was said before."""
Array = NDArray[np.float64]
_ORDER_WORDS = 6  # words within which an order to write is given; later ones are what is asked
_ORDERED = 3  # least words of a phrase that orders an e-mail: "e-mail" may be what is asked about
_INFINITIVE = 2  # most words from a particle to the infinitive behind it: "samen te vatten"
_REFERENCE = "com"  # COM(2020) 607; in Portuguese also a filler
SOCIAL: tuple[Message, ...] = ("greeting", "thanks", "farewell", "acknowledgement")
_MOST_WORDS = 30  # a longer message is a question
# Words and these symbols; other symbols and punctuation are dropped.
_WORD = re.compile(r"\w+|[👋🖐🙏❤🥰💐👍👌✅👏🎉😂🖕💩😊🙂😀]")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")  # heyyyy
_SHORTENED = {"s": "is", "re": "are", "m": "am"}  # what's, you're, I'm
_SHORTENED_BEFORE = frozenset(
    ("what", "who", "where", "how", "that", "it", "this", "there", "i", "you", "we", "they")
)
# Precedence of kinds in a message made of phrases of several.
_FIRST: tuple[Message, ...] = (
    "rude", "email", "translate", "table", "summarise", "shorter", "sources", "workings",
    "identity", "capabilities", "farewell", "thanks", "greeting", "acknowledgement",
)  # fmt: skip

_Known = Mapping[tuple[str, ...], Mapping[Message | None, frozenset[str]]]


class Token(NamedTuple):
    """A normalised word, and its offsets in the message."""

    plain: str
    start: int
    end: int


def tokens(message: str) -> tuple[Token, ...]:
    """The words and symbols of a message, in order."""
    return tuple(Token(folded(m[0]), *m.span()) for m in _WORD.finditer(message))


def folded(word: str) -> str:
    """A word, normalised.

    >>> folded("Bedanktttt")
    'bedankt'
    """
    plain = without_accents(unicodedata.normalize("NFKC", word).casefold())
    return _DRAWN_OUT.sub(r"\1", plain)


def plain_words(message: Iterable[Token]) -> tuple[str, ...]:
    """The words of tokens, "what s" as "what is"."""
    words: list[str] = []
    for token in message:
        shortened = bool(words) and words[-1] in _SHORTENED_BEFORE
        words.append(_SHORTENED.get(token.plain, token.plain) if shortened else token.plain)
    return tuple(words)


class PhraseList(RootModel[Mapping[str, str]]):
    """Language -> phrases separated by commas; "*" is any rest of a word."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Pattern for these phrases, of all languages, in normalised words."""
        found = {
            r"\w*".join(" ".join(plain_words(tokens(part))) for part in phrase.split("*"))
            for listed in self.root.values()
            for phrase in listed.split(",")
        }
        alternatives = "|".join(sorted(found)) or "(?!)"  # finds nothing
        return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")

    def within(self, text: str) -> bool:
        """Whether normalised words have one of these phrases."""
        return self.pattern.search(text) is not None


class MannerLists(Frozen):
    """Schema of `intents.yaml`. Strings are phrases separated by commas."""

    phrases: Mapping[Message, Mapping[str, str]]
    fillers: Mapping[str, str]
    documents: Mapping[str, str]
    subjects: Mapping[str, str]
    translating: PhraseList
    writing: PhraseList
    letters: PhraseList
    existing: PhraseList
    about: PhraseList
    lookalikes: PhraseList
    particles: Mapping[str, str]


@cache
def manner_lists() -> MannerLists:
    """The lists; read once."""
    return checked(_LISTS, MannerLists)


def concepts(word: str, groups: Literal["documents", "subjects"]) -> frozenset[str]:
    """Synonym groups of a normalised word: "drugsagenda" belongs to agenda and to drugs."""
    return frozenset(name for name, parts in _groups(groups).items() if parts.search(word))


@cache
def _groups(groups: Literal["documents", "subjects"]) -> Mapping[str, re.Pattern[str]]:
    lists = manner_lists()
    beginning, listed = (r"\b", lists.subjects) if groups == "subjects" else ("", lists.documents)
    found = {}
    for name, words in listed.items():
        parts = (re.escape(folded(part.strip())) for part in words.split(","))
        found[name] = re.compile(f"{beginning}(?:{'|'.join(parts)})")
    return found


def meanings(words: tuple[str, ...], language: str) -> Iterator[tuple[Message | None, bool]]:
    """Kinds of a phrase (None: a filler), each with whether it is of another language than the
    message, which decides: "tak" is thanks in Danish and yes in Polish."""
    known = _known().get(words, {})
    own = {kind: languages for kind, languages in known.items() if language in languages}
    for kind, languages in (own or known).items():
        yield kind, languages.isdisjoint((language, "en", "any"))


def phrases_in(words: Sequence[str]) -> Iterator[tuple[range, Message | None]]:
    """The places of each phrase or filler among these words, and its kinds in any language."""
    for start in range(len(words)):
        for length in range(1, min(longest(), len(words) - start) + 1):
            for kind in _known().get(tuple(words[start : start + length]), {}):
                yield range(start, start + length), kind


def summaries_in(words: Sequence[str]) -> Iterator[range]:
    """The places of each phrase that asks for a summary, look-alikes left out.

    >>> list(summaries_in(["vat", "het", "samen"])), list(summaries_in(["werkt", "het", "samen"]))
    ([range(0, 1), range(2, 3)], [])
    """
    unlike = _lookalikes(words)
    for places, kind in phrases_in(words):
        if kind == "summarise" and unlike.isdisjoint(places):
            yield places


def is_of_separable_verb(word: str) -> bool:
    """Whether a word asks for a summary only together with a particle: "vat" with "samen"."""
    return any(word in forms for forms in _particles().values())


def _lookalikes(words: Sequence[str]) -> frozenset[int]:
    """The places of words that do not ask for a summary, though they are parts of phrases that do:
    a particle without its verb, the verb without its particle, "synthèse" in "drogues de synthèse".
    """
    text = " ".join(words)
    found = set[int]()
    for match in manner_lists().lookalikes.pattern.finditer(text):
        first, last = (text[:end].count(" ") for end in match.span())
        found.update(range(first, last + 1))
    for particle, forms in _particles().items():
        ends = [n for n, word in enumerate(words) if word == particle]
        verbs = [n for n, word in enumerate(words) if word in forms]
        # The particle is last in a main clause and just before an infinitive: "samen te vatten".
        pairs = [(n, end) for end in ends for n in verbs if n < end or n - end <= _INFINITIVE]
        found.update({*ends, *verbs}.difference(*pairs))
    return frozenset(found)


@cache
def _particles() -> Mapping[str, frozenset[str]]:
    """Particle of a separable verb -> the forms of the verb that ask for a summary with it."""
    listed = manner_lists().particles.items()
    return {particle: frozenset(forms.split(", ")) for particle, forms in listed}


def is_filler(word: str) -> bool:
    """Whether a word changes nothing beside a phrase."""
    return None in _known().get((word,), {})


@cache
def longest() -> int:
    """Words of the longest phrase."""
    return max(map(len, _known()))


@cache
def _known() -> _Known:
    """Words -> kind (None: a filler) -> languages."""
    lists = manner_lists()
    listed: list[tuple[Message | None, Mapping[str, str]]] = [*lists.phrases.items()]
    known: dict[tuple[str, ...], dict[Message | None, frozenset[str]]] = {}
    for kind, by_language in [*listed, (None, lists.fillers)]:
        for language, phrases in by_language.items():
            for words in (plain_words(tokens(phrase)) for phrase in phrases.split(",")):
                if words:
                    of = known.setdefault(words, {})
                    of[kind] = of.get(kind, frozenset()) | {language}
    return known


class _Tiling(NamedTuple):
    """A segmentation of the first words into phrases and fillers."""

    foreign: int  # pieces in other languages
    pieces: int
    phrases: int  # pieces that are phrases: "help" alone is one, in "thanks for your help" a filler
    kinds: frozenset[Message]

    @property
    def cost(self) -> tuple[bool, int, int, int]:
        """The least is the best: one with phrases, then fewer foreign pieces, pieces, phrases."""
        return not self.phrases, self.foreign, self.pieces, self.phrases


def made_of_phrases(words: Sequence[str], language: str, asks: bool) -> Message | None:
    """Kind of a message that consists of phrases; `asks`: it ends as a question."""
    kinds = _tiled(words, language)
    if asks and not kinds.isdisjoint(("thanks", "farewell", "acknowledgement")):
        return None  # "good?" and "thanks, and the other?" are questions
    return next((kind for kind in _FIRST if kind in kinds), None)


def _tiled(words: Sequence[str], language: str) -> frozenset[Message]:
    """Kinds of the phrases in the best segmentation (dynamic programming); empty without one."""
    best: list[_Tiling | None] = [_Tiling(0, 0, 0, frozenset()), *(None for _ in words)]
    unlike = _lookalikes(words)
    for start, before in enumerate(best):
        if before is None:
            continue
        for end in range(start + 1, min(start + longest(), len(words)) + 1):
            for kind, foreign in meanings(tuple(words[start:end]), language):
                if kind == "summarise" and not unlike.isdisjoint(range(start, end)):
                    continue
                tiling = _Tiling(
                    before.foreign + foreign,
                    before.pieces + 1,
                    before.phrases + (kind is not None),
                    before.kinds | ({kind} if kind else set()),
                )
                there = best[end]
                if there is None or tiling.cost < there.cost:
                    best[end] = tiling
    return best[-1].kinds if best[-1] else frozenset()


class MessageLimits(Frozen):
    """Least probabilities: to turn a message away as a request for help with a crime, to say above
    what is found that no such help, or no legal advice, is given, and of any other kind of message.
    What each was set on stands beside it in `WEIGHTS`."""

    harm: float
    unclear: float
    other: float


class Intent(NamedTuple):
    """What a message is."""

    kind: Message | None = None  # of a message that asks the sources nothing; None: a question
    # Of a question, what a line above the results says that the assistant does not do: help with a
    # crime ("harm") or advise in a case of the asker's own ("legal").
    aside: Literal["harm", "legal", ""] = ""
    leans: float = 0.0  # probability (0-1) that it is only understood with what was said before


class Network(NamedTuple):
    """A perceptron with one hidden layer of rectified units; the last row of weights is biases."""

    hidden: Array  # (inputs, units)
    out: Array  # (units, kinds)

    def chances(self, inputs: Array) -> Array:
        """Probabilities (texts, kinds) of inputs (texts, inputs)."""
        activity = np.maximum(inputs @ self.hidden[:-1] + self.hidden[-1], 0.0)
        scores = activity @ self.out[:-1] + self.out[-1]
        raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


class _Model(NamedTuple):
    kinds: tuple[Message | Literal["question", "follow_up"], ...]
    network: Network
    limits: MessageLimits


def inputs_of(text: str) -> Array:
    """What the classifier sees of a text: its vector and the reader's state, of unit length."""
    parts = (local_embedder().query(text), reader().state(text))
    return np.concatenate([part / max(float(np.linalg.norm(part)), 1e-9) for part in parts])


def _chances(text: str) -> Mapping[str, float]:
    """Probability of each kind."""
    model = _model()
    chances = model.network.chances(inputs_of(text)[np.newaxis])[0]
    return dict(zip(model.kinds, map(float, chances), strict=True))


@cache
def _model() -> _Model:
    stored = json.loads(WEIGHTS.read_text("utf-8"))
    amounts = {name: amount["value"] for name, amount in stored["amounts"].items()}
    network = Network(**{name: np.array(part) for name, part in stored["weights"].items()})
    return _Model(tuple(stored["kinds"]), network, MessageLimits(**amounts))


def limits() -> MessageLimits:
    return _model().limits


def intent_by(chances: Mapping[str, float], limits: MessageLimits) -> Intent:
    """The intent by the probabilities of all kinds."""
    whole, leaning = chances[QUESTION], chances[FOLLOW_UP]
    leans = leaning / (whole + leaning) if whole + leaning else 0.0
    kind = max(chances, key=lambda kind: chances[kind])
    if chances.get("harm", 0.0) >= limits.unclear:
        return Intent("harm") if chances["harm"] >= limits.harm else Intent(None, "harm", leans)
    if kind == "legal" and chances[kind] >= limits.unclear:
        return Intent(None, "legal", leans)
    if kind in (QUESTION, FOLLOW_UP, "harm", "legal") or chances[kind] < limits.other:
        return Intent(leans=leans)
    return Intent(cast(Message, kind))


def task_ordered(words: Sequence[str], message: str) -> Message | None:
    """Kind of a task with its object; None for other messages. `words` are the message's."""
    lists, phrases = manner_lists(), list(phrases_in(words))
    opening = next((n for n, word in enumerate(words) if not is_filler(word)), len(words) - 1)
    start = " ".join(words[: opening + _ORDER_WORDS])
    if (lists.writing.within(start) and lists.letters.within(start)) or any(
        kind == "email" and len(places) >= _ORDERED and places[0] <= opening
        for places, kind in phrases
    ):
        return "email"
    if lists.translating.pattern.fullmatch(words[opening]):
        return "translate"
    # "a short summary" is one, too
    shorter = (places for places, kind in phrases if kind == "shorter")
    task = {place for places in (*summaries_in(words), *shorter) for place in places}
    # "summarise the agenda: how many ..." and "is there a summary of the agenda" are questions.
    if not task or ":" in message or lists.existing.pattern.match(" ".join(words)):
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


def classify(message: str, language: str) -> Intent:
    """The intent of a message as typed."""
    message = unicodedata.normalize("NFC", message)
    whole = tokens(message)
    if not 0 < len(whole) <= _MOST_WORDS:
        return Intent()
    asks = "?" in message or (language == "el" and message.rstrip().endswith(";"))
    if kind := made_of_phrases(plain_words(whole), language, asks):
        return Intent(kind)
    own = _without_social(whole, language)
    words = plain_words(own)
    if kind := made_of_phrases(words, language, asks) or task_ordered(words, message):
        return Intent(kind)
    text = message if own == whole else message[own[0].start : own[-1].end] + "?" * asks
    intent = intent_by(_chances(text), limits())
    if own == whole or intent.kind not in (None, *SOCIAL):
        return intent
    polite = intent_by(_chances(message), limits())
    return polite if polite.kind in SOCIAL and not asks else intent._replace(kind=None)


def _without_social(message: Sequence[Token], language: str) -> Sequence[Token]:
    """Strips small talk from both ends of a message."""
    for last in (False, True):
        while True:
            length = _social_at(plain_words(message), language, last=last)
            if not length or length >= len(message):
                break
            message = message[:-length] if last else message[length:]
    return message


def _social_at(words: Sequence[str], language: str, *, last: bool) -> int:
    """Length of the longest small-talk phrase at the start, or at the end (`last`)."""
    # "is it any good" does not end with an acknowledgement
    allowed = [kind for kind in SOCIAL if not last or kind != "acknowledgement"]
    for length in range(min(longest(), len(words)), 0, -1):
        piece = tuple(words[-length:] if last else words[:length])
        if any(kind in allowed for kind, _ in meanings(piece, language)):
            return length
    return 0
