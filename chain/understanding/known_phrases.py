"""Phrases of small talk and tasks, and the fillers that may stand beside them, in any language."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from chain.understanding.manner_lists import manner_lists
from chain.understanding.message_words import edits_allowed, plain_words, tokens
from core.answer import Message

_Known = Mapping[tuple[str, ...], Mapping[Message | None, frozenset[str]]]


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


def kinds_in(words: Sequence[str]) -> frozenset[Message]:
    """Kinds of all phrases among these words."""
    return frozenset(kind for _, kind in phrases_in(words) if kind)


def is_filler(word: str) -> bool:
    """Whether a word changes nothing beside a phrase."""
    return None in _known().get((word,), {})


@cache
def longest() -> int:
    """Words of the longest phrase."""
    return max(map(len, _known()))


@cache
def words_known() -> frozenset[str]:
    """The words of all phrases and fillers."""
    return frozenset(word for words in _known() for word in words)


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
        for language, said in by_language.items():
            for words in (plain_words(tokens(phrase)) for phrase in said.split(",")):
                if words:
                    of = known.setdefault(words, {})
                    of[kind] = of.get(kind, frozenset()) | {language}
    return known
