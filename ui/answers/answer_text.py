"""The text of an answer as HTML: its labels, paragraphs, lists and markers."""

import itertools
import re
from collections.abc import Callable, Sequence

from core.marked import Marked
from ui.markup import escape

LABEL, ITEM = "### ", "- "  # what lines of an answer's text begin with


def answer_html(
    text: Marked,
    *,
    language: str = "",
    marker: Callable[[int, str], str] = lambda number, words: "",
    note: Callable[[int], str] = lambda number: "",
    bold: Sequence[str] = (),
    level: int = 3,
) -> str:
    """The text of an answer, of which the grammar is told at `core.answer.Answer`.

    A paragraph without a marker behind a list with markers is ours, and shown as a note.

    Args:
        text: paragraphs, items and labels, with their markers.
        language: ISO 639-1.
        marker: HTML for the marker of the citation with a number, behind the words that it covers,
            those of a list a line each; empty where there is no such citation: "[n]" stays text.
        note: HTML behind a note on a list, from the number that covers all of the list.
        bold: stretches that stand out.
        level: of the headings that labels are shown as.
    """
    shown: list[str] = []
    found = pieces(text)
    covering: int | None = None
    is_marked = False  # the list before this piece, by more than what covers all of it
    end: tuple[str, tuple[Marked, ...]] = ("", ())
    for (kind, lines), (next_kind, next_lines) in itertools.pairwise((*found, end)):
        if kind == "label":
            shown.append(f'<h{level} class="sw-label">{escape(lines[0].text)}</h{level}>')
            covering, is_marked = None, False
        elif kind == "list":
            marked = [bool(line.markers) for line in lines]
            at_end = marked == [False] * (len(lines) - 1) + [True]  # covers every item
            items = [_with_markers(line, (), marker, bold) for line in lines[:-1]]
            items.append(_with_markers(lines[-1], lines[:-1] if at_end else (), marker, bold))
            shown.append(f"<ul>{''.join(f'<li>{item}</li>' for item, _ in items)}</ul>")
            if any(marked):
                covering = items[-1][1] if at_end else None
            is_marked = any(marked) and not at_end
        elif (covering is not None or is_marked) and not lines[0].markers:
            whole = "" if covering is None else note(covering)
            shown.append(f'<p class="sw-facts">{escape(lines[0].text)}{whole}</p>')
            covering, is_marked = None, False
        else:
            own = next_kind != "list" or any(line.markers for line in next_lines)
            words, last = _with_markers(lines[0], () if own else next_lines, marker, bold)
            shown.append(f"<p>{words}</p>")
            covering, is_marked = None if next_kind != "list" else last, False
    spoken = f' lang="{escape(language)}"' if language else ""
    return f'<div class="sw-answer"{spoken}>{"".join(shown)}</div>'


def pieces(text: Marked) -> tuple[tuple[str, tuple[Marked, ...]], ...]:
    """What an answer is made of, as (kind, lines): a "label" or a "paragraph", one line each,
    or a "list", a line an item."""
    found: list[tuple[str, tuple[Marked, ...]]] = []
    for kind, group in itertools.groupby(text.lines, _kind):
        lines = tuple(group)
        if kind == "label":
            found += ((kind, (line.cut(len(LABEL)),)) for line in lines)
        elif kind == "list":
            found.append((kind, tuple(line.cut(len(ITEM)) for line in lines)))
        elif kind == "paragraph":
            found.append((kind, (Marked.joined(lines, " "),)))
    return tuple(found)


def _kind(line: Marked) -> str:
    if not line.text.strip():
        return "blank"
    if line.text.startswith(ITEM):
        return "list"
    return "label" if line.text.startswith(LABEL) else "paragraph"


def _with_markers(
    text: Marked, others: Sequence[Marked], marker: Callable[[int, str], str], bold: Sequence[str]
) -> tuple[str, int | None]:
    """Escaped text with its markers, and the number of the one that it ends with.

    That one covers these other lines, the items of a list, as well.
    """
    parts, position, last = [], 0, None
    for found in text.markers:
        words = text.text[position : found.start]
        ends = not text.text[found.end :].strip()
        covered = (words.strip(), *(one.text for one in others if ends))
        shown = marker(found.number, "\n".join(covered))
        if shown:
            parts.append(_standing_out(words.rstrip(" "), bold) + shown)  # on one line
            position = found.end
            last = found.number if ends else None
    return "".join(parts) + _standing_out(text.text[position:], bold), last


def _standing_out(text: str, bold: Sequence[str]) -> str:
    """Escaped text in which these stretches are bold, where they are no part of a longer word."""
    if not bold:
        return escape(text)
    longest_first = "|".join(map(re.escape, sorted(bold, key=len, reverse=True)))
    pieces = re.split(rf"(?<!\w)({longest_first})(?!\w)", text)
    return "".join(
        f"<strong>{escape(piece)}</strong>" if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )
