"""What readers said of answers, beside what is counted of the same answers."""

from pathlib import Path

import pytest

from core.errors import StrategiewijzerError
from eval.run_report import HEADLINES, RELIABLE, ReadAnswer, agreements, read_figures, readings

HEADER = (
    "question,ground,language,answerable,version,form,reader,full,signed,misleads,first_screen,"
    "counted_first_screen,counted_misleads\n"
)


def line(name: str = "q", **values: object) -> ReadAnswer:
    given: dict[str, object] = {
        "question": name, "ground": "summaries", "language": "nl", "answerable": True,
        "version": "now", "form": "answer", "reader": "A", "full": "2", "signed": True,
        "misleads": False, "first_screen": True, "counted_first_screen": True,
        "counted_misleads": False,
    }  # fmt: skip
    return ReadAnswer.model_validate(given | values)


def test_the_figures_are_over_the_answers_that_they_are_about() -> None:
    said = [
        line("right"),
        line("wrong", full="0", misleads=True, first_screen=False, counted_misleads=True),
        line("results", form="results", full="1", first_screen=False),
        line("refused", form="refusal", answerable=False, first_screen=False),
    ]
    found = {one.name: one for one in read_figures(said) if (one.version, one.ground) == NOW}
    assert (found["complete"].answers, found["complete"].read) == (3, 0.3333)
    assert found["complete"].counted == 1.0
    assert (found["claimed_right"].answers, found["claimed_right"].read) == (2, 0.5)
    assert (found["misleads"].answers, found["misleads"].read) == (3, 0.3333)
    assert (found["signed"].answers, found["signed"].counted) == (3, None)
    assert agreements(said)["misleads"].kappa == 1.0


NOW = ("now", "summaries")


def test_our_own_readings_are_of_two_readers_on_both_grounds_in_seven_languages() -> None:
    ours = readings()
    answers: dict[tuple[str, str, str], set[str]] = {}
    for one in ours:
        answers.setdefault((one.version, one.ground, one.question), set()).add(one.reader)
    assert len(answers) >= 120
    assert all(len(readers) == 2 for readers in answers.values())
    assert {one.version for one in ours} == {"earlier", "now"}
    assert {one.ground for one in ours} == {"summaries", "documents"}
    assert len({one.language for one in ours}) >= 7
    assert any(not one.answerable for one in ours)


def test_what_is_counted_and_shown_first_agrees_with_readers() -> None:
    agreed = agreements(readings())
    read = {("reading", name) for name in agreed}
    assert len(read & HEADLINES.keys()) == 3
    kappas = [agreed[name].kappa for group, name in HEADLINES if (group, name) in read]
    assert all(kappa is not None and kappa >= RELIABLE for kappa in kappas)


@pytest.mark.parametrize(
    ("wrong", "told"), [("nowhere", "ground"), ("summaries,nl,perhaps", "answerable")]
)
def test_a_line_that_is_none_is_named(tmp_path: Path, wrong: str, told: str) -> None:
    rest = ",nl,1,now,answer,A,2,1,0,1,1,0" if wrong == "nowhere" else ",now,answer,A,2,1,0,1,1,0"
    (tmp_path / "a.csv").write_text(f"{HEADER}q,{wrong}{rest}\n", "utf-8")
    with pytest.raises(StrategiewijzerError, match=rf"a\.csv: line 2: {told}"):
        readings(tmp_path)


def test_without_readings_there_are_no_figures(tmp_path: Path) -> None:
    assert readings(tmp_path) == ()
    assert agreements(()) == {}
    assert all(one.read is None for one in read_figures(()))
