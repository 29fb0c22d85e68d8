"""The question in what a reader typed or pasted, and the field's word on how long it may be."""

import re

from chain.query import MAX_QUESTION as MAX_QUESTION
from language.sentences import sentences
from ui.markup import escape
from ui.scripts import script
from ui.texts import Texts

_LONGEST_READ = 100 * MAX_QUESTION  # a longer text is no message, and searching it takes time
_PARAGRAPH = re.compile(r"(?s:(?!\n[^\S\n]*\n|(?<=[.:!?])[^\S\n]*\n).)+")
_ASKING = re.compile(r"[?\u037e][”“»\"')\]]*$")  # also the Greek question mark
_FEWEST_WORDS = 3  # "Really?" asks nothing that can be searched


def question_in(text: str) -> tuple[str, str]:
    """The question that a text asks, and the rest of it, which is not searched.

    A text that is short enough is the question. Of a longer one it is the last sentence if that
    asks something, else the first, else the last one that does; empty where none does.
    """
    if len(text) <= MAX_QUESTION:
        return text, ""
    if len(text) > _LONGEST_READ:
        return "", text
    found = [
        (paragraph.start() + start, paragraph.start() + end)
        for paragraph in _PARAGRAPH.finditer(text)
        for start, end in sentences(paragraph[0], "en")
    ]
    for start, end in (*found[-1:], *found[:1], *reversed(found)):
        sentence = text[start:end]
        asks = _ASKING.search(sentence) and len(sentence.split()) >= _FEWEST_WORDS
        if asks and len(sentence) <= MAX_QUESTION:
            rest = (text[:start].strip(), text[end:].strip())
            return " ".join(sentence.split()), "\n\n".join(filter(None, rest))
    return "", text


def length_html(texts: Texts) -> str:
    """Tells, while somebody types, how much room there is left."""
    near, over = (
        escape(texts(f"chat.{name}", length="{length}", limit=MAX_QUESTION))
        for name in ("near_limit", "over_limit")
    )
    return (
        f'<p class="sw-length sw-facts" role="status" data-limit="{MAX_QUESTION}" '
        f'data-near="{near}" data-over="{over}"></p>{script("question_length")}'
    )
