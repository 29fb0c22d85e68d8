"""Runs an evaluation: asks the questions, has the answers assessed, and sums up."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.runnables import RunnableConfig

from core.answer import Answer, Turn
from eval.assess import assess
from eval.dataset import Question, dialogues
from eval.outline import Outline
from eval.question_results import QuestionResult, TokenUsage
from eval.rates import calibrate, reported, summarise, summarise_by
from eval.results import Results, Stamp


class System(Protocol):
    """The system under evaluation: anything that answers questions."""

    def ask(
        self, question: str, history: tuple[Turn, ...] = (), *, config: RunnableConfig | None = None
    ) -> Answer: ...


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
            usage = UsageMetadataCallbackHandler()
            started = time.perf_counter()
            answer = assistant.ask(turn.question, turn.history, config={"callbacks": [usage]})
            spent = time.perf_counter() - started
            history = (*history, Turn.of(turn.question, answer))
            tokens = _tokens(usage)
            results.append(assess(turn, answer, outline, latency_ms=1000 * spent, tokens=tokens))
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
        by_kind=summarise_by(counted, lambda result: [result.kind]),
        by_document=summarise_by(counted, lambda result: result.documents),
        by_challenge=summarise_by(
            counted, lambda result: [result.challenge] if result.challenge else []
        ),
        by_part=summarise_by(results, _part),
        calibration=calibrate([result for result in counted if not result.is_message]),
        questions=tuple(results),
    )


def _part(result: QuestionResult) -> list[str]:
    if result.part != "questions":
        return [result.part]
    parts = ["held out" if result.held_out else "open"]
    if result.across_languages is not None:
        parts.append("across languages" if result.across_languages else "same language")
    return parts


def _tokens(usage: UsageMetadataCallbackHandler) -> TokenUsage | None:
    """Tokens of all calls for one answer; None if the server counts none."""
    counted = list(usage.usage_metadata.values())
    if not counted:
        return None
    return TokenUsage(
        input=sum(call["input_tokens"] for call in counted),
        output=sum(call["output_tokens"] for call in counted),
    )
