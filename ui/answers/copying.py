"""An answer to copy, how it was made, and a whole conversation as text, page or Word file."""

import datetime
import functools
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from docx import Document
from docx.document import Document as Word
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph
from jinja2 import Template
from lxml import etree
from markupsafe import Markup

from core.answer import Answer
from core.answer_blocks import (
    ITEM,
    AnswerSentence,
    Blocks,
    DoubtWords,
    line_text,
    marked_lines,
    marked_text,
    numbers,
)
from core.citations import Citation, by_number
from core.source import DocumentInfo, Scope
from core.templates import environment
from language.escaping import address, escaped, visible
from ui import addresses, formats
from ui.answers import answer_view
from ui.answers.answer_view import answer_html
from ui.answers.citations import GLYPHS, Checks, references
from ui.markup import escape, table_html
from ui.shared_assistant import describe_scope
from ui.texts import Texts, languages, load
from userdata.conversation import Exchange
from vectorstore.manifest import made_at
from vectorstore.search import RANKING_FEATURES, Candidate
from vectorstore.store import Snapshot

# Answers as text to copy, with references and how they were made.


def full_references(citations: Sequence[Citation], texts: Texts) -> dict[int, str]:
    """By number the reference in words, which is the same everywhere; behind it, in brackets, what
    else is known of the document, and of a brief that it is one, and of what.

    Args:
        citations: all of one answer.
        texts: the strings of the interface language.
    """
    made, cited = {}, by_number(citations)
    for number, words in references(citations, texts).items():
        document = cited[number][0].document
        told = named(document, texts, said=words)
        if document.kind == "brief":
            of = f"{texts('references.summary_of')} {told or document.title}"
            told = _joined(texts("title"), of)
        made[number] = f"{words} ({told})." if told else f"{words}."
    return made


def named(document: DocumentInfo, texts: Texts, *, said: str = "") -> str:
    """Author, title, number and date of a document, without a title that is `said` already; or of
    the official text that a brief is about.

    Conversations are kept that cite briefs as version 0.1.0 described them: with the publisher of
    the official text as their own, and without its title.
    """
    publisher, title = document.publisher, "" if document.title in said else document.title
    if document.kind == "brief":
        publisher, title = document.about_publisher or document.publisher, document.about
    questions = texts("references.questions") if document.questions_url else ""
    numbered = _numbered_and_dated(document, texts)
    return _joined(author(publisher, texts), title, numbered, questions)


def author(publisher: str, texts: Texts) -> str:
    """The publisher of a text: an institution in the interface language, others as given."""
    for language in languages():
        for key, name in load(language).values.items():
            if name == publisher and key.startswith("institutions."):
                return texts(key)
    return publisher


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _numbered_and_dated(document: DocumentInfo, texts: Texts) -> str:
    date = texts.date(document.date) if document.date else ""
    if document.reference and date and date not in document.reference:
        return texts("references.dated", reference=document.reference, date=date)
    return document.reference or date


# An answer to take along: as text, as Markdown, or only its references.


def plain_text(answer: Answer, texts: Texts) -> str:
    """The answer with its markers, what is no longer in force of what it cites, what else there is,
    and the references."""
    parts = [plain(answer.blocks, texts), *filter(None, [answer.ended])]
    if answer.further:
        parts += [more_heading(answer, texts), *(plain(one, texts) for one in answer.further)]
    parts += filter(
        None, (references_heading(answer, texts), "\n".join(reference_lines(answer, texts)))
    )
    return visible("\n\n".join(parts))


def plain(blocks: Blocks, texts: Texts) -> str:
    """The text of blocks, labels without what marks them as such."""
    return marked_text(blocks, as_read=True, doubt=doubt(texts)).text


def doubt(texts: Texts) -> DoubtWords:
    """The remarks behind sentences that are not confirmed."""
    keys = ("answers.unconfirmed", "answers.verdicts.unchecked")
    return DoubtWords(*(f"[{texts(key)}]" for key in keys))


def more_heading(answer: Answer, texts: Texts) -> str:
    """The heading above the blocks that are folded on the page."""
    key = "nearest" if answer.kind == "refusal" else "more"
    return texts(f"answers.{key}", number=len(answer.further))


def references_heading(answer: Answer, texts: Texts) -> str:
    """The heading above the references of an answer; a refusal has none, only the places of what
    comes nearest."""
    return texts("references.heading") if answer.citations and answer.kind != "refusal" else ""


def reference_lines(answer: Answer, texts: Texts) -> list[str]:
    """One line per number: its reference and web pages, "[1] Directive 2003/88/EC, …"."""
    cited = by_number(answer.citations)
    return [
        " ".join((f"[{number}]", written, *labelled(citation_links(cited[number][0], texts))))
        for number, written in full_references(answer.citations, texts).items()
    ]


def source_lines(answer: Answer, texts: Texts) -> list[str]:
    """Those of `reference_lines` that the answer proper cites; none of a refusal. Alone they stand
    for its sources, and what is folded below it rests on others."""
    proper = () if answer.kind == "refusal" else numbers(answer.blocks)
    lines = zip(by_number(answer.citations), reference_lines(answer, texts), strict=True)
    return [line for number, line in lines if number in proper]


def citation_links(citation: Citation, texts: Texts) -> list[tuple[str, str]]:
    """The web pages of a citation: of a brief what each opens, and the address.

    The official page of any other document is what the reference itself names.
    """
    document = citation.document
    found = addresses.pages(document, texts, citation.url)
    return [(f"{label}:" if document.kind == "brief" else "", url) for label, url in found]


def labelled(pages: Iterable[tuple[str, str]]) -> list[str]:
    return [" ".join(filter(None, page)) for page in pages]


def markdown(answer: Answer, texts: Texts) -> str:
    """Writes as `plain_text` does, in Markdown that shows exactly the data it is made of."""
    proper, *more = markdown_texts(answer, texts)
    parts = [proper, *filter(None, [escaped(answer.ended)]), *more]
    if heading := references_heading(answer, texts):
        parts.append(f"**{escaped(heading)}**")
    written = markdown_references(answer.citations, texts).items()
    return "\n\n".join((*parts, *(rf"\[{number}\] {one}" for number, one in written)))


def markdown_texts(answer: Answer, texts: Texts) -> list[str]:
    """The answer proper, and what is folded below it on the page."""
    parts = [markdown_text(answer.blocks, texts)]
    if answer.further:
        heading = f"**{escaped(more_heading(answer, texts))}**"
        parts += [heading, *(markdown_text(one, texts) for one in answer.further)]
    return parts


def markdown_references(citations: Sequence[Citation], texts: Texts) -> dict[int, str]:
    """By number its reference and web pages. Behind its number each is a paragraph and no list's,
    which Markdown would count itself."""
    cited = by_number(citations)
    return {
        number: " ".join((escaped(written), *_markdown_links(cited[number][0], texts)))
        for number, written in full_references(citations, texts).items()
    }


def _markdown_links(citation: Citation, texts: Texts) -> list[str]:
    links = citation_links(citation, texts)
    return labelled((escaped(label), address(url)) for label, url in links)


def markdown_text(blocks: Blocks, texts: Texts) -> str:
    """Blocks as Markdown of the same shape; labels are paragraphs in bold."""
    parts: list[str] = []
    for block in blocks:
        said = [escaped(line_text(line, doubt(texts)).text) for line in block.lines]
        if block.kind == "label":
            parts += (f"**{line}**" for line in said)
        else:
            lines = zip(block.begins, said, strict=True)
            parts.append("\n".join(f"{begin}{line}" for begin, line in lines))
        if block.note:
            parts.append(escaped(block.note))
    return "\n\n".join(parts)


# How an answer was made, for evaluators: what was searched for, found and checked, and when.


_PASSAGES = 12  # as many as any search compares unit by unit: LOOK in vectorstore/embeddings.py


def made_html(answer: Answer, scope: Scope, index: Snapshot | None, texts: Texts) -> str:
    """Tables of it, as HTML.

    Args:
        answer: one to a question.
        scope: what its search was limited to.
        index: in which it is searched once more, for scores; None where that cannot be.
        texts: the strings of the interface language.
    """
    made = [
        (texts("made.asked"), answer.question),
        (
            texts("made.searched"),
            " · ".join((answer.understood_as or answer.question, *answer.searched_as)),
        ),
        (texts("made.language"), texts.label("languages", answer.asked_in or answer.language)),
        (texts("made.mode"), texts(f"made.modes.{answer.mode}", model=answer.model)),
        (texts("made.confidence"), _figure(answer.confidence, texts)),
        (texts("made.checked"), " · ".join(Checks(answer).remarks(texts)) or "–"),
        (texts("made.unconfirmed"), str(len(answer.unconfirmed) + len(answer.left_out))),
        (texts("made.index"), answer.generation),
        *(
            (texts.label("made.stages", stage), texts("made.ms", number=round(1000 * spent)))
            for stage, spent in answer.timings.items()
        ),
    ]
    rows = [tuple(map(escape, row)) for row in made]
    return table_html(texts("made.heading"), (), rows) + _passages(answer, scope, index, texts)


def _passages(answer: Answer, scope: Scope, index: Snapshot | None, texts: Texts) -> str:
    if index is None or answer.kind == "reply":
        return ""
    asked = answer.understood_as or answer.question
    language = answer.asked_in or answer.language
    found = index.evidence(asked, _PASSAGES, language, scope)
    cited = {citation.passage_id for citation in answer.citations}
    names = [texts(f"made.features.{name}") for name in RANKING_FEATURES]
    columns = (texts("made.document"), texts("made.score"), *names)
    rows = [_row(number, one, cited, texts) for number, one in enumerate(found, start=1)]
    told = texts("made.passages" if index.generation == answer.generation else "made.passages_now")
    return table_html(told, columns, rows)


def _row(number: int, one: Candidate, cited: set[str], texts: Texts) -> tuple[str, ...]:
    passage = one.scored.passage
    mark = " ✓" if passage.id in cited else ""
    place = " › ".join((passage.document.short_title, *passage.headings[1:][-1:]))
    figures = (one.scored.score, *(one.features[name] for name in RANKING_FEATURES))
    return (escape(f"{number}. {place}{mark}"), *(_figure(figure, texts) for figure in figures))


def _figure(number: float, texts: Texts) -> str:
    return texts.figure(f"{number:.2f}")


# A conversation as a file: Markdown, HTML, Word.


# A conversation to keep: as Markdown, and as a page to print that needs no network.


def conversation_markdown(title: str, exchanges: Iterable[Exchange], texts: Texts) -> str:
    """A conversation as Markdown: questions, answers, and below each the quotes it rests on.

    Args:
        title: of the conversation.
        exchanges: oldest first; those without an answer are told as such.
        texts: the strings of the interface language.
    """
    blocks = [f"# {escaped(title)}", f"*{escaped(made(texts))}*"]
    for exchange in exchanges:
        blocks.append(f"## {escaped(exchange.question)}")
        blocks.append(escaped(" · ".join(question_facts(exchange, texts))))
        if exchange.answer is None:
            blocks.append(escaped(texts("export.unanswered")))
            continue
        blocks += _answer_blocks(exchange.answer, texts)
    blocks += ["---", f"*{escaped(texts('export.authentic'))}*"]
    return "\n\n".join(blocks) + "\n"


def conversation_page(title: str, exchanges: Sequence[Exchange], texts: Texts) -> str:
    """Writes as `conversation_markdown` does, as a page in one file that runs no script."""
    return _template().render(title=title, exchanges=exchanges, texts=texts, made=made(texts))


def question_facts(exchange: Exchange, texts: Texts) -> list[str]:
    """When a question was asked, and what its search was limited to."""
    asked = texts("export.asked", moment=texts.zoned(exchange.asked))
    return [asked, *filter(None, [describe_scope(exchange.scope, texts)])]


def answer_facts(answer: Answer, texts: Texts) -> list[str]:
    """How an answer was made, from which state of the sources, and what it lacks."""
    facts = [
        *answer_view.remarks_above(answer, texts),
        *filter(None, [answer.ended]),
        *answer_view.remarks_below(answer, texts),
    ]
    if answer.is_sourced and answer.mode != "fallback":
        facts.insert(0, texts(f"export.modes.{answer.mode}", model=answer.model))
    if answer.understood_as:
        facts.insert(0, texts("answers.understood", question=answer.understood_as))
    if answer.generation and answer.kind != "reply":
        made = made_at(answer.generation)
        state = texts.zoned(made) if made else answer.generation
        facts.append(texts("export.generation", generation=state))
    return facts


def _answer_blocks(answer: Answer, texts: Texts) -> list[str]:
    proper, *more = markdown_texts(answer, texts)
    checked = " · ".join(Checks(answer).remarks(texts))
    blocks = [escaped(checked)] if checked else []
    blocks += [proper, *(escaped(fact) for fact in answer_facts(answer, texts)), *more]
    if heading := references_heading(answer, texts):
        blocks.append(f"### {escaped(heading)}")
    cited = by_number(answer.citations)
    for number, written in markdown_references(answer.citations, texts).items():
        quotes = dict.fromkeys(one.quote for one in cited[number])
        blocks += [rf"\[{number}\] {written}", *map(quoted, quotes)]
    return blocks


def quoted(quote: str) -> str:
    """A quote as Markdown."""
    lines = [line for line in quote.splitlines() if line.strip()]
    return "\n>\n".join(f"> {escaped(line)}" for line in lines)


def made(texts: Texts) -> str:
    return texts("export.made", date=texts.date(datetime.datetime.now(formats.zone()).date()))


class _Shown:
    """What an answer says, as HTML: behind it the numbers of its quotes.

    Args:
        answer: what is shown.
        place: begins the names of its references in the page.
        texts: the strings of the interface language.
    """

    def __init__(self, answer: Answer, place: str, texts: Texts) -> None:
        self._answer = answer
        self._place = place
        self._texts = texts
        self._checks = Checks(answer)

    @property
    def checked(self) -> str:
        return " · ".join(self._checks.remarks(self._texts))

    def html(self, blocks: Blocks, level: int) -> Markup:
        """The answer proper, or what is folded on the page; labels are of this level."""
        language = answer_view.languages_shown(self._answer, blocks)[0]
        shown = answer_html(
            blocks, language=language, marker=self._marker, doubt=self._doubt, level=level
        )
        return Markup(shown)  # noqa: S704 - escaped there

    def _doubt(self, sentence: AnswerSentence) -> str:
        told = doubt(self._texts).behind(sentence).strip()
        return f" <em>{escape(told)}</em>" if told else ""

    def _marker(self, number: int, words: str) -> str:
        if not self._checks.quotes(number, words):
            return ""
        verdict = self._checks.verdict(number, words)
        told = escape(self._texts(f"answers.verdicts.{verdict}"))
        target = escape(f"{self._place}-{number}")
        mark = self._checks.mark(verdict)
        shown = GLYPHS[mark] if mark else ""
        return f'<sup><a href="#{target}" title="{told}">[{number}]</a>{shown}</sup>'


def _visible(value: object) -> object:
    """Removes characters that nobody sees from what the template shows; HTML stays HTML."""
    return type(value)(visible(value)) if isinstance(value, str) else value


@functools.cache
def _template() -> Template:
    templates = environment(
        Path(__file__).parent,
        question_facts=question_facts,
        answer_facts=answer_facts,
        shown_answer=_Shown,
        by_number=by_number,
        more_heading=more_heading,
        references_heading=references_heading,
        full_references=full_references,
        addresses=citation_links,
    )
    templates.finalize = _visible
    return templates.get_template("conversation.html.j2")


# A conversation as a Word document, in which each number is a footnote with reference and quotes.


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EMPTY = (
    f"<w:footnotes {nsdecls('w')}>"
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r>'
    "</w:p></w:footnote></w:footnotes>"
)


def conversation_docx(title: str, exchanges: Iterable[Exchange], texts: Texts) -> bytes:
    """Writes as `conversation_markdown` does, as a Word file."""
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
    if checked := " · ".join(Checks(answer).remarks(texts)):
        fact(word, checked)
    footnotes.begin(answer.citations)
    _add_text(word, answer.blocks, footnotes, texts)
    for one in answer_facts(answer, texts):
        fact(word, one)
    if answer.more:
        word.add_heading(clean(more_heading(answer, texts)), 2)
        for blocks in answer.further:
            _add_text(word, blocks, footnotes, texts)


def _add_text(word: Word, blocks: Blocks, footnotes: "Footnotes", texts: Texts) -> None:
    for block, lines in marked_lines(blocks):
        for begin, line in zip(block.begins, lines, strict=True):
            if block.kind == "label":
                word.add_heading(clean(" ".join(one.text for one, _ in line)), 3)
                continue
            mark = begin.removeprefix(ITEM)  # a bullet is the style's
            style = "List" if mark else "List Bullet"
            paragraph = word.add_paragraph(mark, style=style if block.kind == "list" else None)
            for place, (sentence, marks) in enumerate(line):
                paragraph.add_run(clean(f"{' ' * bool(place)}{sentence.shown}"))
                if told := doubt(texts).behind(sentence):
                    paragraph.add_run(told).italic = True
                for number, _ in marks:
                    footnotes.refer(paragraph, number)
        if block.note:
            word.add_paragraph(clean(block.note))


def fact(word: Word, text: str) -> None:
    """A line of what is to be known, in italics."""
    word.add_paragraph().add_run(clean(text)).italic = True


def clean(text: str) -> str:
    """Removes from a text what cannot stand in the file, and what nobody sees."""
    return _NO_XML.sub("", visible(text))


class Footnotes:
    """The footnotes of a document. Their marks are the numbers of the citations, as on the page."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._root = etree.fromstring(_EMPTY)
        self._count = 0
        self._quoted: dict[int, tuple[Citation, ...]] = {}
        self._written: dict[int, str] = {}

    def begin(self, citations: Sequence[Citation]) -> None:
        """Takes the citations of an answer, to which numbers refer from now on."""
        self._quoted = by_number(citations)
        self._written = full_references(citations, self._texts)

    def refer(self, paragraph: Paragraph, number: int, *, repeated: bool = True) -> None:
        """Adds a number: the first time with its footnote, which has the reference, and the quotes
        where they are `repeated`."""
        written = self._written.pop(number, "")
        if not written:
            paragraph._p.append(_superscript(number))
            return
        self._count += 1
        paragraph._p.append(_superscript(number, footnote=self._count))
        note = etree.SubElement(self._root, qn("w:footnote"), {qn("w:id"): str(self._count)})
        quotes = self._quoted[number]
        pages = labelled(citation_links(quotes[0], self._texts))
        first = etree.SubElement(note, qn("w:p"))
        first.append(_superscript(number))
        first.append(_run(" ".join(("", written, *pages))))
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


def _run(text: str, *, language: str = "") -> etree._Element:
    run = OxmlElement("w:r")
    properties = etree.SubElement(run, qn("w:rPr"))
    etree.SubElement(properties, qn("w:sz"), {qn("w:val"): "18"})  # half points
    if language:
        etree.SubElement(properties, qn("w:lang"), {qn("w:val"): language})
    _add_words(run, text)
    return run


def _superscript(number: int, *, footnote: int | None = None) -> etree._Element:
    """A number in brackets; the mark of a `footnote`, if it has one."""
    run = OxmlElement("w:r")
    properties = etree.SubElement(run, qn("w:rPr"))
    etree.SubElement(properties, qn("w:vertAlign"), {qn("w:val"): "superscript"})
    if footnote is not None:
        told = {qn("w:customMarkFollows"): "1", qn("w:id"): str(footnote)}
        etree.SubElement(run, qn("w:footnoteReference"), told)
    _add_words(run, f"[{number}]")
    return run


def _add_words(run: etree._Element, text: str) -> None:
    words = etree.SubElement(run, qn("w:t"))
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    words.text = clean(text)
