"""Finds definitions of the term that a question asks about."""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.passage import Passage, Unit
from language.cues import cues_of
from language.matching import without_accents
from vectorstore.keyword import content_words

_LONGEST_TERM = 4  # words of a term to define; a longer phrase asks about a subject, not a term
# A definition in a law begins with its number, and a quotation mark before the term.
_QUOTED = re.compile(r"(?:\(?\w{1,4}[.)] ?)?(?=[\"'“”„‟«»‘‚‹›])")


def defines(
    question: str, language: str, units: Sequence[tuple[Passage, Unit]]
) -> NDArray[np.float64]:
    """Definition score of each unit, with its passage: 2 if it begins with the term in
    quotation marks, as in a law; 1 if it has a definition such as "X is", "X, a", "X:" or "(X)";
    else 0."""
    term = _term(question, language)
    if not term:
        return np.zeros(len(units))
    name = r"\W+(?:\w+\W+){0,2}".join(rf"{re.escape(word)}\w{{0,2}}" for word in term)
    said = []
    for passage, unit in units:
        form = rf"\b{name}(?:\)|\W? ?{_being(passage.language)})"
        text = without_accents(passage.text[unit.start : unit.end])  # as the term is
        quoted = _QUOTED.match(text)
        begins = quoted and re.match(rf"\W*{name}\b", text[quoted.end() :], re.IGNORECASE)
        said.append(2.0 if begins else float(bool(re.search(form, text, re.IGNORECASE))))
    return np.array(said)


@cache
def _being(language: str) -> str:
    """Pattern for what links a term to its definition: "is", ", the", ":"; not at the end of a
    sentence."""
    signs = sorted(map(without_accents, cues_of(language).being), key=len, reverse=True)
    alternatives = "|".join(rf"{re.escape(sign)}(?!(?<=\w)\w)" for sign in signs)
    return rf"(?:{alternatives})(?=[\s\S]*\w)"


def _term(question: str, language: str) -> list[str]:
    """Words of the term that a question wants defined; empty if it asks something else."""
    asks = sorted(cues_of(language).definition, key=len, reverse=True)
    by = "|".join(map(re.escape, cues_of(language).according))
    bare = re.sub(rf"(?<!\w)(?:{by})(?!\w).*", " ", question, flags=re.IGNORECASE)
    named = bare
    for ask in asks:
        end = "" if ask.endswith(("'", "’")) else r"(?!\w)"
        bare = re.sub(rf"(?<!\w){re.escape(ask)}{end}", " ", bare, flags=re.IGNORECASE)
    term = content_words(bare, language)
    return term if bare != named and len(term) <= _LONGEST_TERM else []
