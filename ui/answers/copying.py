"""An answer to copy, its references, and how it was made."""

from collections.abc import Callable, Iterable, Sequence

from core.answer import Answer
from core.answer_blocks import ITEM, Blocks, line_text, marked_text
from core.source import Citation, DocumentInfo, Scope, section
from language.escaping import address, escaped, visible
from ui import origins
from ui.answers.citations import Checks, by_number, pages
from ui.markup import escape, table_html
from ui.texts import Texts, languages, load
from vectorstore.search import FEATURES, Candidate
from vectorstore.snapshot import Snapshot

# Answers as text to copy, with references and how they were made.


def reference(
    quotes: Sequence[Citation],
    texts: Texts,
    *,
    data: Callable[[str], str] = str,
    emphasis: str = "{}",
) -> str:
    """Author, title, number and date of a document, section, points and pages of quotes out of one
    passage of it, as far as they are known.

    Args:
        quotes: what is referred to.
        texts: the strings of the interface language.
        data: what comes from the source, as the form of the text needs it (escaped).
        emphasis: how that form marks the title, such as "*{}*".
    """
    document = quotes[0].document
    path = section(quotes)
    place = _joined(
        data(texts("references.section", section=path)) if path else "",
        data(pages(quotes, texts)),
    )
    if document.kind != "brief":
        return f"{_joined(named(document, texts, data=data, emphasis=emphasis), place)}."
    own = _joined(data(texts("title")), data(texts("references.summary_of")))
    official = named(document, texts, data=data, emphasis=emphasis)
    mark = ": ".join(filter(None, (data(texts("references.summary")), place)))
    return f"{own} {official or emphasis.format(data(document.title))} ({mark})."


def named(
    document: DocumentInfo,
    texts: Texts,
    *,
    data: Callable[[str], str] = str,
    emphasis: str = "{}",
) -> str:
    """Author, title, number and date of a document, or of the official text that a brief is about.

    Arguments as for `reference`. Conversations are kept that cite briefs as version 0.1.0 described
    them: with the publisher of the official text as their own, and without its title.
    """
    publisher, title = document.publisher, document.title
    if document.kind == "brief":
        publisher, title = document.about_publisher or document.publisher, document.about
    questions = texts("references.questions") if document.questions_url else ""
    return _joined(
        data(author(publisher, texts)),
        emphasis.format(data(title)) if title else "",
        data(_numbered_and_dated(document, texts)),
        data(questions),
    )


def author(publisher: str, texts: Texts) -> str:
    """Who published a text: the institutions in the interface language, others as given."""
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
    """The answer with its markers, what else there is, and the references they stand for."""
    parts = [plain(answer.blocks, texts)]
    if answer.further:
        parts += [more_heading(answer, texts), *(plain(one, texts) for one in answer.further)]
    if listed := references(answer, texts):
        parts += [texts("references.heading"), "\n".join(listed)]
    return visible("\n\n".join(parts))


def plain(blocks: Blocks, texts: Texts) -> str:
    """The text of blocks, labels without what marks them as such."""
    return marked_text(blocks, label="", doubt=doubt(texts)).text


def doubt(texts: Texts) -> str:
    """What stands behind a sentence that is not confirmed."""
    return f"[{texts('answers.unconfirmed')}]"


def more_heading(answer: Answer, texts: Texts) -> str:
    """What stands above the blocks that are folded on the page."""
    key = "nearest" if answer.kind == "refusal" else "more"
    return texts(f"answers.{key}", number=len(answer.further))


def references(answer: Answer, texts: Texts) -> list[str]:
    """The references of an answer as text, one per number: "[1] European Commission, …"."""
    return [
        " ".join((f"[{number}]", reference(quotes, texts), *listed(addresses(quotes[0], texts))))
        for number, quotes in by_number(answer.citations).items()
    ]


def addresses(citation: Citation, texts: Texts) -> list[tuple[str, str]]:
    """The web pages of a citation: of a brief what each opens, and the address.

    The official page of any other document is what the reference itself names.
    """
    document = citation.document
    named = origins.pages(document, texts, citation.url)
    return [(f"{label}:" if document.kind == "brief" else "", url) for label, url in named]


def listed(pages: Iterable[tuple[str, str]]) -> list[str]:
    return [" ".join(filter(None, page)) for page in pages]


def markdown(answer: Answer, texts: Texts) -> str:
    """As `plain_text`, in Markdown that shows exactly the data it is made of."""
    parts = markdown_texts(answer, texts)
    if answer.citations:
        parts += [
            f"**{escaped(texts('references.heading'))}**",
            *markdown_references(answer.citations, texts),
        ]
    return "\n\n".join(parts)


def markdown_texts(answer: Answer, texts: Texts) -> list[str]:
    """The answer proper, and what is folded below it on the page."""
    parts = [markdown_text(answer.blocks, texts)]
    if answer.further:
        heading = f"**{escaped(more_heading(answer, texts))}**"
        parts += [heading, *(markdown_text(one, texts) for one in answer.further)]
    return parts


def markdown_references(citations: Sequence[Citation], texts: Texts) -> list[str]:
    """A paragraph per number; it is no list's, which Markdown would count itself."""
    return [
        rf"\[{number}\] {markdown_reference(quotes, texts)}"
        for number, quotes in by_number(citations).items()
    ]


def markdown_reference(quotes: Sequence[Citation], texts: Texts) -> str:
    """The reference of quotes out of one passage, with their web pages."""
    links = listed((escaped(label), address(url)) for label, url in addresses(quotes[0], texts))
    return " ".join((reference(quotes, texts, data=escaped, emphasis="*{}*"), *links))


def markdown_text(blocks: Blocks, texts: Texts) -> str:
    """Blocks as Markdown of the same shape; labels are paragraphs in bold."""
    parts: list[str] = []
    for block in blocks:
        said = [escaped(line_text(line, doubt(texts)).text) for line in block.lines]
        if block.kind == "label":
            parts += (f"**{line}**" for line in said)
        else:
            begin = ITEM if block.kind == "list" else ""
            parts.append("\n".join(f"{begin}{line}" for line in said))
        if block.note:
            parts.append(escaped(block.note))
    return "\n\n".join(parts)


# How an answer was made, for evaluators: what was searched for, found and checked, and when.


_PASSAGES = 12  # as many as any search compares unit by unit: LOOK in vectorstore/profile.py


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
        (texts("made.searched"), answer.understood_as or answer.question),
        (texts("made.language"), texts.label("languages", answer.asked_in or answer.language)),
        (texts("made.mode"), texts(f"made.modes.{answer.mode}", model=answer.model)),
        (texts("made.confidence"), _figure(answer.confidence, texts)),
        (texts("made.checked"), " · ".join(Checks(answer).told(texts)) or "–"),
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
    names = [texts(f"made.features.{name}") for name in FEATURES]
    columns = (texts("made.document"), texts("made.score"), *names)
    rows = [_row(number, one, cited, texts) for number, one in enumerate(found, start=1)]
    told = texts("made.passages" if index.generation == answer.generation else "made.passages_now")
    return table_html(told, columns, rows)


def _row(number: int, one: Candidate, cited: set[str], texts: Texts) -> tuple[str, ...]:
    passage = one.scored.passage
    mark = " ✓" if passage.id in cited else ""
    place = " › ".join((passage.document.short_title, *passage.headings[1:][-1:]))
    figures = (one.scored.score, *(one.features[name] for name in FEATURES))
    return (escape(f"{number}. {place}{mark}"), *(_figure(figure, texts) for figure in figures))


def _figure(number: float, texts: Texts) -> str:
    return texts.figure(f"{number:.2f}")
