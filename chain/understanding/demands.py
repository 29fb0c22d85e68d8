"""Entities in a question (figures, countries, acronyms, names, rare words), and answer types."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from chain.understanding.asking import asks_for
from language.countries import countries
from language.cues import asks, cues_of, has_cues
from language.identify import CAPITALISES_NOUNS
from language.matching import fold
from language.proper_names import is_acronym
from language.quantities import figures_as_written
from vectorstore.keyword import content_words

_SHORTEST = 5  # letters; shorter words are mostly function words


class Demands(NamedTuple):
    """Entities in a question. Mappings go from the normalised to the written form.

    `kinds` are its answer types: "number", "date", "amount" (of money), "reason". Excluded are
    names that every document has, and digits within a word ("E2EE").
    """

    figures: Mapping[str, str]
    countries: Mapping[str, str]
    acronyms: tuple[str, ...]
    names: tuple[str, ...]
    words: tuple[str, ...]
    kinds: frozenset[str]


@lru_cache(maxsize=256)
def demands_of(question: str, language: str) -> Demands:
    """Extracts the entities of a question; `language` in ISO 639-1."""
    named = countries(question, language)
    of_countries = {word for name in named.values() for word in re.findall(r"\w+", name)}
    acronyms, names, words = [], [], []
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
        elif len(word) >= _SHORTEST:
            words.append(word)
    return Demands(
        figures_as_written(question),
        named,
        tuple(dict.fromkeys(acronyms)),
        tuple(dict.fromkeys(names)),
        tuple(dict.fromkeys(words)),
        asks_for(question, language) & {"number", "date", "amount", "reason"},
    )


@cache
def _general(language: str) -> frozenset[str]:
    """Question words and other words without a topic."""
    cues = cues_of(language)
    asking = (cue for kind, listed in asks(language).items() if kind != "name" for cue in listed)
    return cues.general | {word for cue in (*cues.causal, *asking) for word in cue.split()}
