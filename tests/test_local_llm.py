"""A real language model over the real protocol: nothing that its passage lacks reaches an answer.

The model is small and writes much nonsense, which is what the verifier is tried with. A question
takes it some ten seconds, so it gets an evenly spread sample of the question set, asked in turn for
structured answers and for text, from one passage each.
"""

from collections.abc import Iterator

import pytest

from chain.assistant import Assistant
from chain.condense import Condenser
from core.errors import ModelError
from core.matching import figures
from core.settings import ROOT, Settings
from core.types import Answer, Turn
from eval.dataset import load
from eval.support import claims, inexact_quotes
from tests.local_llm import CONTEXT, local_llm

_EVERY = 20  # of the questions in the set


@pytest.fixture(scope="module")
def model(settings: Settings) -> Iterator[Settings]:
    with local_llm() as url:
        yield settings.model_copy(
            update={
                "openai_base_url": url,
                "chat_model": "smollm2",
                "model_context": CONTEXT,
                "results": 2,
                "refuse_below": 0.0,  # every question reaches the model
            }
        )


def _figures_without_source(answer: Answer) -> list[str]:
    passages = {passage.id: passage for passage in answer.passages}
    cited = {citation.number: passages[citation.passage_id] for citation in answer.citations}
    leaked = []
    for text, numbers in claims(answer):
        known = {
            figure
            for number in numbers
            for figure in figures(
                f"{cited[number].context()} {cited[number].document.reference} "
                f"{cited[number].document.date}"
            )
        }
        leaked += sorted(figures(text) - known)
    return leaked


@pytest.mark.timeout(900)
def test_no_figure_that_the_cited_passage_lacks_reaches_an_answer(model: Settings) -> None:
    asked = load(ROOT / "eval" / "questions")[::_EVERY]
    assistants = [
        Assistant(model.model_copy(update={"structured_answers": structured}))
        for structured in (True, False)
    ]
    shown = withheld = 0
    modes = set()
    for number, question in enumerate(asked):
        answer = assistants[number % 2].ask(question.question, language=question.language)
        if answer.answered:
            assert _figures_without_source(answer) == [], question.id
        assert inexact_quotes(answer) == (), question.id
        modes.add(answer.mode)
        withheld += len(answer.withheld)
        shown += len(claims(answer)) if answer.answered and answer.mode == "generative" else 0
    print(f"{len(asked)} questions: {shown} sentences shown, {withheld} withheld")  # noqa: T201
    assert "generative" in modes
    assert withheld > 0  # the verifier had something to do


def test_a_model_that_gets_no_time_falls_back(model: Settings) -> None:
    hurried = Assistant(model.model_copy(update={"answer_timeout": 0.2}))
    answer = hurried.ask("How many reports were there in the EU in 2019?", language="en")
    assert (answer.mode, answer.answered) == ("fallback", True)
    assert answer.timings["answer"] < 5


def test_a_follow_up_is_rewritten_or_the_failure_is_told(model: Settings) -> None:
    history = [Turn(question="How many reports were there in 2019?", answer_text="725,000. [1]")]
    try:
        rewritten = Condenser(model).standalone("And in 2010?", "en", history)
    except ModelError:
        return
    assert 0 < len(rewritten) <= 300
