"""The tab of prepared answers: what waits for one, what is approved, stale or proposed."""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

import streamlit as st

from core.settings import Settings, current
from ingest.publishing.changes import word_diff
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer
from people.feedback import Feedback
from ui import access
from ui.access import User
from ui.maintenance import answer_editor, approving
from ui.maintenance import job_list as work
from ui.maintenance.answer_editor import Opened
from ui.maintenance.approving import ChangedUnit, QuestionGroup, StaleAnswer, question_groups
from ui.markup import escape, facts_html, folded_html, page_of, table_html
from ui.shared_assistant import usable_index
from ui.texts import Texts
from vectorstore.snapshot import Snapshot

QueuePart = Literal["waiting", "approved", "stale", "proposed"]

_PAGE = 10
_CHOICE = "maintenance-answers-part"


class _Queue(NamedTuple):
    """All that the tab shows."""

    waiting: Sequence[QuestionGroup]
    approved: Sequence[tuple[str, PreparedAnswer]]
    stale: Sequence[StaleAnswer]
    proposed: Sequence[tuple[str, PreparedAnswer]]
    in_use: frozenset[str]  # ids of the questions of the documents with approved answers


def show(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """What waits, or the editor where an answer is being chosen; `busy`: a job runs.

    Raises:
        StrategiewijzerError: the index or what is kept cannot be read.
    """
    st.header(texts("maintenance.answers.heading"), anchor=False)
    index = usable_index()
    if index is None:
        st.info(texts("maintenance.answers.no_index"))
        return
    if done := st.session_state.pop(answer_editor.DONE, ""):
        st.success(texts(f"maintenance.answers.done.{done}"))
    if editing := answer_editor.opened():
        answer_editor.show(editing, index, settings, texts)
        return
    st.markdown(texts("maintenance.answers.explained"))
    with st.spinner(texts("maintenance.answers.grouping")):  # the first time in a process is long
        queue = _queue(settings, index)
    parts: Sequence[QueuePart] = ("waiting", "approved", "stale", "proposed")
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
        st.button(
            texts("maintenance.answers.another"),
            key="maintenance-answers-another",
            on_click=answer_editor.begin,
            args=(Opened("", settings.default_language),),
        )
        if not settings.keep_questions:
            st.html(facts_html(texts("maintenance.answers.not_kept")))
    found: Sequence[object] = getattr(queue, choice)
    if not found:
        is_short = choice == "waiting" and not settings.keep_questions
        told = [texts(f"maintenance.answers.none.{'only_verdicts' if is_short else choice}")]
        if choice == "waiting":  # a verdict on such a message is nowhere here
            told.append(texts("maintenance.answers.talk"))
        st.info(" ".join(told))
        return
    if choice == "proposed":
        _all_at_once(queue.proposed, settings, texts, busy=busy)
    place, shown = page_of(range(len(found)), _PAGE, key=f"maintenance-answers-{choice}-page")
    whole: dict[int, tuple[str, ...]] = {}
    if choice == "proposed":
        these = approving.whole_units([queue.proposed[number] for number in shown], index)
        whole = dict(zip(shown, these, strict=True))
    for number in shown:
        with place, st.container(border=True):
            if choice == "waiting":
                _waiting(queue.waiting[number], settings, texts)
            elif choice == "approved":
                _approved(*queue.approved[number], queue.in_use, settings, texts, busy=busy)
            elif choice == "stale":
                _stale(queue.stale[number], settings, texts)
            else:
                _proposed(*queue.proposed[number], whole[number], settings, texts)


def _queue(settings: Settings, index: Snapshot) -> _Queue:
    approved, proposed = OwnQuestions(settings).approved(), approving.proposed(settings)
    questions = index.questions({key for key, _ in approved})
    stale = approving.stale(approved, index)
    gone = {(one.key, one.answer.id) for one in stale}
    return _Queue(
        question_groups(settings),
        [(key, one) for key, one in approved if (key, one.id) not in gone],
        stale,
        [(key, one) for key, answers in proposed.items() for one in answers],
        frozenset(question.id for question in questions),
    )


def _waiting(group: QuestionGroup, settings: Settings, texts: Texts) -> None:
    """A question, how it was asked and what readers said; the way to its answer."""
    first, *others = group.wordings
    facts = [
        texts("maintenance.answers.refused") if group.refused else "",
        texts("maintenance.answers.asked", number=group.asked),
        texts("maintenance.answers.verdicts", number=len(group.verdicts)) if group.verdicts else "",
        texts.label("languages", first.language),
        texts.date(group.last),
    ]
    told = facts_html(*facts)
    if others:
        items = "".join(
            f'<li lang="{escape(one.language)}">{escape(one.text)} ({one.times}×)</li>'
            for one in others
        )
        summary = escape(texts("maintenance.answers.also_asked", number=len(others)))
        told += folded_html("sw-change", summary, f"<div><ul>{items}</ul></div>")
    told += "".join(_comment_html(one) for one in group.verdicts if one.comment)
    st.html(f'<h3 class="sw-question">{escape(first.text)}</h3>{told}')
    key = f"maintenance-answers-{first.language}-{first.text}"
    with st.container(horizontal=True):
        st.button(
            texts("maintenance.answers.choose"),
            key=f"{key}-choose",
            on_click=answer_editor.begin,
            args=(answer_editor.for_group(group),),
        )
        st.button(
            texts("maintenance.answers.dismiss"),
            key=f"{key}-dismiss",
            help=texts("maintenance.answers.dismiss_help"),
            on_click=_decide,
            args=(lambda user: approving.close(settings, user, group), "dismissed"),
        )
        if group.asked:
            _sure(
                "erase",
                f"{key}-erase",
                lambda user: approving.erase(settings, group),
                "erased",
                (),
                texts,
            )


def _comment_html(one: Feedback) -> str:
    return f'<p class="sw-note sw-comment">{escape(one.comment)}</p>'


def _approved(
    key: str,
    one: PreparedAnswer,
    known: Collection[str],
    settings: Settings,
    texts: Texts,
    *,
    busy: bool,
) -> None:
    in_use = any(f"{key}:{question.id}" in known for question in one.questions)
    state = "" if in_use else texts("maintenance.answers.not_yet")
    st.html(_answer_html(key, one, one.units, texts, state))
    name = f"maintenance-answers-{key}-{one.id}"
    with st.container(horizontal=True):
        if not in_use:
            _publish(key, name, settings, texts, busy=busy)
        st.button(
            texts("maintenance.answers.change"),
            key=f"{name}-change",
            on_click=answer_editor.begin,
            args=(answer_editor.for_answer(key, one),),
        )
        _withdraw(key, one, name, settings, texts)


def _stale(found: StaleAnswer, settings: Settings, texts: Texts) -> None:
    """What was approved beside what stands there now."""
    columns = [texts("maintenance.answers.was"), texts("maintenance.answers.is_now")]
    rows = [(_side_html(one, "gone", texts), _side_html(one, "new", texts)) for one in found.units]
    table = table_html(texts("maintenance.answers.compared"), columns, rows, hidden=True)
    st.html(f'{_heading_html(found.key, found.answer, texts)}<div class="sw-change">{table}</div>')
    name = f"maintenance-answers-stale-{found.key}-{found.answer.id}"
    units = [unit.now for unit in found.units if unit.now]
    with st.container(horizontal=True):
        st.button(
            texts("maintenance.answers.anew"),
            key=f"{name}-anew",
            help=texts("maintenance.answers.anew_help"),
            on_click=answer_editor.begin,
            args=(answer_editor.for_answer(found.key, found.answer, units),),
        )
        _withdraw(found.key, found.answer, name, settings, texts)


def _side_html(unit: ChangedUnit, side: Literal["gone", "new"], texts: Texts) -> str:
    """A unit as it was or is, with the words marked that the other side has not."""
    if side == "new" and not unit.now:
        return escape(texts("maintenance.answers.unit_gone"))
    mark, spoken = {"gone": "del", "new": "ins"}[side], escape(texts(f"maintenance.report.{side}"))
    return "".join(
        f'<{mark}><span class="sw-hidden">{spoken} </span>{escape(piece.text)}</{mark}>'
        if piece.kind == side
        else escape(piece.text)
        for piece in word_diff(unit.approved, unit.now)
        if piece.kind in ("same", side)
    )


def _proposed(
    key: str, one: PreparedAnswer, units: Sequence[str], settings: Settings, texts: Texts
) -> None:
    """A model's proposal, or what one maintainer approved and another must confirm."""
    user = access.user()
    by = texts("maintenance.answers.by_you") if approving.is_by(one, user) else ""
    by = by or texts("maintenance.answers.by_another") if one.approved else one.by
    st.html(_answer_html(key, one, units, texts, by))
    name = f"maintenance-answers-proposed-{key}-{one.id}"
    with st.container(horizontal=True):
        if one.approved:
            st.button(
                texts("maintenance.answers.confirm"),
                key=f"{name}-confirm",
                disabled=approving.is_by(one, user),
                help=texts("maintenance.answers.confirm_help"),
                on_click=_decide,
                args=(lambda user: approving.confirm(settings, user, key, one), "approved", [key]),
            )
        else:
            st.button(
                texts("maintenance.answers.accept"),
                key=f"{name}-accept",
                on_click=_decide,
                args=(lambda user: approving.accept(settings, user, key, [one]), "accepted"),
            )
        st.button(
            texts("maintenance.answers.refuse"),
            key=f"{name}-refuse",
            on_click=_decide,
            args=(lambda user: approving.refuse(settings, user, key, [one]), "refused"),
        )


def _all_at_once(
    found: Sequence[tuple[str, PreparedAnswer]], settings: Settings, texts: Texts, *, busy: bool
) -> None:
    """Takes or drops all that a model proposed for a document."""
    by_key: dict[str, list[PreparedAnswer]] = {}
    for key, one in found:
        if not one.approved:
            by_key.setdefault(key, []).append(one)
    for key, answers in by_key.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            _all_of_document(key, answers, settings, texts, busy=busy)


def _all_of_document(
    key: str, answers: Sequence[PreparedAnswer], settings: Settings, texts: Texts, *, busy: bool
) -> None:
    told = texts("maintenance.answers.of_document", number=len(answers), document=key)
    st.html(facts_html(told), width="content")
    st.button(
        texts("maintenance.answers.accept_all"),
        key=f"maintenance-answers-all-{key}",
        disabled=busy,
        help=texts("maintenance.answers.accept_all_help"),
        on_click=_decide,
        args=(lambda user: approving.accept(settings, user, key, answers), "taken", [key]),
    )
    _sure(
        "refuse_all",
        f"maintenance-answers-none-{key}",
        lambda user: approving.refuse(settings, user, key, answers),
        "refused",
        (),
        texts,
    )


def _withdraw(key: str, one: PreparedAnswer, name: str, settings: Settings, texts: Texts) -> None:
    _sure(
        "withdraw",
        f"{name}-withdraw",
        lambda user: approving.withdraw(settings, user, key, one),
        "withdrawn",
        (key,),
        texts,
    )


def _sure(
    label: str,
    name: str,
    what: Callable[[User], None],
    done: str,
    publish: Sequence[str],
    texts: Texts,
) -> None:
    """A button that asks again what to do, and then decides it (`_decide`)."""
    with st.popover(texts(f"maintenance.answers.{label}")):
        st.markdown(texts(f"maintenance.answers.{label}_sure"))
        st.button(
            texts(f"maintenance.answers.{label}"),
            key=name,
            type="primary",
            on_click=_decide,
            args=(what, done, publish),
        )


def _publish(key: str, name: str, settings: Settings, texts: Texts, *, busy: bool) -> None:
    st.button(
        texts("maintenance.answers.publish"),
        key=f"{name}-publish",
        type="primary",
        disabled=busy,
        on_click=_decide,
        args=(lambda user: None, "approved", [key]),
    )


def _decide(what: Callable[[User], None], done: str, publish: Sequence[str] = ()) -> None:
    """Decides something, and takes it into use where document versions (keys) are named."""
    with work.attempt():
        user = access.require("maintainer")
        what(user)
        begun = not publish or approving.publish(current(), user, publish)
        st.session_state[answer_editor.DONE] = done if begun else "later"


def _answer_html(
    key: str, one: PreparedAnswer, units: Sequence[str], texts: Texts, state: str
) -> str:
    """Questions, sentences, and by whom and when they were approved."""
    shown = "".join(f"<p>{escape(unit)}</p>" for unit in units)
    nothing = f"<p>{escape(texts('maintenance.answers.no_units'))}</p>"
    return f"{_heading_html(key, one, texts, state)}{shown or nothing}"


def _heading_html(key: str, one: PreparedAnswer, texts: Texts, state: str = "") -> str:
    first, *others = one.questions
    approval = one.approved
    by = (approval.organisation or approval.by, texts.date(approval.on)) if approval else ()
    items = "".join(
        f'<li lang="{escape(question.language)}">{escape(question.text)}</li>'
        for question in others
    )
    summary = escape(texts("maintenance.answers.also_asked", number=len(others)))
    folded = folded_html("sw-change", summary, f"<div><ul>{items}</ul></div>") if others else ""
    return f'<h3 class="sw-question">{escape(first.text)}</h3>{facts_html(state, key, *by)}{folded}'
