"""The tab of prepared answers: what waits for one, what is approved, what is out of date."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.errors import DocumentError
from core.settings import Settings, current
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import AskedQuestion, PreparedAnswer
from ui import error_messages, markup
from ui.maintenance import answer_editor, approving
from ui.maintenance.answer_editor import AnswerEditor, EditorStart
from ui.maintenance.feedback_queue import comment_html
from ui.maintenance.job_list import PageContext
from ui.maintenance.question_groups import QuestionGroup, Wording, question_groups
from ui.markup import code, escape, facts_html, folded_html
from ui.paging import page_of
from ui.shared_assistant import usable_index
from ui.texts import Texts
from userdata.asked_questions import remove

_PAGE = 10


def show(context: PageContext) -> None:
    """Shows the queue, or the editor where an answer is being chosen."""
    settings, texts = context.settings, context.texts
    st.header(texts("maintenance.answers.heading"), anchor=False)
    index = usable_index()
    if index is None:
        st.info(texts("maintenance.answers.no_index"))
        return
    found = OwnQuestions(settings).overview()
    _show_done(found.broken, texts)
    if editing := answer_editor.opened():
        AnswerEditor(editing, index, context).show()
        return
    st.markdown(texts("maintenance.answers.explained"))
    with st.spinner(texts("maintenance.answers.grouping")):  # the first time in a process is long
        waiting = question_groups(settings)
        stale = approving.stale(found.approved, index)
    answers = {
        "approved": [answer for answer in found.approved if answer not in stale],
        "stale": stale,
    }
    numbers = {"waiting": len(waiting)} | {part: len(these) for part, these in answers.items()}
    choice = st.segmented_control(
        texts("maintenance.answers.part"),
        tuple(numbers),
        default="waiting",
        required=True,
        format_func=lambda part: texts(f"maintenance.answers.parts.{part}", number=numbers[part]),
        key="maintenance-answers-part",
    )
    if choice == "waiting":
        start = EditorStart("", settings.default_language)
        key = "maintenance-answers-another"
        context.button("maintenance.answers.another", key, answer_editor.begin, start)
        if not settings.keep_questions:
            st.html(facts_html(texts("maintenance.answers.not_kept")))
    if not numbers[choice]:
        is_short = choice == "waiting" and not settings.keep_questions
        lines = [texts(f"maintenance.answers.none.{'only_verdicts' if is_short else choice}")]
        if choice == "waiting":  # a verdict on such a message is nowhere here
            lines.append(texts("maintenance.answers.talk"))
        st.info(" ".join(lines))
        return
    in_use = {question.id for question in index.questions({key for key, _ in found.approved})}
    page = f"maintenance-answers-{choice}-page"
    place, shown = page_of(range(numbers[choice]), _PAGE, key=page)
    for number in shown:
        with place, st.container(border=True):
            if choice == "waiting":
                _waiting(waiting[number], context)
            else:
                key, answer = answers[choice][number]
                is_used = any(f"{key}:{question.id}" in in_use for question in answer.questions)
                _answered(choice, key, answer, context, is_used=is_used)


def _show_done(broken: Sequence[DocumentError], texts: Texts) -> None:
    """Says what was just done, and which files are in error and why."""
    if done := st.session_state.pop(answer_editor.DONE, ""):
        reach = st.session_state.pop(answer_editor.REACH, None)
        lines = answer_editor.reach_lines(reach, code, texts) if reach else ()
        st.success(" ".join((texts(f"maintenance.answers.done.{done}"), *lines)))
    for error in broken:
        message = texts("maintenance.answers.broken", name=code(markup.name(error.path)))
        error_messages.show_with_details(message, str(error), texts)


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
    also_asked = _also_asked_html(others, texts)
    comments = "".join(comment_html(verdict) for verdict in group.verdicts if verdict.comment)
    heading = f'<h3 class="sw-question">{escape(first.text)}</h3>'
    st.html(f"{heading}{facts_html(*facts)}{also_asked}{comments}")
    key = f"maintenance-answers-{first.language}-{first.text}"
    with st.container(horizontal=True):
        start = answer_editor.for_group(group)
        context.button("maintenance.answers.choose", f"{key}-choose", answer_editor.begin, start)
        name = "maintenance.answers.dismiss"
        context.button(name, f"{key}-dismiss", _dismiss, settings, group)
        if group.asked:
            _sure("erase", f"{key}-erase", context, _erase, settings, group)


def _answered(
    part: str, key: str, answer: PreparedAnswer, context: PageContext, *, is_used: bool
) -> None:
    """An answer that was approved, whether it is in use or out of date."""
    texts = context.texts
    waits = part == "approved" and not is_used
    first, *others = answer.questions
    approval = answer.approved
    by = (approval.organisation or approval.by, texts.date(approval.on)) if approval else ()
    facts = facts_html(texts("maintenance.answers.not_yet") if waits else "", key, *by)
    also_asked = _also_asked_html(others, texts)
    units = "".join(f"<p>{escape(unit)}</p>" for unit in answer.units)
    st.html(f'<h3 class="sw-question">{escape(first.text)}</h3>{facts}{also_asked}{units}')
    name = f"maintenance-answers-{key}-{answer.id}"
    with st.container(horizontal=True):
        if waits:
            label, busy = "maintenance.answers.publish", context.busy
            context.button(label, f"{name}-publish", _publish, key, primary=True, disabled=busy)
        label = f"maintenance.answers.{'anew' if part == 'stale' else 'change'}"
        start = answer_editor.for_answer(key, answer)
        context.button(label, f"{name}-change", answer_editor.begin, start)
        _sure("withdraw", f"{name}-withdraw", context, _withdraw, key, answer)


def _sure(
    label: str, key: str, context: PageContext, action: Callable[..., None], *args: object
) -> None:
    """A button that asks first whether to do what it says."""
    text = f"maintenance.answers.{label}"
    with st.popover(context.texts(text)):
        st.markdown(context.texts(f"{text}_sure"))
        context.button(text, key, action, *args, primary=True)


def _dismiss(settings: Settings, group: QuestionGroup) -> None:
    approving.close(settings, group)
    st.session_state[answer_editor.DONE] = "dismissed"


def _erase(settings: Settings, group: QuestionGroup) -> None:
    """Deletes what is kept of the questions, such as one that names somebody; verdicts stay."""
    for wording in group.wordings:
        remove(settings, wording.text, wording.language)
    st.session_state[answer_editor.DONE] = "erased"


def _withdraw(key: str, answer: PreparedAnswer) -> None:
    approving.withdraw(current(), key, answer)
    _publish(key, "withdrawn")


def _publish(key: str, done: str = "approved") -> None:
    """Takes what was decided of a document version into use."""
    begun = approving.publish([key])
    st.session_state[answer_editor.DONE] = done if begun else "later"


def _also_asked_html(others: Sequence[Wording | AskedQuestion], texts: Texts) -> str:
    """Other wordings of a question, folded, with by how many it was asked so, where that is known;
    nothing where none are."""
    if not others:
        return ""
    items = ""
    for other in others:
        times = f" ({other.times}×)" if isinstance(other, Wording) else ""
        items += f'<li lang="{escape(other.language)}">{escape(other.text)}{times}</li>'
    summary = escape(texts("maintenance.answers.also_asked", number=len(others)))
    return folded_html("sw-change", summary, f"<div><ul>{items}</ul></div>")
