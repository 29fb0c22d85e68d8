"""Runs an evaluation: asks the questions, has the answers assessed, and sums up."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from core.answer import Answer, Turn
from eval.assess import assess
from eval.dataset import Question, dialogues
from eval.labels import Outline
from eval.question_results import QuestionResult
from eval.rates import reported, summarise, summarise_by
from eval.results import Results, Stamp


class System(Protocol):
    """The system under evaluation: anything that answers questions."""

    def ask(self, question: str, history: tuple[Turn, ...] = ()) -> Answer: ...


def run(
    questions: Sequence[Question],
    assistant: System,
    outline: Outline,
    *,
    stamp: Stamp,
    parallel: int = 1,
    on_result: Callable[[QuestionResult], None] | None = None,
) -> Results:
    """Asks each question, without telling its language, and sums up.

    The turns of a conversation are asked in order, with the assistant's own answers as history.
    `parallel` is the number of questions and conversations asked at a time, for models that take
    many at once. `on_result` gets each result, in the order of eval.dataset.dialogues.
    """

    def results_of(turns: Sequence[Question]) -> list[QuestionResult]:
        history: tuple[Turn, ...] = ()
        results = []
        for question in turns:
            turn = question.model_copy(update={"history": question.history or history})
            started = time.perf_counter()
            answer = assistant.ask(turn.question, turn.history)
            spent = time.perf_counter() - started
            history = (*history, Turn.of(turn.question, answer))
            results.append(assess(turn, answer, outline, latency_ms=1000 * spent))
        return results

    results = []
    with ThreadPoolExecutor(parallel) as threads:
        for answered in threads.map(results_of, dialogues(questions)):
            for result in answered:
                results.append(result)
                if on_result is not None:
                    on_result(result)
    return sum_up(results, stamp)


def sum_up(results: Sequence[QuestionResult], stamp: Stamp) -> Results:
    """Computes the figures of these results."""
    counted = reported(results)
    return Results(
        stamp=stamp,
        overall=summarise(counted, manners_of=results),
        by_language=summarise_by(counted, lambda result: [result.language]),
        by_part=summarise_by(results, _part),
        questions=tuple(results),
    )


def _part(result: QuestionResult) -> list[str]:
    if result.part != "questions":
        return [result.part]
    parts = ["held out" if result.held_out else "open"]
    if result.across_languages is not None:
        parts.append("across languages" if result.across_languages else "same language")
    return parts
