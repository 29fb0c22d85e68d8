"""Under each answer: was it useful, and if not, do its sources support it and what is wrong?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.answer import Answer, Turn
from core.errors import StrategiewijzerError
from core.settings import current
from core.source import Scope
from ui import error_messages
from ui.markup import facts_html
from ui.scripts import into_view
from ui.texts import Texts
from userdata import feedback as store
from userdata.database import database
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

    What was given in an earlier session is read from the store when it is first shown.
    """

    id: str  # in the store
    helpful: bool | None = None
    evidence: bool | None = None
    comment: str = ""  # as last saved, also while no thumb is down and it does not count
    problem: str = ""  # why the last change could not be kept
    just_given: bool = False  # since the page last showed it
    read: bool = False  # from the store

    @property
    def given(self) -> bool:
        return self.helpful is not None or self.evidence is not None

    @property
    def is_bad(self) -> bool:
        return False in (self.helpful, self.evidence)

    def key(self, name: str) -> str:
        """The session keys of "helpful", "evidence" and "comment"."""
        return f"{name}-{self.id}"


@dataclass(frozen=True)
class VerdictForm:
    """The form for a verdict on an answer."""

    answer: Answer
    verdict: ReaderVerdict
    history: Sequence[Turn]  # that the answer was given after
    scope: Scope  # of its search
    texts: Texts

    def show(self) -> None:
        """Two thumbs for the answer."""
        if not self.verdict.read:
            self._restore()
        self._show_thumbs("helpful")

    def show_more(self) -> None:
        """That a verdict was kept; where the thumb is down two for the evidence and room for a
        comment. A verdict on the evidence that was given without that is shown as well.
        """
        verdict, texts = self.verdict, self.texts
        with st.container(key=f"verdict-{verdict.id}"):
            judged = verdict.is_bad or verdict.evidence is not None
            if self.answer.is_sourced and self.answer.citations and judged:
                self._show_thumbs("evidence")
            if verdict.is_bad:
                with st.form(f"form-{verdict.id}", border=False, enter_to_submit=False):
                    st.text_area(
                        texts("feedback.comment"),
                        verdict.comment,
                        height="content",
                        max_chars=MAX_COMMENT,
                        key=verdict.key("comment"),
                    )
                    st.form_submit_button(texts("feedback.save"), on_click=self._keep)
            if verdict.problem:
                lead = texts("errors.feedback")
                error_messages.show_with_details(lead, verdict.problem, texts)
                st.button(texts("chat.retry"), key=f"keep-{verdict.id}", on_click=self._keep)
            elif verdict.given:
                key = "saved_comment" if verdict.is_bad and verdict.comment else "saved"
                kept = texts(f"feedback.{key}", days=current().keep_feedback)
                shown = facts_html(kept, role="status")
                if verdict.just_given:
                    verdict.just_given = False
                    place = f".st-key-verdict-{verdict.id}"
                    shown += into_view("bring_into_view", place=place, block="nearest")
                st.html(shown, unsafe_allow_javascript=True)

    def _show_thumbs(self, name: Literal["helpful", "evidence"]) -> None:
        st.pills(
            self.texts(f"feedback.{name}"),
            (True, False),
            default=getattr(self.verdict, name),
            format_func=lambda good: (
                f"{_ICONS[good]} {self.texts(f'feedback.{_WORDS[name][good]}')}"
            ),
            key=self.verdict.key(name),
            on_change=self._keep,
            label_visibility="collapsed" if name == "helpful" else "visible",
            width="content",
        )

    def _restore(self) -> None:
        """Reads the verdict that the store has; its error is shown once a verdict is given."""
        verdict = self.verdict
        verdict.read = True
        try:
            given = store.find(database(current()), verdict.id)
        except StrategiewijzerError:
            return
        if given is not None:
            verdict.helpful, verdict.evidence = given.helpful, given.evidence
            verdict.comment = given.comment

    def _keep(self) -> None:
        """Keeps what the reader chose and wrote, or forgets it when it was taken back."""
        verdict, state = self.verdict, st.session_state
        verdict.helpful = state.get(verdict.key("helpful"))
        verdict.evidence = state.get(verdict.key("evidence"), verdict.evidence)
        written = state.get(verdict.key("comment"), verdict.comment)
        verdict.comment = written.strip()[:MAX_COMMENT]
        verdict.just_given = True
        try:
            kept_in = database(current())
            if verdict.given:
                given = Feedback.on(
                    self.answer,
                    id=verdict.id,
                    helpful=verdict.helpful,
                    evidence=verdict.evidence,
                    comment=verdict.comment if verdict.is_bad else "",
                    history=self.history,
                    scope=self.scope,
                )
                store.save(kept_in, given)
            else:
                store.remove(kept_in, verdict.id)
            verdict.problem = ""
        except StrategiewijzerError as error:
            verdict.problem = str(error)
