"""What an answer is made of as HTML: its labels, paragraphs, lists and markers."""

import re
from collections.abc import Callable, Sequence

from core.answer_blocks import AnswerSentence, Blocks, Mark, marked_lines
from ui.markup import escape


def answer_html(
    blocks: Blocks,
    *,
    language: str = "",
    own_language: str = "",
    marker: Callable[[int, str], str] = lambda number, words: "",
    doubt: Callable[[AnswerSentence], str] = lambda sentence: "",
    note: Callable[[str, int | None], str] = lambda told, number: escape(told),
    bold: Sequence[str] = (),
    level: int = 3,
) -> str:
    """The blocks of an answer.

    Args:
        blocks: labels, paragraphs and lists.
        language: ISO 639-1.
        own_language: of what the assistant says itself above results, if it is another.
        marker: HTML for the marker of the citation with a number, behind the words that it covers,
            those of a list a line each; empty where there is no such citation: "[n]" is shown.
        doubt: HTML behind a sentence that is not confirmed, or differs from the sources.
        note: HTML for a note on a list, from its text and the number that covers all of the list.
        bold: stretches that stand out.
        level: of the headings that labels are shown as.
    """
    shown: list[str] = []
    introduced: int | None = None  # the number that a paragraph ends with
    for block, lines in marked_lines(blocks):
        said = [
            " ".join(_sentence_html(*one, marker, doubt, bold) for one in line) for line in lines
        ]
        if block.kind == "label":
            shown += (f'<h{level} class="sw-label">{line}</h{level}>' for line in said)
        elif block.kind == "paragraph":
            is_own = bool(own_language) and all(one.status == "own" for one in block.sentences)
            spoken = f' lang="{escape(own_language)}"' if is_own else ""
            shown += (f"<p{spoken}>{line}</p>" for line in said)
        else:
            shown.append(f"<ul>{''.join(f'<li>{line}</li>' for line in said)}</ul>")
        last = lines[-1][-1][0].numbers[-1:]
        covering = introduced if block.is_bare else last[0] if block.evidence else None
        introduced = last[0] if last and block.kind == "paragraph" else None
        if block.note:
            shown.append(f'<p class="sw-facts">{note(block.note, covering)}</p>')
    spoken = f' lang="{escape(language)}"' if language else ""
    return f'<div class="sw-answer"{spoken}>{"".join(shown)}</div>'


def _sentence_html(
    sentence: AnswerSentence,
    marks: Sequence[Mark],
    marker: Callable[[int, str], str],
    doubt: Callable[[AnswerSentence], str],
    bold: Sequence[str],
) -> str:
    """Escaped text with its markers, on one line with its last word."""
    if sentence.stand_in:
        shown = escape(sentence.stand_in)
        return f'<span class="sw-left-out">{shown}</span>{doubt(sentence)}'
    shown = _standing_out(sentence.text, bold)
    if sentence.is_hit:
        shown = f'<mark class="sw-hit">{shown}</mark>'
    if sentence.is_doubted:
        return f'<span class="sw-unconfirmed">{shown}</span>{doubt(sentence)}'
    for number, words in marks:
        shown += marker(number, words) or f" [{number}]"
    return shown


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
