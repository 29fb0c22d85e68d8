"""Footnotes without links, as on LexUriServ's pages: "the Commission(1)" and "(1) OJ L 1"."""

import re

from lxml import etree

from ingest.reading.formats.element_text import cut_letters, texts, words
from ingest.reading.formats.hypertext import NOTE, cut
from ingest.reading.formats.table import Element

_LABEL = re.compile(r"\((\d{1,3})\)\s")


def attach(content: Element) -> None:
    """Moves the notes at the end of a text to their references."""
    notes = _at_the_end(content)
    number = 1
    for place in list(texts(content)):
        owner, side = place
        text = getattr(owner, side) or ""
        while number in notes:
            found = re.search(rf"(?<=[^\W\d_\"”»])\({number}\)|(?<=[\"”»])\({number}\)", text)
            if found is None or notes[number] in (owner, *owner.iterancestors()):
                break
            note = etree.Element(NOTE, label=str(number))
            cut(notes[number])
            cut_letters(notes[number], len(str(number)) + 2)
            note.append(notes[number])
            setattr(owner, side, text[: found.start()])
            if side == "text":
                owner.insert(0, note)
            else:
                owner.addnext(note)
            owner, side, text = note, "tail", text[found.end() :]
            note.tail = text
            number += 1


def _at_the_end(content: Element) -> dict[int, Element]:
    """The paragraphs at the end of a text that are numbered from 1 on, by number."""
    found: dict[int, Element] = {}
    lines = [p for p in content.iter("p") if p.find(".//p") is None and words(p)]
    for paragraph in reversed(lines):
        label = _LABEL.match(words(paragraph) + " ")
        if label is None or (found and int(label[1]) != min(found) - 1):
            break
        found[int(label[1])] = paragraph
    return found if 1 in found else {}
