"""Ask the questions, look at the answers, add up.

    questions -> assistant.ask -> assess -> QuestionResult -> Results

The shapes are in eval/results.py, the figures in eval/summary.py.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.runnables import RunnableConfig

from core.types import Answer, Turn
from eval.assess import assess
from eval.calibration import calibrate
from eval.dataset import Question
from eval.outline import Outline
from eval.results import QuestionResult, Results, Stamp, Tokens
from eval.summary import summarise, summarise_by
from vectorstore.embeddings import Embedder


class Asked(Protocol):
    """What is evaluated: anything that can be asked a question."""

    def ask(
        self,
        question: str,
        history: tuple[Turn, ...] = (),
        *,
        config: RunnableConfig | None = None,
    ) -> Answer: ...


def run(
    questions: Sequence[Question],
    assistant: Asked,
    outline: Outline,
    embedder: Embedder,
    *,
    stamp: Stamp,
    parallel: int = 1,
    on_result: Callable[[QuestionResult], None] | None = None,
) -> Results:
    """Put each question to the assistant, without its language, and sum up.

    `parallel` is how many are asked at a time, for models that answer many at once. `on_result` is
    told of each question as it is done, in their order.
    """

    def result_of(question: Question) -> QuestionResult:
        usage = UsageMetadataCallbackHandler()
        started = time.perf_counter()
        answer = assistant.ask(question.question, question.history, config={"callbacks": [usage]})
        spent = time.perf_counter() - started
        return assess(
            question, answer, outline, embedder, latency_ms=1000 * spent, tokens=_tokens(usage)
        )

    results = []
    with ThreadPoolExecutor(parallel) as threads:
        for result in threads.map(result_of, questions):
            results.append(result)
            if on_result is not None:
                on_result(result)
    return sum_up(results, stamp)


def sum_up(results: Sequence[QuestionResult], stamp: Stamp) -> Results:
    """A run of these results, in their order."""
    return Results(
        stamp=stamp,
        overall=summarise(results),
        by_language=summarise_by(results, lambda result: [result.language]),
        by_kind=summarise_by(results, lambda result: [result.kind]),
        by_document=summarise_by(results, lambda result: result.documents),
        by_challenge=summarise_by(
            results, lambda result: [result.challenge] if result.challenge else []
        ),
        by_part=summarise_by(results, lambda result: ["held out" if result.held_out else "open"]),
        calibration=calibrate(results),
        questions=tuple(results),
    )


def _tokens(usage: UsageMetadataCallbackHandler) -> Tokens | None:
    """What the model's server counted, of all calls for one answer; None when it counted none."""
    counted = list(usage.usage_metadata.values())
    if not counted:
        return None
    return Tokens(
        input=sum(one["input_tokens"] for one in counted),
        output=sum(one["output_tokens"] for one in counted),
    )
