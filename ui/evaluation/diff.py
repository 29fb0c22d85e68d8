"""What two answers have in common, word by word."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ui.markup import escape
from ui.texts import Texts

_SHORT = 3  # equal words; fewer between two changes are no pause for the eye
_WORD = re.compile(r"\S+\s*|\s+")


def word_diff(before: str, now: str, texts: Texts) -> tuple[str, str]:
    """Both texts as HTML; `<del>` marks what only the first has, `<ins>` what only the second has.

    The marks are also said in words, for screen readers. Spaces and line breaks do not count.
    """
    old, new = _WORD.findall(before), _WORD.findall(now)
    left, right = [], []
    for same, there, here in _stretches(old, new):
        gone, come = "".join(old[there]), "".join(new[here])
        left.append(escape(gone) if same else _marked("del", gone, texts))
        right.append(escape(come) if same else _marked("ins", come, texts))
    return "".join(left), "".join(right)


def _stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, slice, slice]]:
    """Equal and changed stretches in turn: whether it is equal, and its words in both.

    A few equal words between changes are part of the change: it reads as one.
    """
    matcher = SequenceMatcher(
        None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False
    )
    there = here = 0
    for start, new_start, length in matcher.get_matching_blocks():
        ends = start in (0, len(old)) or start + length == len(old)
        if length < _SHORT and not ends:
            continue
        if start > there or new_start > here:
            yield False, slice(there, start), slice(here, new_start)
        there, here = start + length, new_start + length
        if length:
            yield True, slice(start, there), slice(new_start, here)


def _marked(tag: str, text: str, texts: Texts) -> str:
    words = text.rstrip()
    if not words:
        return text
    said = escape(texts(f"evaluation.diff.{tag}"))
    end = escape(texts("evaluation.diff.end"))
    return (
        f'<{tag}><span class="sw-hidden">[{said} </span>{escape(words)}'
        f'<span class="sw-hidden"> {end}]</span></{tag}>{text[len(words) :]}'
    )
