"""The tab of prepared answers and of verdicts: what waits, what is approved, stale or proposed."""

import csv
import datetime
import functools
import io
import json
from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

import streamlit as st

from core.answer_blocks import Marked, parse
from core.errors import DocumentError, as_path
from core.settings import Settings, current
from ingest.publishing.changes import word_diff
from ingest.publishing.own_questions import Overview, OwnQuestions
from ingest.reading.question_file import PreparedAnswer
from ui import access, error_messages, formats, markup, scripts
from ui.access import User, name_of, on_record
from ui.answers.answer_text import answer_html
from ui.corpus import describe_scope
from ui.maintenance import answer_editor, approving
from ui.maintenance import job_list as work
from ui.maintenance.answer_editor import EditorStart
from ui.maintenance.approving import ChangedUnit, QuestionGroup, StaleAnswer, question_groups
from ui.markup import code, escape, facts_html, folded_html, table_html
from ui.paging import page_of
from ui.shared_assistant import usable_index
from ui.texts import Texts
from userdata.database import database
from userdata.feedback import Feedback, handle, read, reopen
from vectorstore.store import Snapshot

QueuePart = Literal["waiting", "approved", "stale", "proposed"]

_PAGE = 10
_CHOICE = "maintenance-answers-part"
_ASIDE = "maintenance-answers-aside"  # where a file is that was just repaired


class _Queue(NamedTuple):
    """The entries of the tab."""

    waiting: Sequence[QuestionGroup]
    approved: Sequence[tuple[str, PreparedAnswer]]
    stale: Sequence[StaleAnswer]
    proposed: Sequence[tuple[str, PreparedAnswer]]
    in_use: frozenset[str]  # ids of the questions of the documents with approved answers


def show_answers(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """Shows the queue, or the editor where an answer is being chosen; `busy`: a job runs.

    Raises:
        StrategiewijzerError: the index or what is kept cannot be read.
    """
    st.header(texts("maintenance.answers.heading"), anchor=False)
    index = usable_index()
    if index is None:
        st.info(texts("maintenance.answers.no_index"))
        return
    found = OwnQuestions(settings).overview()
    _tell(found.broken, settings, texts)
    if editing := answer_editor.opened():
        answer_editor.show(editing, index, settings, texts)
        return
    st.markdown(texts("maintenance.answers.explained"))
    with st.spinner(texts("maintenance.answers.grouping")):  # the first time in a process is long
        queue = _queue(found, settings, index)
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
            args=(EditorStart("", settings.default_language),),
        )
        if not settings.keep_questions:
            st.html(facts_html(texts("maintenance.answers.not_kept")))
    entries: Sequence[object] = getattr(queue, choice)
    if not entries:
        is_short = choice == "waiting" and not settings.keep_questions
        told = [texts(f"maintenance.answers.none.{'only_verdicts' if is_short else choice}")]
        if choice == "waiting":  # a verdict on such a message is nowhere here
            told.append(texts("maintenance.answers.talk"))
        st.info(" ".join(told))
        return
    if choice == "proposed":
        _all_at_once(queue.proposed, settings, texts, busy=busy)
    place, shown = page_of(range(len(entries)), _PAGE, key=f"maintenance-answers-{choice}-page")
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


def _tell(broken: Sequence[DocumentError], settings: Settings, texts: Texts) -> None:
    """Says what was just done, and which files are in error."""
    if done := st.session_state.pop(answer_editor.DONE, ""):
        reach = st.session_state.pop(answer_editor.REACH, None)
        told = answer_editor.reach_told(reach, code, texts) if reach else ()
        st.success(" ".join((texts(f"maintenance.answers.done.{done}"), *told)))
    if aside := st.session_state.pop(_ASIDE, ""):
        st.success(texts("maintenance.answers.repaired", name=code(markup.name(aside))))
    for error in broken:
        _broken(error, settings, texts)


def _broken(error: DocumentError, settings: Settings, texts: Texts) -> None:
    """Says which file is in error and why, and offers to repair it."""
    name = code(markup.name(error.path))
    error_messages.show_with_details(
        texts("maintenance.answers.broken", name=name), str(error), texts
    )
    with st.popover(texts("maintenance.answers.repair")):
        st.markdown(texts("maintenance.answers.repair_sure"))
        st.button(
            texts("maintenance.answers.repair"),
            key=f"maintenance-answers-repair-{error.path}",
            type="primary",
            on_click=_repair,
            args=(settings, error),
        )


def _repair(settings: Settings, error: DocumentError) -> None:
    with work.attempt():
        access.require("maintainer")
        aside = OwnQuestions(settings).repair(as_path(error.path))
        st.session_state[_ASIDE] = str(aside or "")


def _queue(found: Overview, settings: Settings, index: Snapshot) -> _Queue:
    questions = index.questions({key for key, _ in found.approved})
    stale = approving.stale(found.approved, index)
    gone = {(one.key, one.answer.id) for one in stale}
    return _Queue(
        question_groups(settings),
        [(key, one) for key, one in found.approved if (key, one.id) not in gone],
        stale,
        found.proposed,
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
    """Shows what was approved beside the present text."""
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


# The queue of feedback: what readers found wrong, until a maintainer has dealt with it.


_VERDICTS = 10  # verdicts shown at once; each is longer than a row, with its question and answer
_CHOICES = ("open", "handled", "all")
_HELPFUL = {True: "helpful", False: "unhelpful"}
_EVIDENCE = {True: "evidence_good", False: "evidence_bad"}
_COLUMNS = (
    *("id", "date", "helpful", "evidence", "comment", "language", "question", "answer_text"),
    *("documents", "sections", "scope", "generation", "handled", "by"),
)


def show_feedback(settings: Settings, texts: Texts) -> None:
    """Verdicts that ask for something first; the newest first among them.

    Raises:
        StrategiewijzerError: they cannot be read.
    """
    st.header(texts("maintenance.feedback.heading"), anchor=False)
    st.markdown(texts("maintenance.feedback.explained"))
    given = read(database(settings))[::-1]
    counts = {choice: len(_chosen(given, choice)) for choice in _CHOICES}
    choice = st.segmented_control(
        texts("maintenance.feedback.filter"),
        _CHOICES,
        default="open",
        required=True,
        format_func=lambda one: texts(f"maintenance.feedback.{one}", number=counts[one]),
        key="maintenance-feedback-filter",
    )
    found = _chosen(given, choice)
    if not found:
        st.info(texts("maintenance.feedback.none"))
        return
    place, shown = page_of(found, _VERDICTS, key="maintenance-feedback-page")
    with place:
        for one in shown:
            _verdict(one, settings, texts)
    _export(found, texts)


def needs_attention(one: Feedback) -> bool:
    """Whether a reader found something wrong, or wrote something."""
    return one.found_wrong or bool(one.comment)


def _chosen(given: Sequence[Feedback], choice: str) -> list[Feedback]:
    if choice == "all":
        return sorted(given, key=lambda one: one.handled is not None or not needs_attention(one))
    if choice == "handled":
        return [one for one in given if one.handled is not None]
    return [one for one in given if one.handled is None and needs_attention(one)]


def _verdict(one: Feedback, settings: Settings, texts: Texts) -> None:
    with st.container(border=True):
        st.html(_verdict_html(one, texts))
        is_open = one.handled is None
        st.button(
            texts("maintenance.feedback.handle" if is_open else "maintenance.feedback.reopen"),
            key=f"maintenance-feedback-{one.id}",
            on_click=_handle if is_open else _reopen,
            args=(settings, one),
        )


def _verdict_html(one: Feedback, texts: Texts) -> str:
    """Question, comment and verdict; the answer and its sections can be unfolded."""
    facts = [
        "" if one.helpful is None else texts(f"maintenance.feedback.{_HELPFUL[one.helpful]}"),
        "" if one.evidence is None else texts(f"maintenance.feedback.{_EVIDENCE[one.evidence]}"),
        texts.date(formats.local(one.date).date()),
        texts.label("languages", one.language),
        one.generation,
        describe_scope(one.scope, texts),
    ]
    if one.handled is not None:
        moment = texts.date(formats.local(one.handled).date())
        facts.append(
            texts("maintenance.feedback.handled_on", date=moment, by=name_of(one.by)).strip()
        )
    comment = f'<p class="sw-note sw-comment">{escape(one.comment)}</p>' if one.comment else ""
    summary = escape(texts("maintenance.feedback.answer"))
    cited = escape(texts("maintenance.feedback.cited"))
    items = "".join(f"<li>{escape(section)}</li>" for section in one.sections)
    sections = f'<h4 class="sw-small">{cited}</h4><ul>{items}</ul>' if items else ""
    answer = answer_html(parse(Marked(one.answer_text)), language=one.answer_language, level=4)
    answer += "".join(answer_html(parse(Marked(text)), level=4) for text in one.more)
    return (
        f'<h3 class="sw-question">{escape(one.question)}</h3>'
        + facts_html(*facts)
        + comment
        + folded_html("sw-change", summary, f"<div>{answer}{sections}</div>")
    )


def _handle(settings: Settings, given: Feedback) -> None:
    with work.attempt():
        handle(database(settings), given, on_record(access.require("maintainer")))


def _reopen(settings: Settings, given: Feedback) -> None:
    with work.attempt():
        access.require("maintainer")
        reopen(database(settings), given)


def _export(found: Sequence[Feedback], texts: Texts) -> None:
    """Offers the chosen entries as a file."""
    with st.container(horizontal=True):
        for kind, written in (("csv", functools.partial(_csv, texts=texts)), ("json", _json)):
            scripts.offer_download(
                texts("maintenance.feedback.export", kind=kind.upper()),
                functools.partial(written, found),
                name=f"feedback.{kind}",
                key=f"maintenance-feedback-{kind}",
            )


def _json(found: Sequence[Feedback]) -> str:
    return json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False, indent=2)


def _csv(found: Sequence[Feedback], texts: Texts) -> str:
    """A table in which no text is taken for a formula by the program that opens it, and times are
    the reader's."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for one in found:
        values = one.model_dump(mode="json", include=set(_COLUMNS))
        limits = one.scope.model_dump(mode="json", exclude_defaults=True)
        values["scope"] = json.dumps(limits, ensure_ascii=False) if limits else ""
        values |= {"date": _time(one.date, texts), "handled": _time(one.handled, texts)}
        table.writerow([_cell(values[name]) for name in _COLUMNS])
    return text.getvalue()


def _time(moment: datetime.datetime | None, texts: Texts) -> str:
    """A moment that sorts as text, with the time zone: "2026-11-24 17:08:57 CET"."""
    if moment is None:
        return ""
    return f"{formats.local(moment):%Y-%m-%d %H:%M:%S} {formats.zone_name(moment, texts.language)}"


def _cell(value: object) -> str:
    told = (
        "\n".join(map(str, value))
        if isinstance(value, list)
        else str(value if value is not None else "")
    )
    return f"'{told}" if told.startswith(("=", "+", "-", "@", "\t", "\r")) else told
