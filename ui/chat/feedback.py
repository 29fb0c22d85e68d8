"""Under each answer: was it useful, and if not, what is wrong with it?"""

import functools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core import feedback as store
from core.errors import StrategiewijzerError
from core.feedback import Feedback
from core.types import Answer, Turn
from ui.markup import code, escape
from ui.texts import Texts

# When a page that is at its end grows, Streamlit scrolls on to the new end, which takes a moment.
# This brings what the reader clicked back into view. Only our own id goes in here.
STAY_IN_VIEW = """<script>
{{ // a block, since all scripts of a page share their names
  let times = 5;
  const timer = setInterval(() => {{
    document.querySelector(".st-key-verdict-{id}")?.scrollIntoView({{block: "nearest"}});
    if (--times === 0) clearInterval(timer);
  }}, 200);
}}
</script>"""
MAX_COMMENT = 1000  # characters
_DOWN = 0  # what `st.feedback` calls it


@dataclass
class Verdict:
    """A reader's verdict on one answer, as far as the page has to remember it.

    `comment` is what was last saved, also while the thumb is up and it does not count. `problem` is
    why the last change could not be kept, and `just_given` that it was made since the page last
    showed it.
    """

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    comment: str = ""
    problem: str = ""
    just_given: bool = False

    @property
    def thumbs_key(self) -> str:
        return f"thumbs-{self.id}"

    @property
    def comment_key(self) -> str:
        return f"comment-{self.id}"


@st.fragment  # a verdict neither runs the whole page nor interrupts an answer in the making
def show(
    answer: Answer,
    verdict: Verdict,
    *,
    history: Sequence[Turn],
    areas: Sequence[str],
    data_dir: Path,
    texts: Texts,
) -> None:
    """Two thumbs; under a thumb that is down, room for a comment; then what became of it."""
    keep = functools.partial(
        _keep, answer, verdict, history=history, areas=areas, data_dir=data_dir
    )
    with st.container(key=f"verdict-{verdict.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            question = escape(texts("feedback.question"))
            st.html(f'<p class="sw-facts">{question}</p>', width="content")
            thumb = st.feedback("thumbs", key=verdict.thumbs_key, on_change=keep)
        if thumb == _DOWN:
            with st.form(f"form-{verdict.id}", border=False, enter_to_submit=False):
                st.text_area(
                    texts("feedback.comment"),
                    verdict.comment,
                    height="content",
                    max_chars=MAX_COMMENT,
                    key=verdict.comment_key,
                )
                st.form_submit_button(texts("feedback.save"), on_click=keep)
        if verdict.problem:
            st.error(f"{texts('errors.feedback')}\n\n{code(verdict.problem)}")
            st.button(texts("chat.retry"), key=f"keep-{verdict.id}", on_click=keep)
        elif thumb is not None:
            with_comment = thumb == _DOWN and verdict.comment
            _show_kept(
                verdict, texts("feedback.saved_comment" if with_comment else "feedback.saved")
            )


def _show_kept(verdict: Verdict, text: str) -> None:
    shown = f'<p class="sw-facts" role="status">{escape(text)}</p>'
    if verdict.just_given:
        verdict.just_given = False
        shown += STAY_IN_VIEW.format(id=verdict.id)
    st.html(shown, unsafe_allow_javascript=True)


def _keep(
    answer: Answer,
    verdict: Verdict,
    *,
    history: Sequence[Turn],
    areas: Sequence[str],
    data_dir: Path,
) -> None:
    """Keeps what the reader chose and wrote, or forgets it when it was taken back."""
    thumb = st.session_state[verdict.thumbs_key]
    written = st.session_state.get(verdict.comment_key, verdict.comment)
    verdict.comment = written.strip()[:MAX_COMMENT]
    verdict.just_given = True
    try:
        if thumb is None:
            store.remove(data_dir, verdict.id)
        else:
            given = Feedback.on(
                answer,
                id=verdict.id,
                helpful=thumb != _DOWN,
                comment=verdict.comment if thumb == _DOWN else "",
                history=history,
                areas=areas,
            )
            store.save(data_dir, given)
        verdict.problem = ""
    except StrategiewijzerError as error:
        verdict.problem = str(error)
