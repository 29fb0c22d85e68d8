"""What can be done with an answer: copy it, pass it on, keep it as a file."""

from functools import partial
from typing import Literal, get_args

import streamlit as st

from core.answer import Answer
from core.errors import StrategiewijzerError
from language.characters import visible
from people.conversation import Exchange
from ui import access, addresses, downloads, error_texts
from ui.answers import copying
from ui.answers.made import made_html
from ui.answers.word import conversation_docx
from ui.chat.address import question_address
from ui.texts import Texts
from vectorstore.snapshot import Snapshot

_Form = Literal["markdown", "references", "docx", "made"]


def show(
    exchange: Exchange, answer: Answer, prefix: str, texts: Texts, index: Snapshot | None
) -> None:
    """Buttons in a row; what they copy, save or show is made when it is asked for."""
    button = partial(st.button, type="tertiary")
    if button(texts("copying.open"), icon=":material/content_copy:", key=f"{prefix}-copy"):
        downloads.copy(copying.plain_text(answer, texts), texts)
    if button(
        texts("chat.link"),
        icon=":material/link:",
        key=f"{prefix}-link",
        help=texts("chat.link_help"),
    ):
        downloads.copy(
            addresses.here() + question_address(exchange.question, exchange.scope), texts
        )
    left_out = {
        "references": not answer.citations,
        "made": not access.user().may("evaluator"),
    }
    forms = [form for form in get_args(_Form) if not left_out.get(form)]
    form = None
    with st.popover(texts("copying.more"), type="tertiary", key=f"{prefix}-more"):
        for one in forms:
            if button(texts(f"copying.forms.{one}"), key=f"{prefix}-{one}"):
                form = one
    if form == "markdown":
        downloads.copy(copying.markdown(answer, texts), texts)
    elif form == "references":
        downloads.copy(visible("\n".join(copying.references(answer, texts))), texts)
    elif form == "docx":
        made = conversation_docx(exchange.question, [exchange], texts)
        name = downloads.file_name(exchange.question, "docx")
        downloads.save(made, name=name)
    elif form == "made":
        _show_made(exchange, answer, texts, index)


def _show_made(exchange: Exchange, answer: Answer, texts: Texts, index: Snapshot | None) -> None:
    @st.dialog(texts("made.title"), width="large")
    def opened() -> None:
        try:
            st.html(made_html(answer, exchange.scope, index, texts))
        except StrategiewijzerError as error:
            error_texts.told(texts("errors.store"), str(error), texts, st.warning)

    opened()
