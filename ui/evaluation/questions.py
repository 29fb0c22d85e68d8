"""The questions of a run: the list with its filters, and one with its answers, then and now."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import get_args

import streamlit as st

from eval.comparison import DIRECTIONS, Comparison, Direction
from eval.dataset import RunPart
from eval.question_results import QuestionResult, in_quotes
from eval.rates import reported
from language.words import fold
from ui.evaluation.kept_runs import KeptRun, read, when
from ui.markup import code, escape, facts_html, table_html
from ui.paging import page_of
from ui.texts import Texts

PAGE = 20  # questions; all of a run would be sent to the browser at every click
MARKS: Mapping[Direction, str] = {"worse": "▼", "better": "▲", "different": "◆"}
_NAMES = {  # of the values of a filter
    "language": "languages",
    "outcome": "evaluation.outcomes",
    "cause": "evaluation.causes",
    "moved": "evaluation.directions",
}
_Values = Callable[[QuestionResult], Iterable[str]]


def show_questions(
    results: Sequence[QuestionResult], comparison: Comparison | None, texts: Texts
) -> None:
    """Filters, and a list to choose from, the worst answers first.

    Held-out questions count in the figures of the run, and are not shown: whoever sees how they
    are answered could no longer measure with them.
    """
    counted = reported(results)
    wrong = sum(result.wrong for result in counted)
    st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.questions.heading"))}</h2>')
    st.html(facts_html(texts("evaluation.wrong.offer", wrong=wrong, all=len(counted))))
    part = _of_part([result for result in results if not result.held_out], texts)
    moves = {move.now.id: move.direction for move in comparison.moves} if comparison else {}
    shown = sorted(_filtered(part, moves, texts), key=functools.partial(_place, moves))
    count = texts("evaluation.questions.count", number=len(shown), total=len(part))
    hidden = sum(result.held_out for result in results)
    held_out = texts("evaluation.questions.held_out", number=hidden) if hidden else ""
    st.html(facts_html(f"{count} {held_out}", role="status"))
    if not shown:
        st.info(texts("evaluation.questions.none"))
        return
    st.html(facts_html(texts("evaluation.wrong.order")))
    place, on_page = page_of(shown, PAGE, key="evaluation-page")
    for row, result in enumerate(on_page):
        with place.container(border=True, gap=None):
            st.button(
                code(result.question),  # a label is Markdown: as code it stays data
                key=f"plain-question-{row}",
                type="tertiary",
                on_click=_open,
                args=(result.id,),
            )
            st.html(_row_html(result, moves.get(result.id), texts))


def _of_part(results: Sequence[QuestionResult], texts: Texts) -> Sequence[QuestionResult]:
    """The results of one part of a run: its questions, conversations or messages, which are
    counted apart."""
    counts = Counter(result.part for result in results)
    if len(counts) < 2:
        return results
    parts: list[RunPart] = [part for part in get_args(RunPart) if part in counts]
    chosen = st.segmented_control(
        texts("evaluation.part"),
        parts,
        default=parts[0],
        required=True,
        format_func=lambda part: texts(f"evaluation.figures_of.{part}", n=counts[part]),
        label_visibility="collapsed",
        key="evaluation-part",
        persist_state="session",
    )
    return [result for result in results if result.part == chosen]


def _filtered(
    results: Sequence[QuestionResult], moves: Mapping[str, Direction], texts: Texts
) -> list[QuestionResult]:
    """The questions that the reader's filters leave."""
    words = st.text_input(
        texts("evaluation.questions.search"),
        placeholder=texts("evaluation.questions.search"),
        label_visibility="collapsed",
        type="search",
        key="evaluation-words",
        persist_state="session",
        live=True,
    )
    only_wrong = st.toggle(
        texts("evaluation.wrong.heading"), key="evaluation-wrong", persist_state="session"
    )
    filters: dict[str, _Values] = {
        "language": lambda result: (result.language,),
        "outcome": lambda result: (result.outcome,),
        "cause": lambda result: (result.cause,) if result.cause else (),
        "moved": lambda result: (moves[result.id],) if result.id in moves else (),
    }
    searched = fold(words).split()
    left = [
        result
        for result in results
        if (result.wrong or not only_wrong)
        and all(word in fold(f"{result.id} {result.question}") for word in searched)
    ]
    columns = st.columns(len(filters))
    for column, (name, values) in zip(columns, filters.items(), strict=True):
        wanted = column.multiselect(
            texts(f"evaluation.questions.{name}"),
            sorted({value for result in results for value in values(result)}),
            format_func=functools.partial(texts.label, _NAMES[name]),
            placeholder=texts("evaluation.questions.all"),
            key=f"evaluation-filter-{name}",
            persist_state="session",
            select_all=False,
        )
        left = [result for result in left if not wanted or set(wanted) & set(values(result))]
    return left


def _place(moves: Mapping[str, Direction], result: QuestionResult) -> tuple[object, ...]:
    """Sort key: wrong answers first, of these what misleads, then what must not be said, then what
    was not answered; then what became worse and what else moved."""
    move = moves.get(result.id)
    return (
        not result.wrong,
        not result.misleads,
        not (result.forbidden_said or result.misquoted),
        result.is_sourced,
        DIRECTIONS.index(move) if move else len(DIRECTIONS),
        result.cause is None,
    )


def _open(name: str) -> None:
    """Shows a question: the address names it."""
    st.query_params["question"] = name


def _close() -> None:
    st.query_params.pop("question", None)


def _row_html(result: QuestionResult, move: Direction | None, texts: Texts) -> str:
    facts = [
        result.id,
        texts.label("languages", result.language),
        texts.label("evaluation.outcomes", result.outcome),
        _verdict(result, texts),
    ]
    if move:
        facts.append(f"{MARKS[move]}\N{NO-BREAK SPACE}{texts.label('evaluation.directions', move)}")
    return facts_html(*facts)


def _verdict(result: QuestionResult, texts: Texts) -> str:
    """Why an answer is wrong, or what its form lacks, in plain words: the first reason where there
    are several; empty where it lacks nothing."""
    match result.cause:
        case None:
            return ""
        case "forbidden":
            return texts("evaluation.why.forbidden", said=in_quotes(result.forbidden_said))
        case "wrong citation":
            return texts("evaluation.why.citation", said=in_quotes(_unsupported(result)[:1]))
        case "message":
            kind = "message" if result.is_message else "taken_for_message"
            return texts(f"evaluation.why.{kind}")
        case "should have been refused":
            return texts("evaluation.why.unanswerable")
        case "language":
            is_in = texts.label("languages", result.text_language) or "?"
            may_be = ", ".join(texts.label("languages", code) for code in result.languages)
            return texts("evaluation.why.language", is_in=is_in, may_be=may_be)
        case "misleading":
            key = str(result.misleading).replace(" ", "_")
            return texts(f"evaluation.why.{key}", said=in_quotes(result.in_bold))
        case "cut list" | "loose end" | "buried":
            return texts.label("evaluation.meanings", result.cause)
        case _:
            return " ".join(_lacking(result, texts))


def _lacking(result: QuestionResult, texts: Texts) -> Iterable[str]:
    """What is not told, and whether the search found it."""
    missing, found = len(result.facts_missing), len(result.facts_found)
    if not result.is_sourced:
        yield texts("evaluation.why.refused")
    elif not found:
        yield texts("evaluation.why.no_fact")
    else:
        yield texts("evaluation.why.some_facts", missing=missing, all=missing + found)
    if result.judged:
        yield texts(f"evaluation.why.{'not_found' if result.rank is None else 'found'}")


def _unsupported(result: QuestionResult) -> Sequence[str]:
    rejected = [verdict.text for verdict in result.verdicts if not verdict.supported]
    return (*result.inexact_quotes, *rejected, *result.unsupported)


def show_one_question(run: KeptRun, other: KeptRun | None, name: str, texts: Texts) -> None:
    """The question with this id, with its answers in the run and in the one compared with."""
    st.button(f"← {texts('evaluation.question.all')}", on_click=_close)
    result = _find(run, name)
    if result is None:
        st.warning(f"{texts('evaluation.question.unknown')} {code(name)}")
        return
    if result.held_out:
        st.info(texts("evaluation.question.held_out"))
        return
    before = _find(other, name) if other is not None else None
    if before is not None and before.question != result.question:
        before = None  # another question with the same id
    st.html(_question_html(result, texts) + _expected_html(result, before, texts))
    if other is None or before is None:
        st.html(_answer_html("run", run, result, texts))
        return
    if (before.text, before.more) == (result.text, result.more):
        st.html(facts_html(texts("evaluation.diff.same")))
    left, right = st.columns(2)
    left.html(_answer_html("compared", other, before, texts))
    right.html(_answer_html("run", run, result, texts))


def _find(run: KeptRun, name: str) -> QuestionResult | None:
    return next((result for result in read(run.folder).questions if result.id == name), None)


def _question_html(result: QuestionResult, texts: Texts) -> str:
    """The question, what it is about, and what was said before it."""
    language = escape(result.language)
    facts = facts_html(
        result.id,
        texts.label("languages", result.language),
        texts.label("evaluation.kinds", result.kind),
        texts.label("evaluation.challenges", result.challenge) if result.challenge else "",
        ", ".join(result.documents),
    )
    earlier = (
        f'<span lang="{language}">{escape(turn.question)}<br>{escape(turn.answer_text)}</span>'
        for turn in result.history
    )
    heading = f'<h2 class="sw-heading" lang="{language}">{escape(result.question)}</h2>'
    return heading + facts + _list_html("history", earlier, texts, level=3)


def _expected_html(result: QuestionResult, before: QuestionResult | None, texts: Texts) -> str:
    """The facts that a good answer has, and in which run they were found."""
    facts = (*result.facts_found, *result.facts_missing)
    if not facts:
        key = "no_message" if result.is_message else "no_facts"
        return f'<p class="sw-note">{escape(texts(f"evaluation.question.{key}"))}</p>'
    sides = {"compared": before, "run": result} if before is not None else {"run": result}
    columns = [texts("evaluation.question.fact")]
    columns += [texts(f"evaluation.choose.{side}") for side in sides]
    rows = []
    for fact in facts:
        found = [side.answered and fact in side.facts_found for side in sides.values()]
        marks = (texts(f"evaluation.question.{'found' if is_in else 'absent'}") for is_in in found)
        rows.append([escape(" / ".join(fact)), *map(escape, marks)])
    table = table_html(texts("evaluation.question.facts"), columns, rows)
    return table + _list_html("answers", map(escape, result.answers), texts, level=3)


def _answer_html(side: str, run: KeptRun, result: QuestionResult, texts: Texts) -> str:
    """One run's answer, and what was judged about it."""
    date = when(run.figures, texts) if run.figures else run.name
    heading = f"{texts(f'evaluation.choose.{side}')}: {date}"
    confidence = texts.figure(f"{result.confidence:.2f}")
    facts = facts_html(
        texts.label("evaluation.outcomes", result.outcome),
        _verdict(result, texts),
        texts("evaluation.question.confidence", value=confidence),
        f"{result.latency_ms:.0f} ms",
        result.model,
    )
    language = escape(result.text_language or result.language)
    parts = [
        f'<h3 class="sw-small">{escape(heading)}</h3>{facts}',
        f'<div class="sw-compared" lang="{language}">{escape(result.text)}</div>',
        _list_html("more", map(_lines_html, result.more), texts),
        _list_html("citations", _citations(result), texts),
        _list_html("retrieved", _retrieved(result, texts), texts),
        *(_list_html(kind, map(escape, found), texts) for kind, found in result.findings.items()),
    ]
    return "".join(parts)


def _list_html(name: str, items: Iterable[str], texts: Texts, *, level: int = 4) -> str:
    """A heading and a list of HTML; nothing when there is nothing in it."""
    entries = "".join(f"<li>{item}</li>" for item in items)
    if not entries:
        return ""
    heading = (
        f'<h{level} class="sw-small">{escape(texts(f"evaluation.question.{name}"))}</h{level}>'
    )
    return f'{heading}<ol class="sw-list sw-{name}">{entries}</ol>'


def _lines_html(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines() if line.strip())


def _citations(result: QuestionResult) -> Iterator[str]:
    for citation, quote in zip(result.citations, result.quotes, strict=False):
        place = f"[{citation.number}] {citation.document}: {citation.section}"
        yield f"{escape(place)}<blockquote>{escape(quote)}</blockquote>"


def _retrieved(result: QuestionResult, texts: Texts) -> Iterator[str]:
    relevant = f" <strong>✓ {escape(texts('evaluation.question.relevant'))}</strong>"
    for section in result.retrieved:
        place = escape(f"{section.document}: {section.section}")
        yield place + (relevant if section.relevant else "")
