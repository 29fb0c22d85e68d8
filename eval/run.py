"""Ask the questions, look at the answers, add up.

    questions -> assistant.ask -> QuestionResult (facts, ranking, quotes, time) -> Results

What `results.json` holds is told in eval/results.py, the figures in eval/summary.py.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from core.matching import contains, fold
from core.types import Answer, Passage, Turn
from eval.dataset import Question
from eval.results import CitedSection, QuestionResult, Results, RetrievedSection, Stamp
from eval.summary import summarise, summarise_by
from eval.support import claims, inexact_quotes, unsupported


class Asked(Protocol):
    """What is evaluated: anything that can be asked a question."""

    def ask(self, question: str, history: tuple[Turn, ...] = ()) -> Answer: ...


def run(
    questions: Sequence[Question],
    assistant: Asked,
    *,
    stamp: Stamp,
    on_result: Callable[[QuestionResult], None] | None = None,
) -> Results:
    """Put each question to the assistant, without its language, and sum up.

    `on_result` is told of each question as it is done.
    """
    results = []
    for question in questions:
        started = time.perf_counter()
        answer = assistant.ask(question.question, question.history)
        result = judge(question, answer, latency_ms=1000 * (time.perf_counter() - started))
        results.append(result)
        if on_result is not None:
            on_result(result)
    return Results(
        stamp=stamp,
        overall=summarise(results),
        by_language=summarise_by(results, lambda result: [result.language]),
        by_kind=summarise_by(results, lambda result: [result.kind]),
        by_document=summarise_by(results, lambda result: result.documents),
        questions=tuple(results),
    )


def judge(question: Question, answer: Answer, *, latency_ms: float) -> QuestionResult:
    """What is right and wrong about an answer."""
    quotes = tuple(citation.quote for citation in answer.citations)
    shown = "\n".join((answer.text, *quotes))
    found = tuple(
        fact for fact in question.facts if any(contains(shown, spelling) for spelling in fact)
    )
    return QuestionResult(
        id=question.id,
        question=question.question,
        language=question.language,
        kind=question.kind,
        documents=question.documents,
        answerable=question.answerable,
        answered=answer.answered,
        reason=answer.reason,
        text=answer.text,
        quotes=quotes,
        citations=tuple(
            CitedSection(
                number=citation.number,
                document=citation.document.id,
                section=_last(citation.headings),
            )
            for citation in answer.citations
        ),
        retrieved=_retrieved(question, answer.passages),
        judged=bool(question.sections),
        facts_found=found,
        facts_missing=tuple(fact for fact in question.facts if fact not in found),
        inexact_quotes=inexact_quotes(answer),
        sentences=len(claims(answer)) if answer.answered else 0,
        unsupported=unsupported(answer) if answer.answered else (),
        confidence=answer.confidence,
        missing=answer.missing,
        latency_ms=round(latency_ms, 1),
    )


def _retrieved(question: Question, passages: Sequence[Passage]) -> tuple[RetrievedSection, ...]:
    """The distinct sections of the passages, best first.

    Language versions of a section are one section: they share document id and section number. The
    first of them gives the heading.
    """
    distinct: dict[tuple[str, int], RetrievedSection] = {}
    for passage in passages:
        distinct.setdefault(
            (passage.document.id, passage.section),
            RetrievedSection(
                document=passage.document.id,
                section=_last(passage.headings),
                relevant=_relevant(question, passage),
            ),
        )
    return tuple(distinct.values())


def _relevant(question: Question, passage: Passage) -> bool:
    if question.documents and passage.document.id not in question.documents:
        return False
    return fold(_last(passage.headings)) in {fold(heading) for heading in question.sections}


def _last(headings: Sequence[str]) -> str:
    return headings[-1] if headings else ""
