"""Questions of a run: all of them, and the wrong answers first."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import get_args

import streamlit as st

from eval.dataset import RunPart
from eval.gate import Comparison, Direction, deciding
from eval.rates import reported
from eval.results import QuestionResult
from language.matching import fold
from ui.evaluation.figures import named_group
from ui.evaluation.kept_runs import KeptRun, compared, figures_html, headlines_of, read
from ui.markup import code, definitions_html, escape, facts_html, page_of
from ui.texts import Texts

# The questions of a run: which of them, their figures, and the way to each.


PAGE = 20  # questions; all of a run would be sent to the browser at every click
LISTED = "evaluation-listed"  # ids of the questions that the filters leave, in order
DIRECTIONS: tuple[Direction, ...] = ("worse", "better", "different")
MARKS: Mapping[Direction, str] = {"worse": "▼", "better": "▲", "different": "◆"}
_Values = Callable[[QuestionResult], Iterable[str]]


def show_questions(
    run: KeptRun, other: KeptRun | None, comparison: Comparison | None, texts: Texts
) -> None:
    """Filters, the figures of what they leave, and a list to choose from.

    Held-out questions count in the figures of the run, and are not shown: whoever sees how they
    are answered could no longer measure with them.
    """
    everything = read(run.folder).questions
    there = of_part(
        [result for result in everything if not result.held_out], "evaluation-part", texts
    )
    moves = {move.now.id: move.direction for move in comparison.moves} if comparison else {}
    st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.questions.heading"))}</h2>')
    shown = _in_order(_filtered(there, moves, texts), moves)
    st.session_state[LISTED] = [result.id for result in shown]
    count = texts("evaluation.questions.count", number=len(shown), total=len(there))
    secret = held_out(sum(result.held_out for result in everything), texts)
    st.html(facts_html(" ".join((count, secret)), role="status"))
    if not shown:
        st.info(texts("evaluation.questions.none"))
        return
    ids = tuple(sorted(result.id for result in shown))
    if len(shown) < len(there):  # of all of them the figures stand above
        heading = texts("evaluation.questions.figures", number=len(shown))
        with st.expander(heading):
            changes = compared(other.folder, run.folder, ids) if other and comparison else None
            st.html(figures_html(heading, headlines_of(run.folder, ids), changes, texts))
    _list(shown, moves, texts)


def of_part(
    results: Sequence[QuestionResult],
    key: str,
    texts: Texts,
    of: Mapping[RunPart, int] | None = None,
) -> Sequence[QuestionResult]:
    """The results of one part of a run: its questions, conversations or messages, which are
    counted apart; `of`: how many of each part there are in all, where that is told."""
    counts = Counter(result.part for result in results)
    if len(counts) < 2:
        return results

    def told(part: RunPart) -> str:
        n: object = counts[part]
        if of:
            n = texts("evaluation.number_of", number=n, total=of[part])
        return texts(f"evaluation.figures_of.{part}", n=n)

    parts = [part for part in get_args(RunPart) if part in counts]
    part = st.segmented_control(
        texts("evaluation.part"),
        parts,
        default=parts[0],
        required=True,
        format_func=told,
        label_visibility="collapsed",
        key=key,
        persist_state="session",
    )
    return [result for result in results if result.part == part]


def held_out(number: int, texts: Texts) -> str:
    """That so many are not shown; nothing where there are none."""
    return texts("evaluation.questions.held_out", number=number) if number else ""


def _filtered(
    there: Sequence[QuestionResult], moves: Mapping[str, Direction], texts: Texts
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
    filters: dict[str, _Values] = {
        "language": lambda one: (one.language,),
        "kind": lambda one: (one.kind,),
        "document": lambda one: one.documents,
        "outcome": lambda one: (one.outcome,),
        "cause": lambda one: (one.cause,) if one.cause else (),
        "moved": lambda one: (moves[one.id],) if one.id in moves else (),
    }
    columns = st.columns(3)
    left = [one for one in there if all(word in _searched(one) for word in fold(words).split())]
    for number, (name, values) in enumerate(filters.items()):
        options = sorted({value for one in there for value in values(one)})
        wanted = columns[number % 3].multiselect(
            texts(f"evaluation.questions.{name}"),
            options,
            format_func=functools.partial(_named, texts, name),
            placeholder=texts("evaluation.questions.all"),
            key=f"evaluation-filter-{name}",
            persist_state="session",
            select_all=False,
        )
        left = [one for one in left if not wanted or set(wanted) & set(values(one))]
    return left


def _searched(result: QuestionResult) -> str:
    earlier = " ".join(turn.question for turn in result.history)
    return fold(f"{result.id} {result.question} {earlier}")


def _named(texts: Texts, filter_name: str, value: str) -> str:
    kinds = {"outcome": "outcomes", "cause": "causes", "moved": "directions"}
    if filter_name in kinds:
        return texts.label(f"evaluation.{kinds[filter_name]}", value)
    return named_group(filter_name, value, texts)


def _in_order(
    results: Sequence[QuestionResult], moves: Mapping[str, Direction]
) -> list[QuestionResult]:
    """What became worse first, then what else moved, then what fell short."""

    def rank(result: QuestionResult) -> tuple[int, bool]:
        move = moves.get(result.id)
        return DIRECTIONS.index(move) if move else len(DIRECTIONS), not result.fell_short

    return sorted(results, key=rank)


def _list(shown: Sequence[QuestionResult], moves: Mapping[str, Direction], texts: Texts) -> None:
    place, on_page = page_of(shown, PAGE, key="evaluation-page")
    for row, result in enumerate(on_page):
        with place.container(border=True, gap=None):
            st.button(
                code(result.question),  # a label is Markdown: as code it stays data
                key=f"plain-question-{row}",
                type="tertiary",
                on_click=open_question,
                args=(result.id,),
            )
            st.html(f'<p class="sw-facts">{_facts_html(result, moves.get(result.id), texts)}</p>')


def open_question(name: str) -> None:
    """Shows a question: the address names it."""
    st.query_params["question"] = name


def _facts_html(result: QuestionResult, move: Direction | None, texts: Texts) -> str:
    facts = [
        result.id,
        texts.label("languages", result.language),
        texts.label("evaluation.kinds", result.kind),
        texts.label("evaluation.outcomes", result.outcome),
        texts.label("evaluation.causes", result.cause) if result.cause else "",
    ]
    if move:
        facts.append(f"{MARKS[move]}\N{NO-BREAK SPACE}{texts.label('evaluation.directions', move)}")
    return " · ".join(escape(fact) for fact in dict.fromkeys(facts) if fact)


# The wrong answers of a run, worst first: what was expected, what was shown, why it is wrong.


WRONG_SHOWN = "wrong"  # in the address
_PART, _CAUSE = "evaluation-wrong-part", "evaluation-wrong-cause"
_PAGE = 10
_LONGEST = 600  # characters of an answer; all of it stands on the question's own page


def offer_wrong_answers(run: KeptRun, texts: Texts) -> None:
    """The way to them, with how many there are among the questions that the figures are about;
    and to those with the cause that the verdict names."""
    everything = read(run.folder).questions
    counted = reported(everything)
    told = {"wrong": sum(one.wrong for one in counted), "all": len(counted)}
    st.button(
        texts("evaluation.wrong.offer", **told),
        type="primary",
        icon=":material/rule:",
        disabled=not any(one.wrong for one in everything),
        on_click=_open,
    )
    causes = (one.cause for one in deciding(run.gate.checks) if not one.passed)
    for cause in dict.fromkeys(filter(None, causes)):
        named = texts.label("evaluation.causes", cause)
        st.button(
            texts("evaluation.wrong.offer_cause", cause=named),
            icon=":material/search:",
            on_click=_open,
            args=(cause,),
        )


def _open(cause: str = "") -> None:
    """Opens the list on its first part, whatever was looked at before."""
    st.query_params["show"] = WRONG_SHOWN
    st.session_state[_CAUSE] = cause
    st.session_state.pop(_PART, None)


def _close() -> None:
    st.query_params.pop("show", None)


def show_wrong_answers(run: KeptRun, texts: Texts) -> None:
    """The list, a page at a time; those that are held out are only counted."""
    st.button(f"← {texts('evaluation.wrong.back')}", on_click=_close)
    everything = read(run.folder).questions
    cause = _cause(everything, texts)
    wrong = [one for one in everything if (one.cause == cause if cause else one.wrong)]
    asked = Counter(one.part for one in everything)
    there = of_part(wrong, _PART, texts, of=asked)
    st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.wrong.heading"))}</h2>')
    secret = held_out(sum(one.held_out for one in there), texts)
    st.html(facts_html(f"{texts('evaluation.wrong.order')} {secret}"))
    there = sorted((one for one in there if not one.held_out), key=_badness)
    st.session_state[LISTED] = [one.id for one in there]
    place, on_page = page_of(there, _PAGE, key="evaluation-wrong-page")
    for row, result in enumerate(on_page):
        with place.container(border=True, gap=None):
            st.button(
                code(result.question),
                key=f"plain-question-wrong-{row}",
                type="tertiary",
                on_click=open_question,
                args=(result.id,),
            )
            st.html(_card_html(result, texts))


def _cause(there: Iterable[QuestionResult], texts: Texts) -> str:
    """The cause to look at; empty: all that is wrong."""
    causes: set[str] = {"", st.session_state.get(_CAUSE, "")}
    causes |= {one.cause or "" for one in there}

    def named(cause: str) -> str:
        return texts.label("evaluation.causes", cause) or texts("evaluation.questions.all")

    return st.selectbox(
        texts("evaluation.questions.cause"),
        sorted(causes),
        format_func=named,
        key=_CAUSE,
        persist_state="session",
    )


def _badness(result: QuestionResult) -> tuple[bool, ...]:
    """What misleads comes first, then what must not be said, then what was not answered."""
    return not result.misleads, not (result.forbidden_said or result.misquoted), result.is_sourced


def _card_html(result: QuestionResult, texts: Texts) -> str:
    language = escape(result.text_language or result.language)
    text = result.text or result.reason
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    earlier = "<br>".join(escape(turn.question) for turn in result.history)
    return definitions_html(
        "sw-wrong",
        (
            *([(texts("evaluation.question.history"), earlier)] if earlier else []),
            (texts("evaluation.wrong.expected"), _expected_html(result, texts)),
            (
                texts("evaluation.wrong.shown"),
                f'<div class="sw-compared" lang="{language}">{escape(cut)}</div>',
            ),
            (texts("evaluation.wrong.why"), escape(why(result, texts))),
        ),
    )


def _expected_html(result: QuestionResult, texts: Texts) -> str:
    facts = (*result.facts_found, *result.facts_missing)
    if not facts:
        return escape(
            texts(f"evaluation.question.{'no_message' if result.is_message else 'no_facts'}")
        )
    items = "".join(f"<li>{escape(' / '.join(fact))}</li>" for fact in facts)
    return f'<ul class="sw-list">{items}</ul>'


def why(result: QuestionResult, texts: Texts) -> str:
    """Why an answer counts as wrong, in plain words; the first reason where there are several."""
    match result.cause:
        case "forbidden":
            return texts("evaluation.why.forbidden", said=_quoted(result.forbidden_said))
        case "wrong citation":
            return texts("evaluation.why.citation", said=_quoted(_unsupported(result)[:1]))
        case "message":
            kind = "message" if result.is_message else "taken_for_message"
            return texts(f"evaluation.why.{kind}")
        case "should have been refused":
            return texts("evaluation.why.unanswerable")
        case "language":
            is_in = texts.label("languages", result.text_language) or "?"
            may_be = ", ".join(texts.label("languages", one) for one in result.languages)
            return texts("evaluation.why.language", is_in=is_in, may_be=may_be)
        case "cut list" | "loose end" | "buried":
            return texts(f"evaluation.meanings.{result.cause}")
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
    rejected = [one.text for one in result.verdicts if not one.supported]
    return (*result.inexact_quotes, *rejected, *result.unsupported)


def _quoted(said: Iterable[str]) -> str:
    return ", ".join(f"“{one}”" for one in said)
