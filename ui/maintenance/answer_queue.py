"""The tab of prepared answers: what waits for one, what is approved, what is out of date."""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

import streamlit as st

from core.errors import DocumentError
from core.settings import Settings, current
from ingest.publishing.changes import word_diff
from ingest.publishing.own_questions import Overview, OwnQuestions
from ingest.reading.question_file import AskedQuestion, PreparedAnswer
from ui import access, error_messages, markup
from ui.access import User
from ui.maintenance import answer_editor, approving
from ui.maintenance.answer_editor import EditorStart
from ui.maintenance.approving import ChangedUnit, StaleAnswer
from ui.maintenance.change_html import piece_html
from ui.maintenance.feedback_queue import comment_html
from ui.maintenance.page_context import PageContext
from ui.maintenance.question_groups import QuestionGroup, Wording, question_groups
from ui.markup import code, escape, facts_html, folded_html, table_html
from ui.paging import page_of
from ui.shared_assistant import usable_index
from ui.texts import Texts
from vectorstore.store import Snapshot

QueuePart = Literal["waiting", "approved", "stale"]

_PAGE = 10
_CHOICE = "maintenance-answers-part"


class _Queue(NamedTuple):
    """The entries of the tab."""

    waiting: Sequence[QuestionGroup]
    approved: Sequence[tuple[str, PreparedAnswer]]
    stale: Sequence[StaleAnswer]
    in_use: frozenset[str]  # ids of the questions of the documents with approved answers


def show(context: PageContext) -> None:
    """Shows the queue, or the editor where an answer is being chosen.

    Raises:
        StrategiewijzerError: the index or what is kept cannot be read.
    """
    settings, texts = context.settings, context.texts
    st.header(texts("maintenance.answers.heading"), anchor=False)
    index = usable_index()
    if index is None:
        st.info(texts("maintenance.answers.no_index"))
        return
    found = OwnQuestions(settings).overview()
    _show_done(found.broken, context)
    if editing := answer_editor.opened():
        answer_editor.show(editing, index, context)
        return
    st.markdown(texts("maintenance.answers.explained"))
    with st.spinner(texts("maintenance.answers.grouping")):  # the first time in a process is long
        queue = _queue(found, settings, index)
    parts: Sequence[QueuePart] = ("waiting", "approved", "stale")
    choice: QueuePart = st.segmented_control(
        texts("maintenance.answers.part"),
        parts,
        default="waiting",
        required=True,
        format_func=lambda part: texts(
            f"maintenance.answers.parts.{part}", number=len(getattr(queue, part))
        ),
        key=_CHOICE,
    )
    if choice == "waiting":
        start = EditorStart("", settings.default_language)
        key = "maintenance-answers-another"
        context.button("maintenance.answers.another", key, answer_editor.begin, start)
        if not settings.keep_questions:
            st.html(facts_html(texts("maintenance.answers.not_kept")))
    entries: Sequence[object] = getattr(queue, choice)
    if not entries:
        is_short = choice == "waiting" and not settings.keep_questions
        lines = [texts(f"maintenance.answers.none.{'only_verdicts' if is_short else choice}")]
        if choice == "waiting":  # a verdict on such a message is nowhere here
            lines.append(texts("maintenance.answers.talk"))
        st.info(" ".join(lines))
        return
    place, shown = page_of(range(len(entries)), _PAGE, key=f"maintenance-answers-{choice}-page")
    for number in shown:
        with place, st.container(border=True):
            if choice == "waiting":
                _waiting(queue.waiting[number], context)
            elif choice == "approved":
                _approved(*queue.approved[number], queue.in_use, context)
            else:
                _stale(queue.stale[number], context)


def _show_done(broken: Sequence[DocumentError], context: PageContext) -> None:
    """Says what was just done, and which files are in error."""
    texts = context.texts
    if done := st.session_state.pop(answer_editor.DONE, ""):
        reach = st.session_state.pop(answer_editor.REACH, None)
        lines = answer_editor.reach_lines(reach, code, texts) if reach else ()
        st.success(" ".join((texts(f"maintenance.answers.done.{done}"), *lines)))
    for error in broken:
        name = code(markup.name(error.path))
        summary = texts("maintenance.answers.broken", name=name)
        error_messages.show_with_details(summary, str(error), texts)


def _queue(found: Overview, settings: Settings, index: Snapshot) -> _Queue:
    questions = index.questions({key for key, _ in found.approved})
    stale = approving.stale(found.approved, index)
    gone = {(answer.key, answer.answer.id) for answer in stale}
    return _Queue(
        question_groups(settings),
        [(key, answer) for key, answer in found.approved if (key, answer.id) not in gone],
        stale,
        frozenset(question.id for question in questions),
    )


def _waiting(group: QuestionGroup, context: PageContext) -> None:
    """A question, how it was asked and what readers said; the way to its answer."""
    settings, texts = context.settings, context.texts
    first, *others = group.wordings
    facts = [
        texts("maintenance.answers.refused") if group.refused else "",
        texts("maintenance.answers.asked", number=group.asked),
        texts("maintenance.answers.verdicts", number=len(group.verdicts)) if group.verdicts else "",
        texts.label("languages", first.language),
        texts.date(group.last),
    ]
    also_asked = _also_asked_html(others, [f" ({other.times}×)" for other in others], texts)
    comments = "".join(comment_html(verdict) for verdict in group.verdicts if verdict.comment)
    heading = f'<h3 class="sw-question">{escape(first.text)}</h3>'
    st.html(f"{heading}{facts_html(*facts)}{also_asked}{comments}")
    key = f"maintenance-answers-{first.language}-{first.text}"
    with st.container(horizontal=True):
        start = answer_editor.for_group(group)
        context.button("maintenance.answers.choose", f"{key}-choose", answer_editor.begin, start)
        context.button(
            "maintenance.answers.dismiss",
            f"{key}-dismiss",
            _decide,
            lambda user: approving.close(settings, user, group),
            "dismissed",
        )
        if group.asked:

            def erase(_: User) -> None:
                approving.erase(settings, group)

            _sure("erase", f"{key}-erase", context, _decide, erase, "erased")


def _approved(
    key: str, answer: PreparedAnswer, known: Collection[str], context: PageContext
) -> None:
    texts = context.texts
    in_use = any(f"{key}:{question.id}" in known for question in answer.questions)
    state = "" if in_use else texts("maintenance.answers.not_yet")
    st.html(_answer_html(key, answer, answer.units, texts, state))
    name = f"maintenance-answers-{key}-{answer.id}"
    with st.container(horizontal=True):
        if not in_use:
            context.button(
                "maintenance.answers.publish",
                f"{name}-publish",
                _decide,
                lambda user: None,
                "approved",
                [key],
                primary=True,
                disabled=context.busy,
            )
        start = answer_editor.for_answer(key, answer)
        context.button("maintenance.answers.change", f"{name}-change", answer_editor.begin, start)
        _withdraw(key, answer, name, context)


def _stale(found: StaleAnswer, context: PageContext) -> None:
    """Shows what was approved beside the present text."""
    texts = context.texts
    columns = [texts("maintenance.answers.was"), texts("maintenance.answers.is_now")]
    rows = [
        (_side_html(unit, "gone", texts), _side_html(unit, "new", texts)) for unit in found.units
    ]
    table = table_html(texts("maintenance.answers.compared"), columns, rows, hidden=True)
    st.html(f'{_heading_html(found.key, found.answer, texts)}<div class="sw-change">{table}</div>')
    name = f"maintenance-answers-stale-{found.key}-{found.answer.id}"
    units = [unit.now for unit in found.units if unit.now]
    with st.container(horizontal=True):
        start = answer_editor.for_answer(found.key, found.answer, units)
        context.button("maintenance.answers.anew", f"{name}-anew", answer_editor.begin, start)
        _withdraw(found.key, found.answer, name, context)


def _side_html(unit: ChangedUnit, side: Literal["gone", "new"], texts: Texts) -> str:
    """A unit as it was or is, with the words marked that the other side has not."""
    if side == "new" and not unit.now:
        return escape(texts("maintenance.answers.unit_gone"))
    pieces = word_diff(unit.approved, unit.now)
    return "".join(piece_html(piece, texts) for piece in pieces if piece.kind in ("same", side))


def _withdraw(key: str, answer: PreparedAnswer, name: str, context: PageContext) -> None:
    def withdraw(user: User) -> None:
        approving.withdraw(context.settings, user, key, answer)

    _sure("withdraw", f"{name}-withdraw", context, _decide, withdraw, "withdrawn", [key])


def _sure(
    label: str, key: str, context: PageContext, action: Callable[..., None], *args: object
) -> None:
    """A button that asks first whether to do what it says."""
    text = f"maintenance.answers.{label}"
    with st.popover(context.texts(text)):
        st.markdown(context.texts(f"{text}_sure"))
        context.button(text, key, action, *args, primary=True)


def _decide(what: Callable[[User], None], done: str, publish: Sequence[str] = ()) -> None:
    """Decides something, and takes it into use where document versions (keys) are named."""
    user = access.user()
    what(user)
    begun = not publish or approving.publish(current(), user, publish)
    st.session_state[answer_editor.DONE] = done if begun else "later"


def _answer_html(
    key: str, answer: PreparedAnswer, units: Sequence[str], texts: Texts, state: str
) -> str:
    """Questions, sentences, and by whom and when they were approved."""
    shown = "".join(f"<p>{escape(unit)}</p>" for unit in units)
    nothing = f"<p>{escape(texts('maintenance.answers.no_units'))}</p>"
    return f"{_heading_html(key, answer, texts, state)}{shown or nothing}"


def _heading_html(key: str, answer: PreparedAnswer, texts: Texts, state: str = "") -> str:
    first, *others = answer.questions
    approval = answer.approved
    by = (approval.organisation or approval.by, texts.date(approval.on)) if approval else ()
    also_asked = _also_asked_html(others, [""] * len(others), texts)
    facts = facts_html(state, key, *by)
    return f'<h3 class="sw-question">{escape(first.text)}</h3>{facts}{also_asked}'


def _also_asked_html(
    others: Sequence[Wording | AskedQuestion], notes: Sequence[str], texts: Texts
) -> str:
    """Other wordings of a question, folded, each with a note behind it; nothing where none are."""
    if not others:
        return ""
    items = "".join(
        f'<li lang="{escape(other.language)}">{escape(other.text)}{note}</li>'
        for other, note in zip(others, notes, strict=True)
    )
    summary = escape(texts("maintenance.answers.also_asked", number=len(others)))
    return folded_html("sw-change", summary, f"<div><ul>{items}</ul></div>")
