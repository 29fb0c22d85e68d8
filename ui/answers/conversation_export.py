"""A conversation to keep: as Markdown, and as a page to print that needs no network.

Questions, answers and sources are data: the page's template escapes what it is given, Markdown goes
through `language.escaping.escaped`.
"""

import datetime
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from core.answer import Answer
from core.answer_blocks import AnswerSentence, Blocks
from core.citation import Citation
from language.characters import visible
from language.escaping import escaped
from people.conversation import Exchange
from ui import formats
from ui.answers import remarks
from ui.answers.answer_text import answer_html
from ui.answers.checks import GLYPHS, Checks
from ui.answers.citations import by_number
from ui.answers.copying import (
    addresses,
    doubt,
    markdown_references,
    markdown_texts,
    more_heading,
)
from ui.answers.references import reference
from ui.markup import escape
from ui.scope import told
from ui.texts import Texts


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
    """As `conversation_markdown`, as a page in one file that runs no script."""
    return _template().render(title=title, exchanges=exchanges, texts=texts, made=made(texts))


def question_facts(exchange: Exchange, texts: Texts) -> list[str]:
    """When a question was asked, and what its search was limited to."""
    zone = formats.zone_name(exchange.asked, texts.language)
    asked = texts("export.asked", moment=texts.moment(exchange.asked), zone=zone)
    return [asked, *filter(None, [told(exchange.scope, texts)])]


def answer_facts(answer: Answer, texts: Texts) -> list[str]:
    """How an answer was made, from which state of the sources, and what it lacks."""
    facts = remarks.above(answer, texts) + remarks.told(answer, texts)  # of a fallback as well
    if answer.is_sourced and answer.mode != "fallback":
        facts.insert(0, texts(f"export.modes.{answer.mode}", model=answer.model))
    if answer.understood_as:
        facts.insert(0, remarks.understood(answer, texts))
    if answer.generation and answer.kind != "reply":
        facts.append(texts("export.generation", generation=answer.generation))
    return facts


def _answer_blocks(answer: Answer, texts: Texts) -> list[str]:
    proper, *more = markdown_texts(answer, texts)
    checked = " · ".join(Checks(answer).told(texts))
    blocks = [escaped(checked)] if checked else []
    blocks += [proper, *(escaped(fact) for fact in answer_facts(answer, texts)), *more]
    if answer.citations:
        blocks.append(f"### {escaped(texts('references.heading'))}")
    for quotes, written in zip(
        by_number(answer.citations).values(),
        markdown_references(answer.citations, texts),
        strict=True,
    ):
        blocks.append(written)
        for quote in dict.fromkeys(one.quote for one in quotes):
            blocks.append(quoted(quote))
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
        return " · ".join(self._checks.told(self._texts))

    def html(self, blocks: Blocks, level: int) -> Markup:
        """The answer proper, or what is folded on the page; labels are of this level."""
        language = remarks.languages(self._answer, blocks)[0]
        shown = answer_html(
            blocks, language=language, marker=self._marker, doubt=self._doubt, level=level
        )
        return Markup(shown)  # noqa: S704 - escaped there

    def _doubt(self, sentence: AnswerSentence) -> str:
        return "" if sentence.stand_in else f" <em>{escape(doubt(self._texts))}</em>"

    def _marker(self, number: int, words: str) -> str:
        if not self._checks.quotes(number, words):
            return ""
        verdict = self._checks.verdict(number, words)
        told = escape(self._texts(f"answers.verdicts.{verdict}"))
        target = escape(f"{self._place}-{number}")
        mark = "" if verdict == self._checks.usual else GLYPHS[verdict]
        return f'<sup><a href="#{target}" title="{told}">[{number}]</a>{mark}</sup>'


def _reference(quotes: Sequence[Citation], texts: Texts) -> Markup:
    """A reference with its title in italics."""
    written = reference(quotes, texts, data=escape, emphasis="<cite>{}</cite>")
    return Markup(written)  # noqa: S704 - escaped here


def _visible(value: object) -> object:
    """What the template shows, without what nobody sees; HTML stays HTML."""
    return type(value)(visible(value)) if isinstance(value, str) else value


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        question_facts=question_facts,
        answer_facts=answer_facts,
        shown_answer=_Shown,
        by_number=by_number,
        more_heading=more_heading,
        reference=_reference,
        addresses=addresses,
    )
    return environment.get_template("conversation.html.j2")
