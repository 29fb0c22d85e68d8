"""Makes the draft of one sentence, item or row of a model's text."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from chain.answerer import Draft
from language.characters import BROKEN
from language.sentences import is_open

_BULLETS = "-*•▪◦‣●○■ "
_NO_ANSWER = re.compile(r"\bNO[ _-]ANSWER\b|^\W*(?i:no[ _-]answer)\W*$|^\s*\[\s*\]\s*$")


def says_no_answer(text: str) -> bool:
    return bool(_NO_ANSWER.search(text))


def drafts_of(
    text: str, cites: Sequence[int], form: Literal["sentence", "item"]
) -> Iterator[Draft]:
    """Yields the draft of a sentence; nothing if it has no letters or says "NO ANSWER"."""
    said = _without_half_quotes(text.lstrip(_BULLETS))
    is_said = any(character.isalpha() for character in said) and BROKEN not in said
    if is_said and not says_no_answer(said):
        numbers = dict.fromkeys(number - 1 for number in cites if number > 0)
        yield Draft(text=said, cites=tuple(numbers), form=form)


def _without_half_quotes(text: str) -> str:
    """Strips an unpaired quotation mark at either end: the quotation spans several sentences."""
    if is_open(text) and not is_open(text[1:]):
        return text[1:]
    return text[:-1] if is_open(text) and not is_open(text[:-1]) else text
