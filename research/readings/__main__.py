"""Says how far what is counted of answers agrees with readers: `python -m research.readings`.

    *.csv, and *.jsonl.gz judged as in a run -> by half of the questions: how far both agree

Each line of the first is one answer as one reader judged it: a language model in the role of a
demanding official, who has not seen what changed and reads what the page shows without a click. The
second has the answers, with the passages that they cite. Questions are in two halves, drawn by
their names: rules for what is counted may be made for the open one, agreement is that of the other.
"""

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from rich.console import Console
from rich.table import Table

from core.answer import Answer
from core.source import Frozen
from eval import run_report
from eval.assess import assess
from eval.dataset import DOCUMENTS, QUESTIONS, load
from eval.labels import Outline
from eval.metrics import kappa
from eval.question_results import QuestionResult
from eval.replies import HALVES, Half

FOLDER = Path(__file__).parent
Ground = Literal["summaries", "documents"]
_SETS: Mapping[Ground, Path] = {"summaries": QUESTIONS, "documents": DOCUMENTS}


class AnswerName(NamedTuple):
    """Which answer it is: `version` is that of the product."""

    ground: Ground
    version: str
    question: str


class ReadAnswer(Frozen):
    """An answer as one reader judged it."""

    question: str
    ground: Ground
    language: str
    answerable: bool
    version: Literal["earlier", "now"]
    form: Literal["answer", "results", "refusal"]
    half: Half
    reader: str
    full: Literal["0", "1", "2"]
    signed: bool
    misleads: bool
    first_screen: bool

    @property
    def name(self) -> AnswerName:
        return AnswerName(self.ground, self.version, self.question)


class ReadRule(NamedTuple):
    """Which answers a figure is over, what readers say of one, and what is counted."""

    applies: Callable[[ReadAnswer], bool]
    read: Callable[[ReadAnswer], bool]
    counted: Callable[[QuestionResult], bool | None]


FIGURES: Mapping[str, ReadRule] = {
    "reading.right": ReadRule(
        lambda answer: answer.answerable,
        lambda answer: answer.first_screen,
        lambda result: result.right,
    ),
    "reading.claimed_right": ReadRule(
        lambda answer: answer.form == "answer",
        lambda answer: answer.full == "2",
        lambda result: result.right,
    ),
    "reading.misleads": ReadRule(
        lambda answer: answer.form != "refusal",
        lambda answer: answer.misleads,
        lambda result: result.misleads,
    ),
    "reading.signable": ReadRule(
        lambda answer: True, lambda answer: answer.signed, lambda result: result.signable
    ),
}
"""The figures of a verdict, in its order."""


@cache
def readings() -> tuple[ReadAnswer, ...]:
    """All readings."""
    found: list[ReadAnswer] = []
    for file in sorted(FOLDER.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            found += map(ReadAnswer.model_validate, csv.DictReader(lines))
    return tuple(found)


@cache
def counted(folder: Path = FOLDER) -> Mapping[AnswerName, QuestionResult]:
    """The answers that are kept, judged as in a run."""
    questions = {
        (ground, question.id): question for ground in _SETS for question in load(_SETS[ground])
    }
    nowhere = Outline.of(())  # in which section it stands is not asked
    found = {}
    for file in sorted(folder.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).decode().splitlines():
            kept = json.loads(line)
            name = AnswerName(kept["ground"], kept["version"], kept["question"])
            question = questions[name.ground, name.question]
            answer = Answer.model_validate(kept["answer"])
            found[name] = assess(question, answer, nowhere, latency_ms=0)
    return found


class Agreement(NamedTuple):
    """How far a reader and what is counted agree over so many `readings` of answers: the share that
    either says yes to, and Cohen's kappa."""

    readings: int
    read: float
    counted: float
    kappa: float | None


def agreements(
    all_read: Iterable[ReadAnswer], found: Mapping[AnswerName, QuestionResult], half: Half
) -> Mapping[str, Agreement]:
    """How far readers and counts agree over the answers of a half, by figure."""
    over = [answer for answer in all_read if answer.half == half and answer.name in found]
    agreed = {}
    for name, rule in FIGURES.items():
        pairs = [
            (rule.read(answer), count)
            for answer in over
            if rule.applies(answer) and (count := rule.counted(found[answer.name])) is not None
        ]
        if pairs:
            read, count = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
            agreed[name] = Agreement(len(pairs), read, count, kappa(pairs))
    return agreed


def main() -> None:
    """Prints for each half and figure how far both agree."""
    for half in HALVES:
        table = Table(
            "", "readings", "as read", "counted", "kappa",
            title=f"Answers to the {half} half of the questions",
        )  # fmt: skip
        for name, agreed in agreements(readings(), counted(), half).items():
            shares = map(run_report.number, (agreed.read, agreed.counted, agreed.kappa))
            table.add_row(run_report.label(name), str(agreed.readings), *shares)
        Console().print(table)


if __name__ == "__main__":
    main()
