"""Under each answer: was it useful, and if not, do its sources support it and what is wrong?"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.answer import Answer, Turn
from core.errors import StrategiewijzerError
from core.settings import current
from core.source import Scope
from ui import markup
from ui.markup import facts_html, into_view
from ui.texts import Texts
from userdata import feedback as store
from userdata.database import Database
from userdata.feedback import Feedback

MAX_COMMENT = 1000  # characters, half a page, as for a question
_ICONS = {True: ":material/thumb_up:", False: ":material/thumb_down:"}
_WORDS = {
    "helpful": {True: "useful", False: "not_useful"},
    "evidence": {True: "agree", False: "disagree"},
}


@dataclass
class ReaderVerdict:
    """A reader's verdict on one answer and on its evidence, as far as the page has to remember it.

    What was given in an earlier session is read from the store by its `id` when it is first shown.
    `comment` is what was last saved, also while no thumb is down and it does not count. `problem`
    is why the last change could not be kept, and `just_given` that it was made since the page last
    showed it.
    """

    id: str
    helpful: bool | None = None
    evidence: bool | None = None
    comment: str = ""
    problem: str = ""
    just_given: bool = False
    read: bool = False

    @property
    def given(self) -> bool:
        return self.helpful is not None or self.evidence is not None

    @property
    def is_bad(self) -> bool:
        return False in (self.helpful, self.evidence)

    def key(self, name: str) -> str:
        """The session keys of "helpful", "evidence" and "comment"."""
        return f"{name}-{self.id}"


def show(
    answer: Answer,
    verdict: ReaderVerdict,
    *,
    history: Sequence[Turn],
    scope: Scope,
    database: Database,
    texts: Texts,
) -> Callable[[], None]:
    """Two thumbs for the answer; returns what keeps the verdict, for `show_more`."""
    if not verdict.read:
        _restore(verdict, database)
    keep = functools.partial(
        _keep, answer, verdict, history=history, scope=scope, database=database
    )
    _show_thumbs("helpful", verdict, keep, texts, label_visibility="collapsed")
    return keep


def show_more(
    answer: Answer, verdict: ReaderVerdict, keep: Callable[[], None], texts: Texts
) -> None:
    """That a verdict was kept; where the thumb is down two for the evidence and room for a comment.

    A verdict on the evidence that was given without that is shown as well.
    """
    with st.container(key=f"verdict-{verdict.id}"):
        judged = verdict.is_bad or verdict.evidence is not None
        if answer.is_sourced and answer.citations and judged:
            _show_thumbs("evidence", verdict, keep, texts)
        if verdict.is_bad:
            with st.form(f"form-{verdict.id}", border=False, enter_to_submit=False):
                st.text_area(
                    texts("feedback.comment"),
                    verdict.comment,
                    height="content",
                    max_chars=MAX_COMMENT,
                    key=verdict.key("comment"),
                )
                st.form_submit_button(texts("feedback.save"), on_click=keep)
        if verdict.problem:
            markup.show_with_details(texts("errors.feedback"), verdict.problem, texts)
            st.button(texts("chat.retry"), key=f"keep-{verdict.id}", on_click=keep)
        elif verdict.given:
            key = "saved_comment" if verdict.is_bad and verdict.comment else "saved"
            _show_kept(verdict, texts(f"feedback.{key}", days=current().keep_feedback))


def _show_thumbs(
    name: Literal["helpful", "evidence"],
    verdict: ReaderVerdict,
    keep: Callable[[], None],
    texts: Texts,
    *,
    label_visibility: Literal["visible", "collapsed"] = "visible",
) -> None:
    st.pills(
        texts(f"feedback.{name}"),
        (True, False),
        default=getattr(verdict, name),
        format_func=lambda good: f"{_ICONS[good]} {texts(f'feedback.{_WORDS[name][good]}')}",
        key=verdict.key(name),
        on_change=keep,
        label_visibility=label_visibility,
        width="content",
    )


def _show_kept(verdict: ReaderVerdict, text: str) -> None:
    shown = facts_html(text, role="status")
    if verdict.just_given:
        verdict.just_given = False
        place = f".st-key-verdict-{verdict.id}"
        shown += into_view("bring_into_view", place=place, block="nearest")
    st.html(shown, unsafe_allow_javascript=True)


def _restore(verdict: ReaderVerdict, database: Database) -> None:
    """Reads the verdict that the store has; its error is shown once a verdict is given."""
    verdict.read = True
    try:
        given = store.find(database, verdict.id)
    except StrategiewijzerError:
        return
    if given is not None:
        verdict.helpful, verdict.evidence = given.helpful, given.evidence
        verdict.comment = given.comment


def _keep(
    answer: Answer,
    verdict: ReaderVerdict,
    *,
    history: Sequence[Turn],
    scope: Scope,
    database: Database,
) -> None:
    """Keeps what the reader chose and wrote, or forgets it when it was taken back."""
    state = st.session_state
    verdict.helpful = state.get(verdict.key("helpful"))
    verdict.evidence = state.get(verdict.key("evidence"), verdict.evidence)
    written = state.get(verdict.key("comment"), verdict.comment)
    verdict.comment = written.strip()[:MAX_COMMENT]
    verdict.just_given = True
    try:
        if verdict.given:
            given = Feedback.on(
                answer,
                id=verdict.id,
                helpful=verdict.helpful,
                evidence=verdict.evidence,
                comment=verdict.comment if verdict.is_bad else "",
                history=history,
                scope=scope,
            )
            store.save(database, given)
        else:
            store.remove(database, verdict.id)
        verdict.problem = ""
    except StrategiewijzerError as error:
        verdict.problem = str(error)
