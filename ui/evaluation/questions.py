"""Questions of a run: all of them, the wrong answers, and one with all that was judged about it."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import get_args

import streamlit as st

from eval.dataset import RunPart
from eval.gate import Comparison, Direction
from eval.rates import reported
from eval.results import QuestionResult
from language.matching import fold
from ui.evaluation.figures import named_group
from ui.evaluation.kept_runs import KeptRun, compared, figures_html, headlines_of, read, when
from ui.markup import code, definitions_html, escape, facts_html, table_html
from ui.paging import page_of
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
            st.html(f'<p class="sw-facts">{_about_html(result, moves.get(result.id), texts)}</p>')


def open_question(name: str) -> None:
    """Shows a question: the address names it."""
    st.query_params["question"] = name


def _about_html(result: QuestionResult, move: Direction | None, texts: Texts) -> str:
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
_CAUSES = 2  # of rules that are not met
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
    causes = dict.fromkeys(one.cause for one in run.gate.checks if one.cause and not one.passed)
    for cause in list(causes)[:_CAUSES]:
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
        case "misleading":
            key = str(result.misleading).replace(" ", "_")
            return texts(f"evaluation.why.{key}", said=_quoted(result.in_bold))
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


# What two answers have in common, word by word.


_SHORT = 3  # equal words; fewer between two changes are no pause for the eye
_WORD = re.compile(r"\S+\s*|\s+")


def word_diff(before: str, now: str, texts: Texts) -> tuple[str, str]:
    """Both texts as HTML; `<del>` marks what only the first has, `<ins>` what only the second has.

    The marks are also said in words, for screen readers. Spaces and line breaks do not count.
    """
    old, new = _WORD.findall(before), _WORD.findall(now)
    left, right = [], []
    for same, there, here in _stretches(old, new):
        gone, come = "".join(old[there]), "".join(new[here])
        left.append(escape(gone) if same else _marked("del", gone, texts))
        right.append(escape(come) if same else _marked("ins", come, texts))
    return "".join(left), "".join(right)


def _stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, slice, slice]]:
    """Equal and changed stretches in turn: whether it is equal, and its words in both.

    A few equal words between changes are part of the change: it reads as one.
    """
    matcher = SequenceMatcher(
        None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False
    )
    there = here = 0
    for start, new_start, length in matcher.get_matching_blocks():
        ends = start in (0, len(old)) or start + length == len(old)
        if length < _SHORT and not ends:
            continue
        if start > there or new_start > here:
            yield False, slice(there, start), slice(here, new_start)
        there, here = start + length, new_start + length
        if length:
            yield True, slice(start, there), slice(new_start, here)


def _marked(tag: str, text: str, texts: Texts) -> str:
    words = text.rstrip()
    if not words:
        return text
    said = escape(texts(f"evaluation.diff.{tag}"))
    end = escape(texts("evaluation.diff.end"))
    return (
        f'<{tag}><span class="sw-hidden">[{said} </span>{escape(words)}'
        f'<span class="sw-hidden"> {end}]</span></{tag}>{text[len(words) :]}'
    )


# One question of a run: what was asked, expected, found and answered, then and now.


def show_one_question(run: KeptRun, other: KeptRun | None, name: str, texts: Texts) -> None:
    """The question with this id, in the run and in the one compared with."""
    _way_back(name, texts)
    result = _find(run, name)
    if result is None:
        st.warning(f"{texts('evaluation.question.unknown')} {code(name)}")
        return
    if result.held_out:
        st.info(texts("evaluation.question.held_out"))
        return
    before = _find(other, name) if other is not None else None
    if before is not None and before.question != result.question:
        before = None  # another question that goes by the same name
    st.html(_asked_html(result, texts) + _facts_html(result, before, texts))
    if other is None or before is None:
        st.html(_side_html("run", run, result, escape(result.text), texts))
        return
    same = (before.text, before.more) == (result.text, result.more)
    told = texts("evaluation.diff.same" if same else "evaluation.diff.legend")
    st.html(facts_html(told))
    then, now = word_diff(before.text, result.text, texts)
    left, right = st.columns(2)
    left.html(_side_html("compared", other, before, then, texts))
    right.html(_side_html("run", run, result, now, texts))


def _way_back(name: str, texts: Texts) -> None:
    """Back to the list, or on to the next of those that the filters left there."""
    listed = st.session_state.get(LISTED, [])
    place = listed.index(name) if name in listed else None
    with st.container(horizontal=True):
        st.button(f"← {texts('evaluation.question.all')}", on_click=_leave)
        if place:
            st.button(
                texts("evaluation.question.previous"),
                on_click=open_question,
                args=(listed[place - 1],),
            )
        if place is not None and place + 1 < len(listed):
            st.button(
                texts("evaluation.question.next"), on_click=open_question, args=(listed[place + 1],)
            )


def _leave() -> None:
    st.query_params.pop("question", None)


def _find(run: KeptRun, name: str) -> QuestionResult | None:
    return next((one for one in read(run.folder).questions if one.id == name), None)


def _asked_html(result: QuestionResult, texts: Texts) -> str:
    """The question, what was said before it, and what it is about."""
    language = escape(result.language)
    about = [
        result.id,
        texts.label("languages", result.language),
        texts.label("evaluation.kinds", result.kind),
        texts.label("evaluation.challenges", result.challenge) if result.challenge else "",
        ", ".join(result.documents),
    ]
    earlier = "".join(
        f'<li lang="{language}">{escape(turn.question)}<br>{escape(turn.answer_text)}</li>'
        for turn in result.history
    )
    if earlier:
        heading = escape(texts("evaluation.question.history"))
        earlier = f'<h3 class="sw-small">{heading}</h3><ol class="sw-list">{earlier}</ol>'
    return (
        f'<h2 class="sw-heading" lang="{language}">{escape(result.question)}</h2>'
        f'<p class="sw-facts">{" · ".join(escape(fact) for fact in about if fact)}</p>{earlier}'
    )


def _facts_html(result: QuestionResult, before: QuestionResult | None, texts: Texts) -> str:
    """The facts that a good answer holds, and in which run they were found."""
    facts = (*result.facts_found, *result.facts_missing)
    if not facts:
        told = "no_message" if result.is_message else "no_facts"
        return f'<p class="sw-note">{escape(texts(f"evaluation.question.{told}"))}</p>'
    sides = [one for one in (before, result) if one is not None]
    marks = {
        found: texts(f"evaluation.question.{'found' if found else 'absent'}")
        for found in (True, False)
    }
    rows = [
        [
            escape(" / ".join(fact)),
            *(escape(marks[one.answered and fact in one.facts_found]) for one in sides),
        ]
        for fact in facts
    ]
    names = ("compared", "run") if before is not None else ("run",)
    columns = [texts("evaluation.question.fact")]
    columns += [texts(f"evaluation.choose.{name}") for name in names]
    return table_html(texts("evaluation.question.facts"), columns, rows) + _listed(
        "answers", map(escape, result.answers), texts
    )


def _side_html(side: str, run: KeptRun, result: QuestionResult, answer: str, texts: Texts) -> str:
    """One run's answer and all that was judged about it; `answer` is HTML."""
    date = when(run.figures, texts) if run.figures else run.name
    heading = f"{texts(f'evaluation.choose.{side}')}: {date}"
    parts = [
        f'<h3 class="sw-small">{escape(heading)}</h3>',
        facts_html(_what_became(result, texts)),
        f'<div class="sw-compared" lang="{escape(result.text_language or result.language)}">'
        f"{answer}</div>",
        _listed("more", map(_lines_html, result.more), texts),
        _listed("citations", _citations(result), texts),
        _listed("retrieved", _retrieved(result, texts), texts),
        _listed("verdicts", _verdicts(result, texts), texts),
        *(_listed(kind, map(escape, found), texts) for kind, found in result.findings.items()),
    ]
    return "".join(parts)


def _what_became(result: QuestionResult, texts: Texts) -> str:
    """The outcome, its likely cause with what that means, how sure and how fast."""
    told = [texts.label("evaluation.outcomes", result.outcome)]
    if result.wrong:
        told.append(why(result, texts))
    elif result.cause:
        told.append(texts.label("evaluation.meanings", result.cause))
    told.append(
        texts("evaluation.question.confidence", value=texts.figure(f"{result.confidence:.2f}"))
    )
    told.append(f"{result.latency_ms:.0f} ms")
    if result.model:
        told.append(result.model)
    return " · ".join(told)


def _listed(name: str, items: Iterable[str], texts: Texts) -> str:
    """A heading and a list of HTML; nothing when there is nothing in it."""
    listed = "".join(f"<li>{item}</li>" for item in items)
    if not listed:
        return ""
    heading = escape(texts(f"evaluation.question.{name}"))
    return f'<h4 class="sw-small">{heading}</h4><ol class="sw-list sw-{name}">{listed}</ol>'


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


def _verdicts(result: QuestionResult, texts: Texts) -> Iterator[str]:
    for verdict in result.verdicts:
        mark = "✓" if verdict.supported else "✗"
        said = texts(
            "evaluation.question.supported" if verdict.supported else "evaluation.question.rejected"
        )
        markers = "".join(f"[{number}]" for number in verdict.citations)
        needless = "".join(f"[{number}]" for number in verdict.needless)
        more = f" · {texts('evaluation.question.needless')} {needless}" if needless else ""
        told = f"{mark} {said} {markers}{more}"
        yield f"<strong>{escape(told)}</strong><br>{escape(verdict.text)}"
