"""The text of an answer as HTML: labels, paragraphs and lists, with markers of citations."""

import re
from collections.abc import Callable, Sequence

from core.answer_blocks import ITEM, AnswerBlock, AnswerSentence, Blocks, Mark, marked_lines
from ui.markup import escape


def answer_html(
    blocks: Blocks,
    *,
    language: str = "",
    own_language: str = "",
    marker: Callable[[int, str], str] = lambda number, words: "",
    doubt: Callable[[AnswerSentence], str] = lambda sentence: "",
    note: Callable[[str, int | None], str] = lambda text, number: escape(text),
    bold: str = "",
    level: int = 3,
) -> str:
    """The blocks of an answer.

    Args:
        own_language: of what the assistant says itself above quotes, if it is another.
        marker: HTML for the marker of the citation with a number, behind the words that it covers,
            those of a list a line each; empty where there is no such citation: "[n]" is shown.
        doubt: HTML behind a sentence that is not confirmed, or differs from the sources.
        note: HTML for a note on a list, from its text and the number that covers all of the list.
        bold: the stretch that stands out, where it stands first.
        level: of the headings that labels are shown as.
    """
    html: list[str] = []
    introduced: int | None = None  # the number that a paragraph ends with
    pending = bold

    def words_html(text: str) -> str:
        """Escaped text in which the stretch is bold where it first stands as whole words."""
        nonlocal pending
        found = re.search(rf"(?<!\w){re.escape(pending)}(?!\w)", text) if pending else None
        if found is None:
            return escape(text)
        pending = ""
        before, after = escape(text[: found.start()]), escape(text[found.end() :])
        return f"{before}<strong>{escape(found[0])}</strong>{after}"

    for block, marked in marked_lines(blocks):
        lines = [
            " ".join(
                _sentence_html(sentence, marks, marker, doubt, words_html)
                for sentence, marks in line
            )
            for line in marked
        ]
        if block.kind == "label":
            html += (f'<h{level} class="sw-label">{line}</h{level}>' for line in lines)
        elif block.kind == "paragraph":
            is_own = own_language and all(each.status == "own" for each in block.sentences)
            html += (f"<p{_lang(own_language if is_own else '')}>{line}</p>" for line in lines)
        else:
            html.append(_list_html(block, lines))
        last = marked[-1][-1][0].numbers[-1:]
        covering = introduced if block.is_bare else last[0] if block.evidence else None
        introduced = last[0] if last and block.kind == "paragraph" else None
        if block.note:
            html.append(f'<p class="sw-facts">{note(block.note, covering)}</p>')
    return f'<div class="sw-answer"{_lang(language)}>{"".join(html)}</div>'


def _lang(language: str) -> str:
    return f' lang="{escape(language)}"' if language else ""


def _list_html(block: AnswerBlock, lines: Sequence[str]) -> str:
    """A list with the numbers that its source has, or bullets; of both, the numbers are text."""
    marks = [begin.removeprefix(ITEM) for begin in block.begins]
    tag, items = "ol" if all(marks) else "ul", []
    for mark, line in zip(marks, lines, strict=True):
        number = f'<li value="{int(mark.rstrip(".) "))}">' if tag == "ol" else f"<li>{mark}"
        items.append(f"{number}{line}</li>")
    return f"<{tag}>{''.join(items)}</{tag}>"


def _sentence_html(
    sentence: AnswerSentence,
    marks: Sequence[Mark],
    marker: Callable[[int, str], str],
    doubt: Callable[[AnswerSentence], str],
    words_html: Callable[[str], str],
) -> str:
    """Escaped text with its markers, on one line with its last word."""
    if sentence.stand_in:
        return f'<span class="sw-left-out">{escape(sentence.stand_in)}</span>{doubt(sentence)}'
    html = words_html(sentence.text)
    if sentence.is_hit:
        html = f'<mark class="sw-hit">{html}</mark>'
    if sentence.is_doubted:
        html = f'<span class="sw-unconfirmed">{html}</span>'
    for number, words in marks:
        html += marker(number, words) or f" [{number}]"
    return html + doubt(sentence) if sentence.is_doubted else html
