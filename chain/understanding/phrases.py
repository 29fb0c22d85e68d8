"""Phrases of small talk and tasks: their lists, and whether a message is made of them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import RootModel
from rapidfuzz import process
from rapidfuzz.distance import OSA

from core.answer import Message
from core.source import Frozen
from core.yaml_files import checked
from language.words import without_accents

_FILE = Path(__file__).with_name("intents.yaml")
# Words and these symbols; other symbols and punctuation are dropped.
_WORD = re.compile(r"\w+|[👋🖐🙏❤🥰💐👍👌✅👏🎉😂🖕💩😊🙂😀]")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")  # heyyyy
_SHORTENED = {"s": "is", "re": "are", "m": "am"}  # what's, you're, I'm
_SHORTENED_BEFORE = frozenset(
    ("what", "who", "where", "how", "that", "it", "this", "there", "i", "you", "we", "they")
)
# (letters, edits): edits allowed in a misspelt word of at least so many letters. Shorter words are
# near to too many others.
_MISSPELT = ((9, 2), (6, 1))
# Precedence of kinds in a message made of phrases of several.
_FIRST: tuple[Message, ...] = (
    "rude", "email", "translate", "table", "summarise", "shorter", "sources", "workings",
    "identity", "capabilities", "farewell", "thanks", "greeting", "acknowledgement",
)  # fmt: skip
_MISSPELT_WORDS = 8  # words; in longer messages too many words are near to one of a phrase
_NEVER_MISSPELT: tuple[Message, ...] = ("rude", "acknowledgement")

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


def edits_allowed(word: str) -> int:
    """Edits (optimal string alignment) within which another word may be meant by this one."""
    return next((edits for letters, edits in _MISSPELT if len(word) >= letters), 0)


class PhraseList(RootModel[Mapping[str, str]]):
    """Language -> phrases separated by commas; "*" is any rest of a word."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Pattern for these phrases, of all languages, in normalised words."""
        return _compiled(tuple(self.root.values()))

    def within(self, text: str) -> bool:
        """Whether normalised words have one of these phrases."""
        return self.pattern.search(text) is not None


class MannerLists(Frozen):
    """Schema of `intents.yaml`. Strings are phrases separated by commas."""

    phrases: Mapping[Message, Mapping[str, str]]
    fillers: Mapping[str, str]
    softening: PhraseList
    documents: Mapping[str, str]
    subjects: Mapping[str, str]
    translating: PhraseList
    writing: PhraseList
    letters: PhraseList
    existing: PhraseList
    about: PhraseList


@cache
def manner_lists() -> MannerLists:
    """The lists; read once.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    return checked(_FILE, MannerLists)


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


@cache
def _compiled(lists: tuple[str, ...]) -> re.Pattern[str]:
    found = {
        " ".join(
            r"\w*".join(" ".join(plain_words(tokens(part))) for part in phrase.split("*")).split()
        )
        for listed in lists
        for phrase in listed.split(",")
    }
    alternatives = "|".join(sorted(found)) or "(?!)"  # finds nothing
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")


def meanings(words: tuple[str, ...], language: str) -> Iterator[tuple[Message | None, bool]]:
    """Kinds of a phrase (None: a filler), each with whether it is of another language.

    Args:
        words: normalised.
        language: of the message. It decides: "tak" is thanks in Danish and yes in Polish.
    """
    known = _known().get(words, {})
    own = {kind: languages for kind, languages in known.items() if language in languages}
    for kind, languages in (own or known).items():
        yield kind, _is_foreign(languages, language)


def phrases_in(words: Sequence[str]) -> Iterator[tuple[range, Message | None]]:
    """The places of each phrase or filler among these words, and its kinds in any language."""
    for start in range(len(words)):
        for length in range(1, min(longest(), len(words) - start) + 1):
            for kind in _known().get(tuple(words[start : start + length]), {}):
                yield range(start, start + length), kind


def is_filler(word: str) -> bool:
    """Whether a word changes nothing beside a phrase."""
    return None in _known().get((word,), {})


@cache
def longest() -> int:
    """Words of the longest phrase."""
    return max(map(len, _known()))


def spelt(words: Sequence[str], language: str) -> list[str]:
    """Replaces unknown words by the nearest one of the language's and English phrases."""
    known = _vocabulary(language)
    return [word if word in known else _nearest(word, known) for word in words]


def _nearest(word: str, known: Sequence[str]) -> str:
    edits = edits_allowed(word)
    alike = [other for other in known if edits and other[0] == word[0]]
    found = process.extractOne(word, alike, scorer=OSA.distance, score_cutoff=edits)
    return found[0] if found else word


@cache
def _vocabulary(language: str) -> tuple[str, ...]:
    return tuple(
        {
            word: None
            for words, kinds in _known().items()
            if not all(_is_foreign(languages, language) for languages in kinds.values())
            for word in words
        }
    )


def _is_foreign(languages: frozenset[str], language: str) -> bool:
    return languages.isdisjoint((language, "en", "any"))


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
    """Kind of a message that consists of phrases, also when it is softened or misspelt.

    Args:
        words: normalised.
        language: of the message (ISO 639-1).
        asks: whether it ends as a question.
    """
    softening = manner_lists().softening
    firm = [word for word in words if not softening.within(word)]
    kind = _first(_tiled(words, language), asks) or _first(_tiled(firm, language), asks)
    if kind or len(words) > _MISSPELT_WORDS:
        return kind
    kind = _first(_tiled(spelt(words, language), language), asks)
    if kind in _NEVER_MISSPELT or (len(words) == 1 and kind not in ("greeting", "thanks")):
        return None  # a search for "price" is no insult
    return kind


def _first(kinds: frozenset[Message], asks: bool) -> Message | None:
    if asks and not kinds.isdisjoint(("thanks", "farewell", "acknowledgement")):
        return None  # "good?" and "thanks, and the other?" are questions
    return next((kind for kind in _FIRST if kind in kinds), None)


def _tiled(words: Sequence[str], language: str) -> frozenset[Message]:
    """Kinds of the phrases in the best segmentation of the words (dynamic programming); empty if
    there is none."""
    best: list[_Tiling | None] = [_Tiling(0, 0, 0, frozenset()), *(None for _ in words)]
    for start, before in enumerate(best):
        if before is None:
            continue
        for end in range(start + 1, min(start + longest(), len(words)) + 1):
            for kind, foreign in meanings(tuple(words[start:end]), language):
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
