"""The row of buttons below an answer: copy it, pass it on, save it, and see how it was made."""

from functools import partial
from typing import Literal, get_args

import streamlit as st

from core.answer import Answer
from core.source import Scope
from language.escaping import visible
from ui import access, addresses, error_messages, scripts
from ui.answers import copying
from ui.answers.citations import Checks
from ui.answers.export import conversation_docx
from ui.chat.address import question_address
from ui.markup import escape, table_html
from ui.texts import Texts
from userdata.conversation import Exchange
from vectorstore.search import RANKING_FEATURES, Candidate
from vectorstore.store import Snapshot

AnswerForm = Literal["markdown", "references", "docx", "made"]

_PASSAGES = 12  # as many as any search compares unit by unit: LOOK in vectorstore/embeddings.py


def show_actions(
    exchange: Exchange, answer: Answer, prefix: str, texts: Texts, index: Snapshot | None
) -> None:
    """Buttons in a row; what they copy, save or show is made when it is asked for."""
    button = partial(st.button, type="tertiary")
    if button(texts("copying.open"), icon=":material/content_copy:", key=f"{prefix}-copy"):
        scripts.copy(copying.plain_text(answer, texts), texts)
    if button(
        texts("chat.link"),
        icon=":material/link:",
        key=f"{prefix}-link",
        help=texts("chat.link_help"),
    ):
        address = addresses.here() + question_address(exchange.question, exchange.scope)
        scripts.copy(address, texts)
    left_out = {
        "references": not copying.source_lines(answer, texts),
        "made": not access.user().may("evaluator"),
    }
    chosen, popover = None, f"{prefix}-more"
    with st.popover(texts("copying.more"), type="tertiary", key=popover, on_change="rerun"):
        for form in get_args(AnswerForm):
            label = texts(f"copying.forms.{form}")
            if not left_out.get(form) and button(
                label, key=f"{prefix}-{form}", on_click=_close, args=(popover,)
            ):
                chosen = form
    if chosen == "markdown":
        scripts.copy(copying.markdown(answer, texts), texts)
    elif chosen == "references":
        scripts.copy(visible("\n".join(copying.source_lines(answer, texts))), texts)
    elif chosen == "docx":
        made = conversation_docx(exchange.question, [exchange], texts)
        scripts.save_file(made, name=scripts.file_name(exchange.question, "docx"))
    elif chosen == "made":
        _show_made(answer, exchange.scope, index, texts)


def made_html(answer: Answer, scope: Scope, index: Snapshot | None, texts: Texts) -> str:
    """Tables, for evaluators, of how an answer was made: what was searched for, found and checked.

    Args:
        answer: one to a question.
        scope: what its search was limited to.
        index: in which it is searched once more, for scores; None where that cannot be.
        texts: the strings of the interface language.
    """
    searched = " · ".join((answer.understood_as or answer.question, *answer.searched_as))
    made = [
        (texts("made.asked"), answer.question),
        (texts("made.searched"), searched),
        (texts("made.language"), texts.label("languages", answer.asked_in or answer.language)),
        (texts("made.mode"), texts(f"made.modes.{answer.mode}", model=answer.model)),
        (texts("made.confidence"), _figure(answer.confidence, texts)),
        (texts("made.checked"), " · ".join(Checks(answer).remarks(texts)) or "–"),
        (texts("made.unconfirmed"), str(len(answer.unconfirmed) + len(answer.left_out))),
        (texts("made.index"), answer.generation),
    ]
    made += (
        (texts.label("made.stages", stage), texts("made.ms", number=round(1000 * spent)))
        for stage, spent in answer.timings.items()
    )
    rows = [tuple(map(escape, row)) for row in made]
    return table_html(texts("made.heading"), (), rows) + _found_html(answer, scope, index, texts)


def _close(popover: str) -> None:
    """Closes it: else it lies over what was chosen there, and takes the first Escape."""
    st.session_state[popover] = False


def _show_made(answer: Answer, scope: Scope, index: Snapshot | None, texts: Texts) -> None:
    @st.dialog(texts("made.title"), width="large")
    def opened() -> None:
        with error_messages.showing(texts, texts("errors.store"), st.warning):
            st.html(made_html(answer, scope, index, texts))

    opened()


def _found_html(answer: Answer, scope: Scope, index: Snapshot | None, texts: Texts) -> str:
    """The passages that a search finds now, with their scores."""
    if index is None or answer.kind == "reply":
        return ""
    question = answer.understood_as or answer.question
    language = answer.asked_in or answer.language
    found = index.evidence(question, _PASSAGES, language, scope)
    cited = {citation.passage_id for citation in answer.citations}
    names = [texts(f"made.features.{name}") for name in RANKING_FEATURES]
    columns = (texts("made.document"), texts("made.score"), *names)
    rows = [_row(number, each, cited, texts) for number, each in enumerate(found, start=1)]
    is_same = index.generation == answer.generation
    caption = texts("made.passages" if is_same else "made.passages_now")
    return table_html(caption, columns, rows)


def _row(number: int, candidate: Candidate, cited: set[str], texts: Texts) -> tuple[str, ...]:
    passage = candidate.scored.passage
    mark = " ✓" if passage.id in cited else ""
    place = " › ".join((passage.document.short_title, *passage.headings[1:][-1:]))
    figures = (candidate.scored.score, *(candidate.features[name] for name in RANKING_FEATURES))
    return (escape(f"{number}. {place}{mark}"), *(_figure(figure, texts) for figure in figures))


def _figure(number: float, texts: Texts) -> str:
    return texts.figure(f"{number:.2f}")
