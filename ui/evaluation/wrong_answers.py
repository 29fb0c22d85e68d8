"""The wrong answers of a run, worst first: what was expected, what was shown, why it is wrong."""

from collections import Counter
from collections.abc import Iterable, Sequence

import streamlit as st

from eval.gate import deciding
from eval.question_result import QuestionResult
from eval.summary import reported
from ui.evaluation.kept_runs import KeptRun, read
from ui.evaluation.questions import LISTED, held_out, of_part, open_question
from ui.markup import code, definitions_html, escape, facts_html
from ui.pagination import page_of
from ui.texts import Texts

SHOWN = "wrong"  # in the address
_PART, _CAUSE = "evaluation-wrong-part", "evaluation-wrong-cause"
_PAGE = 10
_LONGEST = 600  # characters of an answer; all of it stands on the question's own page


def offer(run: KeptRun, texts: Texts) -> None:
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
    st.query_params["show"] = SHOWN
    st.session_state[_CAUSE] = cause
    st.session_state.pop(_PART, None)


def _close() -> None:
    st.query_params.pop("show", None)


def show(run: KeptRun, texts: Texts) -> None:
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
