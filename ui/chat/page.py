"""The chat page: ask a question, read the answer, check its sources."""

from dataclasses import dataclass, field

import streamlit as st

from core.errors import NoIndexError, StrategiewijzerError
from core.settings import Settings
from core.types import Answer, Finished, Scope, TextDelta, Turn
from ui import sidebar
from ui.answers import answer as answers
from ui.assistant import assistant
from ui.chat import feedback, filters
from ui.markup import answer_html, code, escape
from ui.texts import Texts

MAX_QUESTION = 1000  # characters
# Brings a new question into view, also when the reader was further up. No data goes in here.
SHOW_LAST_QUESTION = """<script>
document.querySelector(".sw-last-question")?.scrollIntoView({block: "start"});
</script>"""
MAX_INPUT = 4000  # what the field takes; longer than a question may be, so that we can say so


@dataclass
class Exchange:
    """A question with its answer, or with what went wrong, or still to be answered."""

    question: str
    scope: Scope = Scope()
    answer: Answer | None = None
    problem: str = ""
    verdict: feedback.Verdict = field(default_factory=feedback.Verdict)

    @property
    def too_long(self) -> bool:
        return len(self.question) > MAX_QUESTION


def page() -> None:
    """Shows the conversation and answers its last question."""
    settings = Settings()
    texts = sidebar.interface_texts(settings)
    st.title(texts("title"), anchor=False)
    st.markdown(texts("purpose"))
    ready = _show_corpus(settings, texts)
    question = st.chat_input(
        texts("chat.placeholder"),
        key="question",
        max_chars=MAX_INPUT,
        disabled=not ready,
        submit_mode="disable",
    )
    if question and question.strip():
        _ask(question)
    exchanges = _conversation()
    if ready and not exchanges:
        _show_examples(texts)
    for number, exchange in enumerate(exchanges):
        _show_question(exchange, texts, is_last=number == len(exchanges) - 1)
        with st.chat_message("assistant", avatar=":material/menu_book:"):
            if exchange.answer is not None:
                answers.show(exchange.answer, f"exchange-{number}", texts, ask=_ask)
                feedback.show(
                    exchange.answer,
                    exchange.verdict,
                    history=_turns_before(number),
                    scope=exchange.scope,
                    data_dir=settings.data_dir,
                    texts=texts,
                )
            elif exchange.too_long:
                length = len(exchange.question)
                st.warning(texts("chat.too_long", length=length, limit=MAX_QUESTION))
            elif ready and not exchange.problem and number == len(exchanges) - 1:
                _answer(exchange, _turns_before(number), texts)
            else:
                _show_unanswered(exchange, number, texts)


def _conversation() -> list[Exchange]:
    """The exchanges of this session, oldest first."""
    exchanges: list[Exchange] = st.session_state.setdefault("conversation", [])
    return exchanges


def _ask(question: str) -> None:
    """Adds a question; the last one without an answer is answered when it is its turn to show."""
    scope = st.session_state.get("scope", Scope())
    _conversation().append(Exchange(question=question.strip(), scope=scope))


def _ask_again(number: int) -> None:
    _ask(_conversation().pop(number).question)


def _show_corpus(settings: Settings, texts: Texts) -> bool:
    """Shows what can be searched, or why nothing can; whether questions can be answered."""
    try:
        index = assistant().index
        documents = index.documents()
        facts = sidebar.state_html(settings, index, texts)
    except StrategiewijzerError as error:
        lead = "no_index" if isinstance(error, NoIndexError) else "store"
        st.error(f"{texts(f'errors.{lead}')}\n\n{code(str(error))}")
        st.button(texts("chat.retry"))
        return False
    with st.sidebar:
        st.session_state.scope = filters.choose(documents, texts)
        st.button(
            texts("sidebar.clear"), on_click=_conversation().clear, disabled=not _conversation()
        )
        st.html(facts)
    return True


def _show_examples(texts: Texts) -> None:
    st.html(f'<h2 class="sw-small">{escape(texts("chat.examples"))}</h2>')
    for number, example in enumerate(texts.series("examples")):
        st.button(example, key=f"example-{number}", on_click=_ask, args=(example,), width="stretch")


def _show_question(exchange: Exchange, texts: Texts, *, is_last: bool) -> None:
    place = "sw-question sw-last-question" if is_last else "sw-question"
    with st.chat_message("user", avatar=":material/person:"):
        shown = (
            f'<h2 class="{place}"><span class="sw-hidden">{escape(texts("chat.you_asked"))} '
            f"</span>{escape(exchange.question)}</h2>"
        )
        if limits := filters.told(exchange.scope, texts):
            shown += f'<p class="sw-facts">{escape(limits)}</p>'
        st.html(shown)


def _turns_before(number: int) -> list[Turn]:
    """What had been asked and answered when the exchange with this number began."""
    return [
        Turn(question=earlier.question, answer_text=earlier.answer.text)
        for earlier in _conversation()[:number]
        if earlier.answer is not None
    ]


def _answer(exchange: Exchange, history: list[Turn], texts: Texts) -> None:
    """Answers a question, showing the answer as it arrives, and keeps what came of it."""
    st.html(SHOW_LAST_QUESTION, unsafe_allow_javascript=True)
    place = st.empty()
    place.html(f'<p role="status">{escape(texts("chat.searching"))}</p>')
    text = ""
    try:
        for event in assistant().stream(exchange.question, history=history, scope=exchange.scope):
            if isinstance(event, Finished):
                exchange.answer = event.answer
            elif isinstance(event, TextDelta):
                text += event.text
                place.html(answer_html(text, texts))
    except StrategiewijzerError as error:
        exchange.problem = str(error)
    st.rerun()  # shows it in its final form


def _show_unanswered(exchange: Exchange, number: int, texts: Texts) -> None:
    """What went wrong with a question, and a button to ask it again."""
    if exchange.problem:
        st.error(f"{texts('errors.other')}\n\n{code(exchange.problem)}")
    else:
        st.info(texts("chat.unanswered"))
    st.button(texts("chat.retry"), key=f"retry-{number}", on_click=_ask_again, args=(number,))
