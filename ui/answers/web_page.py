"""A conversation as a web page in one file, to print, that runs no script and needs no network."""

import functools
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup

from core.answer import Answer
from core.answer_blocks import AnswerSentence, Blocks
from core.citations import by_number
from core.templates import environment
from language.escaping import visible
from ui.answers.answer_text import answer_html
from ui.answers.citations import GLYPHS, Checks
from ui.answers.copying import doubt, more_heading, references_heading
from ui.answers.export import answer_facts, made_on, question_facts
from ui.answers.references import citation_links, full_references
from ui.answers.remarks import languages_shown
from ui.markup import escape
from ui.texts import Texts
from userdata.conversation import Exchange


def conversation_page(title: str, exchanges: Sequence[Exchange], texts: Texts) -> str:
    """The page, with the same as `ui.answers.export.conversation_markdown`."""
    return _template().render(title=title, exchanges=exchanges, texts=texts, made=made_on(texts))


class _ExportedAnswer:
    """An answer as HTML, with the numbers of its quotes behind what it says.

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
        language = languages_shown(self._answer, blocks)[0]
        shown = answer_html(
            blocks, language=language, marker=self._marker, doubt=self._doubt, level=level
        )
        return Markup(shown)  # noqa: S704 - escaped there

    def _doubt(self, sentence: AnswerSentence) -> str:
        remark = doubt(self._texts).behind(sentence).strip()
        return f" <em>{escape(remark)}</em>" if remark else ""

    def _marker(self, number: int, words: str) -> str:
        if not self._checks.quotes(number, words):
            return ""
        verdict = self._checks.verdict(number, words)
        title = escape(self._texts(f"answers.verdicts.{verdict}"))
        target = escape(f"{self._place}-{number}")
        mark = self._checks.mark(verdict)
        glyph = GLYPHS[mark] if mark else ""
        return f'<sup><a href="#{target}" title="{title}">[{number}]</a>{glyph}</sup>'


def _visible(value: object) -> object:
    """Removes characters that nobody sees from what the template shows; HTML stays HTML."""
    return type(value)(visible(value)) if isinstance(value, str) else value


@functools.cache
def _template() -> Template:
    templates = environment(
        Path(__file__).parent,
        question_facts=question_facts,
        answer_facts=answer_facts,
        exported_answer=_ExportedAnswer,
        by_number=by_number,
        more_heading=more_heading,
        references_heading=references_heading,
        full_references=full_references,
        addresses=citation_links,
    )
    templates.finalize = _visible
    return templates.get_template("conversation.html.j2")
