"""Real language models over the real protocol: nothing that its passage lacks is confirmed.

SmolLM2 is so small that it writes much nonsense, which is what the verifier is tried with. It is
asked a handful of questions. Two servers with a thread each share the work: on two cores that is
twice as fast as one. Qwen2.5-Coder-1.5B is the weakest that follows the form; `make test-model`
asks it thirty questions and prints what it wrote, sentence by sentence, for somebody to judge.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from babel.dates import get_month_names

from chain.assistant import Assistant
from core.answer import Answer
from core.answer_blocks import sentences
from core.settings import ROOT, Settings
from core.source import Passage
from eval.dataset import Question, load
from eval.support import claims, inexact_quotes
from language.figures import figures
from tests.support.local_llm import QWEN, SMOLLM2, LocalModel, local_llm

_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
# Of these it answers some, and writes figures of its own to others.
_HANDFUL = (
    "adversarial-01", "drugs-11", "adversarial-21", "firearms-13", "firearms-03", "strategy-03",
)  # fmt: skip
_ASKED = 30  # of the large model, which takes a minute or two each


@pytest.fixture(scope="module")
def models(settings: Settings) -> Iterator[tuple[Settings, Settings]]:
    """Two servers with the same model."""
    with local_llm() as one, local_llm() as other:
        shared = _configured(settings, SMOLLM2, seconds=300.0)
        yield (
            shared.model_copy(update={"openai_base_url": one}),
            shared.model_copy(update={"openai_base_url": other}),
        )


def _configured(settings: Settings, model: LocalModel, seconds: float) -> Settings:
    return settings.model_copy(
        update={
            "model": model.name,
            "model_context": model.context,
            "temperature": 0.0,  # the same replies in every run
            "answer_tokens": 384,  # else it writes on without an end
            "checker": False,  # so small a model gives no verdicts
            "answer_timeout": seconds,  # a slow machine is no failure of the model
        }
    )


def _figures(*texts: str) -> set[str]:
    return {figure for text in texts for figure in figures(text)}


def _without_known_dates(text: str, sources: Sequence[Passage]) -> str:
    """The text without the dates in figures, 2020-07-24, that a source has as 24 July 2020."""

    def kept(date: re.Match[str]) -> str:
        year, month, day = map(int, date.groups())
        for source in sources:
            name = get_month_names(locale=source.language).get(month)
            if f"{day} {name} {year}" in source.context():
                return ""
        return date[0]

    return _ISO_DATE.sub(kept, text)


def _figures_without_source(answer: Answer) -> list[str]:
    """Figures of confirmed sentences that their passages lack, but for those of the question."""
    passages = {passage.id: passage for passage in answer.passages}
    cited = {citation.number: passages[citation.passage_id] for citation in answer.citations}
    leaked = []
    for text, numbers in claims(answer):
        if not numbers:
            continue  # not confirmed
        sources = [cited[number] for number in numbers]
        said = _figures(_without_known_dates(text, sources))
        about = (str(source.document) for source in sources)
        had = _figures(answer.question, *about, *(source.context() for source in sources))
        leaked += sorted(said - had)
    return leaked


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_no_figure_that_its_passage_lacks_is_confirmed(models: tuple[Settings, Settings]) -> None:
    questions = {each.id: each for each in load(ROOT / "eval" / "questions")}
    asked = [questions[id] for id in _HANDFUL]

    def answers(settings: Settings, questions: Sequence[Question]) -> list[Answer]:
        assistant = Assistant(settings)
        return [
            assistant.ask(question.question, question.history, question.language)
            for question in questions
        ]

    with ThreadPoolExecutor(len(models)) as threads:
        first, second = threads.map(answers, models, (asked[::2], asked[1::2]))
    given = [*first, *second]
    leaked = {
        question.id: found
        for question, answer in zip((*asked[::2], *asked[1::2]), given, strict=True)
        if answer.answered and (found := _figures_without_source(answer))
    }
    assert leaked == {}
    assert any(
        _figures(sentence) - _figures(*(passage.context() for passage in answer.passages))
        for answer in given
        for sentence in (*answer.unconfirmed, *(each.text for each in answer.left_out))
    )  # without the verifier one would have been
    assert all(inexact_quotes(answer) == () for answer in given)
    own = [each for each in given if each.mode == "generative" and each.answered]
    doubted = sum(len(each.unconfirmed) + len(each.left_out) for each in own)
    assert own  # so small a model often does not end the JSON that it is asked for
    assert doubted > 0  # the verifier had something to do


@pytest.mark.whole_model
@pytest.mark.timeout(4 * 3600)
def test_the_same_holds_for_a_larger_model(settings: Settings) -> None:
    """Prints each sentence with its mark: confirmed, not confirmed, or left out."""
    every = [each for each in load(ROOT / "eval" / "questions") if not each.history]
    asked = every[:: len(every) // _ASKED][:_ASKED]
    marks: Counter[str] = Counter()
    with local_llm(QWEN) as address:
        configured = _configured(settings, QWEN, seconds=900.0)
        assistant = Assistant(configured.model_copy(update={"openai_base_url": address}))
        for question in asked:
            answer = assistant.ask(question.question, (), question.language)
            assert _figures_without_source(answer) == [], question.id
            assert inexact_quotes(answer) == (), question.id
            print(f"\n{question.id} [{answer.mode}, {answer.kind}] {question.question}", flush=True)  # noqa: T201
            for sentence in sentences(answer.blocks) if answer.mode == "generative" else ():
                marks[sentence.status] += 1
                print(f"  {sentence.status}: {sentence.text}", flush=True)  # noqa: T201
    print(f"\n{dict(marks)}")  # noqa: T201
    assert marks.total() > _ASKED / 2  # it follows the form
