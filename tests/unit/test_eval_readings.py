"""What readers said of answers, beside what is counted of the same answers."""

import gzip
import json
from pathlib import Path

import pytest

from core.answer import Answer
from eval.question_results import QuestionResult
from eval.replies import HALVES
from eval.run_report import DECIDING
from research.readings.__main__ import AnswerName, ReadAnswer, agreements, counted, main, readings
from tests.support.answers import retold
from tests.support.passages import answer_of

RELIABLE = 0.6
"""Least kappa of a figure that is shown first; below it is "moderate" at most (Landis and Koch, The
measurement of observer agreement for categorical data, 1977)."""
REFUSAL = answer_of("Op deze vraag is geen antwoord gevonden.", language="nl", answered=False)


def line(name: str = "q", **values: object) -> ReadAnswer:
    given: dict[str, object] = {
        "question": name, "ground": "summaries", "language": "nl", "answerable": True,
        "version": "now", "form": "answer", "half": "held", "reader": "A", "full": "2",
        "signed": True, "misleads": False, "first_screen": True,
    }  # fmt: skip
    return ReadAnswer.model_validate(given | values)


def kept(answer: Answer) -> dict[str, object]:
    return {name: answer.model_dump(mode="json")[name] for name in Answer.model_fields}


def test_agreement_is_of_one_half_and_of_the_answers_that_are_kept(tmp_path: Path) -> None:
    lines = [
        {"ground": "summaries", "version": "now", "question": name, "answer": kept(answer)}
        for name, answer in (
            ("csa-01", REFUSAL),  # it can be answered
            ("none-01", REFUSAL),
            ("none-02", retold(REFUSAL, text="In 2020.", answered=True)),
        )
    ]
    text = "\n".join(map(json.dumps, lines))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    readings_given = [
        line("csa-01", form="refusal", first_screen=False, signed=False),
        line("none-01", form="refusal", answerable=False),
        line("none-02", answerable=False, full="0", signed=False, misleads=True),
        line("none-02", answerable=False, half="open"),
        line("csa-02"),  # not kept
    ]
    agreed = agreements(readings_given, counted(tmp_path), "held")
    assert agreed == {
        "reading.right": (1, 0, 0, None),
        "reading.claimed_right": (1, 0, 0, None),
        "reading.misleads": (1, 1, 1, None),
        "reading.signable": (3, 1 / 3, 1 / 3, 1),
    }
    other_half = agreements(readings_given, counted(tmp_path), "open")
    assert other_half["reading.misleads"] == (1, 0, 1, 0)


def test_our_own_readings_are_of_two_readers_on_both_grounds_in_seven_languages() -> None:
    ours = readings()
    answers: dict[AnswerName, set[str]] = {}
    halves: dict[tuple[str, str], set[str]] = {}
    for reading in ours:
        answers.setdefault(reading.name, set()).add(reading.reader)
        halves.setdefault((reading.ground, reading.question), set()).add(reading.half)
    assert len(answers) >= 120
    assert all(len(readers) == 2 for readers in answers.values())
    assert all(len(half) == 1 for half in halves.values())  # both versions of an answer
    assert {reading.version for reading in ours} == {"earlier", "now"}
    assert {reading.ground for reading in ours} == {"summaries", "documents"}
    assert len({reading.language for reading in ours}) >= 7
    assert any(not reading.answerable for reading in ours)
    assert counted().keys() <= answers.keys()
    assert len(counted()) >= 0.9 * len(answers)


def form(result: QuestionResult) -> str:
    return "answer" if result.answered else "results" if result.found else "refusal"


def test_the_answers_that_are_kept_are_those_that_were_read() -> None:
    assert all(
        form(counted()[reading.name]) == reading.form
        for reading in readings()
        if reading.name in counted()
    )


def test_what_is_counted_and_decides_agrees_with_readers_over_the_held_half() -> None:
    agreed = agreements(readings(), counted(), "held")
    assert list(agreed) == list(DECIDING)
    assert all(
        agreement.kappa is not None and agreement.kappa >= RELIABLE for agreement in agreed.values()
    )


def test_a_command_tells_how_far_they_agree(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    printed = capsys.readouterr().out
    open_half, held = printed.split("held half")
    for half, name in zip((open_half, held), HALVES, strict=True):
        agreed = agreements(readings(), counted(), name)["reading.misleads"]
        assert f"{agreed.readings} " in half
        assert f"{agreed.kappa:.3f}" in half
