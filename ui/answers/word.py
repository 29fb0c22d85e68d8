"""A conversation as a Word document, in which each marker is a footnote with reference and quotes.

python-docx writes everything but footnotes, which it has no means for: their part is made here
(ISO/IEC 29500-1, 17.11). All text is data, and stands in text nodes alone.
"""

import io
import re
from collections.abc import Iterable, Sequence

from docx import Document
from docx.document import Document as Word
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph
from lxml import etree

from core.answer import Answer
from core.answer_blocks import Blocks, marked_lines
from core.citation import Citation
from language.characters import visible
from people.conversation import Exchange
from ui.answers.checks import Checks
from ui.answers.citations import by_number
from ui.answers.conversation_export import answer_facts, made, question_facts
from ui.answers.copying import addresses, doubt, listed, more_heading
from ui.answers.references import reference
from ui.texts import Texts

_ITALIC = re.compile("\x02(.*?)\x03", re.DOTALL)  # what nobody types, around a title
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EMPTY = (
    f"<w:footnotes {nsdecls('w')}>"
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r>'
    "</w:p></w:footnote></w:footnotes>"
)


def conversation_docx(title: str, exchanges: Iterable[Exchange], texts: Texts) -> bytes:
    """As `ui.answers.conversation_export.conversation_markdown`, as a Word file."""
    word, footnotes = begun(title, texts)
    for exchange in exchanges:
        word.add_heading(clean(exchange.question), 1)
        fact(word, " · ".join(question_facts(exchange, texts)))
        if exchange.answer is None:
            word.add_paragraph(texts("export.unanswered"))
        else:
            _add_answer(word, exchange.answer, footnotes, texts)
    return finished(word, footnotes, texts)


def begun(title: str, texts: Texts) -> tuple[Word, "Footnotes"]:
    """A document with its title, and what takes its footnotes."""
    word = Document()
    word.core_properties.title = word.core_properties.subject = clean(title)[:255]
    word.core_properties.author = texts("title")
    word.core_properties.comments = ""
    word.add_heading(clean(title), 0)
    fact(word, made(texts))
    return word, Footnotes(texts)


def finished(word: Word, footnotes: "Footnotes", texts: Texts) -> bytes:
    """The file, with what is said at its end."""
    fact(word, texts("export.authentic"))
    footnotes.attach(word)
    file = io.BytesIO()
    word.save(file)
    return file.getvalue()


def _add_answer(word: Word, answer: Answer, footnotes: "Footnotes", texts: Texts) -> None:
    if checked := " · ".join(Checks(answer).told(texts)):
        fact(word, checked)
    cited = by_number(answer.citations)
    _add_text(word, answer.blocks, cited, footnotes, texts)
    for one in answer_facts(answer, texts):
        fact(word, one)
    if answer.more:
        word.add_heading(clean(more_heading(answer, texts)), 2)
        for blocks in answer.further:
            _add_text(word, blocks, cited, footnotes, texts)


def _add_text(
    word: Word,
    blocks: Blocks,
    cited: dict[int, tuple[Citation, ...]],
    footnotes: "Footnotes",
    texts: Texts,
) -> None:
    for block, lines in marked_lines(blocks):
        for line in lines:
            if block.kind == "label":
                word.add_heading(clean(" ".join(one.text for one, _ in line)), 3)
                continue
            paragraph = word.add_paragraph(style="List Bullet" if block.kind == "list" else None)
            for place, (sentence, marks) in enumerate(line):
                paragraph.add_run(clean(f"{' ' * bool(place)}{sentence.shown}"))
                if sentence.is_doubted:
                    paragraph.add_run(f" {doubt(texts)}").italic = True
                for number, _ in marks:
                    if number in cited:
                        footnotes.refer(paragraph, cited[number])
                    else:
                        paragraph.add_run(f" [{number}]")
        if block.note:
            word.add_paragraph(clean(block.note))


def fact(word: Word, text: str) -> None:
    """A line of what is to be known, in italics."""
    word.add_paragraph().add_run(clean(text)).italic = True


def clean(text: str) -> str:
    """What of a text can stand in the file, and is seen."""
    return _NO_XML.sub("", visible(text))


class Footnotes:
    """The footnotes of a document, numbered as they are referred to."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._root = etree.fromstring(_EMPTY)
        self._count = 0

    def refer(
        self, paragraph: Paragraph, quotes: Sequence[Citation], *, repeated: bool = True
    ) -> None:
        """Adds a footnote with the reference of these quotes out of one passage, and the quotes
        where they are `repeated`."""
        self._count += 1
        paragraph._p.append(_superscript("w:footnoteReference", self._count))
        note = etree.SubElement(self._root, qn("w:footnote"), {qn("w:id"): str(self._count)})
        written = reference(quotes, self._texts, data=clean, emphasis="\x02{}\x03")
        pages = listed(addresses(quotes[0], self._texts))
        first = etree.SubElement(note, qn("w:p"))
        first.append(_superscript("w:footnoteRef"))
        for number, words in enumerate(_ITALIC.split(f" {written} {' '.join(pages)}")):
            first.append(_run(words, italic=bool(number % 2)))
        language = quotes[0].document.language
        for quote in dict.fromkeys(one.quote for one in quotes if repeated):
            told = f"“{' '.join(quote.split())}”"
            etree.SubElement(note, qn("w:p")).append(_run(told, language=language))

    def attach(self, word: Word) -> None:
        part = Part(
            PackURI("/word/footnotes.xml"),
            CONTENT_TYPE.WML_FOOTNOTES,
            etree.tostring(self._root, xml_declaration=True, encoding="UTF-8", standalone=True),
            word.part.package,
        )
        word.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)


def _run(text: str, *, italic: bool = False, language: str = "") -> etree._Element:
    run = OxmlElement("w:r")
    properties = etree.SubElement(run, qn("w:rPr"))
    if italic:
        etree.SubElement(properties, qn("w:i"))
    etree.SubElement(properties, qn("w:sz"), {qn("w:val"): "18"})  # half points
    if language:
        etree.SubElement(properties, qn("w:lang"), {qn("w:val"): language})
    words = etree.SubElement(run, qn("w:t"))
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    words.text = clean(text)
    return run


def _superscript(tag: str, number: int | None = None) -> etree._Element:
    run = OxmlElement("w:r")
    properties = etree.SubElement(run, qn("w:rPr"))
    etree.SubElement(properties, qn("w:vertAlign"), {qn("w:val"): "superscript"})
    mark = etree.SubElement(run, qn(tag))
    if number is not None:
        mark.set(qn("w:id"), str(number))
    return run
